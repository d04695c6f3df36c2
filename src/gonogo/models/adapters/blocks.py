"""Where a transformer's blocks and their linear layers are, found by structure, not by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from gonogo.core.errors import UserError


@dataclass(frozen=True, slots=True)
class BlockLinear:
    """A linear layer inside a transformer block.

    Attributes:
        name: in the transformer.
        block: the number of its block, from 0.
        parent: the module that it is a child of.
        child: its name there.
        linear: itself.
    """

    name: str
    block: int
    parent: nn.Module
    child: str
    linear: nn.Linear


def blocks_of(transformer: nn.Module, layers: int) -> tuple[str, nn.ModuleList]:
    """Return the list of ``layers`` modules that holds the most parameters, and its name.

    Raises:
        UserError: when there is no such list, or no linear layer in it.
    """
    lists = [
        (name, module)
        for name, module in transformer.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == layers
    ]
    if lists:
        name, blocks = max(lists, key=lambda found: sum(p.numel() for p in found[1].parameters()))
        if any(isinstance(module, nn.Linear) for module in blocks.modules()):
            return name, blocks
    raise UserError(
        f"{type(transformer).__name__} has no linear layers that LoRA could adapt",
        hint="use adapter: {kind: full} or {kind: frozen}",
    )


def block_linears(transformer: nn.Module, layers: int) -> Iterator[BlockLinear]:
    """Yield every linear layer inside the blocks, in order."""
    prefix, blocks = blocks_of(transformer, layers)
    for number, block in enumerate(blocks):
        for path, module in list(block.named_modules()):
            if isinstance(module, nn.Linear):
                above, _, child = path.rpartition(".")
                name = ".".join(part for part in (prefix, str(number), path) if part)
                yield BlockLinear(name, number, block.get_submodule(above), child, module)
