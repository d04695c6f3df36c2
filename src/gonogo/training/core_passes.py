"""Forward and backward passes side by side: each core takes passes of its own, on one thread.

Inside one pass two threads meet after every product, and whichever is done first waits: a training
step of MiniLM reached half of the product peak on two threads and two thirds on one. Between passes
nobody waits. A pass draws its dropout from a stream of its own, and each core sums the gradients of
its passes in their order, so that equal seeds give equal bits on equally many cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gonogo.evaluation.cores import on_cores
from gonogo.models.random_bits import drawing_from
from gonogo.models.token_table import sparse_tables

Pass = Callable[[], Tensor]
"""Rows of output (n ...), drawing nothing at random but `gonogo.models.random_bits`."""

Gradients = list[Tensor | None]


def side_by_side(
    passes: Sequence[Pass], learns: Sequence[nn.Parameter], *, replay: bool = False
) -> list[Tensor]:
    """Return what each pass returns; its gradient goes to ``learns`` and nowhere else.

    Args:
        passes: at least one; ``passes[i]`` runs on core ``i`` modulo the number of cores.
        learns: parameters, whether a pass reads them or not.
        replay: drop a pass's activations and compute them anew for its gradient, with the same
            dropout (GradCache, Gao et al. 2021, arXiv 2101.06983).
    """
    seeds = torch.empty(len(passes), dtype=torch.int64).random_(torch.iinfo(torch.int64).max)
    seeded = [partial(_seeded, *each) for each in zip(passes, seeds.tolist(), strict=True)]
    if not torch.is_grad_enabled():
        return on_cores(lambda number: _without_graph(seeded[number]), len(seeded))
    outputs: tuple[Tensor, ...] = _SideBySide.apply(seeded, replay, *learns)  # type: ignore[no-untyped-call]
    return list(outputs)


class _SideBySide(torch.autograd.Function):
    """Keeps a graph for each pass, or makes it again, and differentiates each by itself."""

    @staticmethod
    def forward(
        ctx: Any, passes: Sequence[Pass], replay: bool, *learns: nn.Parameter
    ) -> tuple[Tensor, ...]:
        run = _without_graph if replay else _with_graph
        outputs = on_cores(lambda number: run(passes[number]), len(passes))
        ctx.graphs = [partial(_with_graph, each) for each in passes] if replay else outputs
        ctx.learns = learns
        return tuple(output.detach() for output in outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        graphs, learns, count = ctx.graphs, ctx.learns, torch.get_num_threads()
        ctx.graphs = None  # each graph goes with its pass

        def share(core: int) -> Gradients:
            total = _Sum(len(learns))
            for number in range(core, len(gradients), count):
                graph, graphs[number] = graphs[number], None
                rows = graph if isinstance(graph, Tensor) else graph()
                del graph
                total.add(_gradients(rows, learns, gradients[number]))
            return total.values

        total = _Sum(len(learns))
        for found in on_cores(share, min(count, len(gradients))):
            total.add(found)
        return None, None, *total.values


def _seeded(each: Pass, seed: int) -> Tensor:
    with drawing_from(seed):
        return each()


def _with_graph(each: Pass) -> Tensor:
    # Gradients, as their opposite, are a property of the thread.
    with torch.enable_grad(), sparse_tables():
        return each()


def _without_graph(each: Pass) -> Tensor:
    with torch.no_grad():
        return each()


def _gradients(
    rows: Float[Tensor, "n ..."], learns: Iterable[nn.Parameter], gradient: Tensor
) -> Gradients:
    if not rows.requires_grad:
        return [None for _ in learns]
    return list(torch.autograd.grad(rows, list(learns), gradient, allow_unused=True))


class _Sum:
    """A sum of gradients; None stands for no gradient."""

    def __init__(self, count: int) -> None:
        self.values: Gradients = [None] * count
        self._own = [False] * count

    def add(self, more: Gradients) -> None:
        for place, gradient in enumerate(more):
            known = self.values[place]
            if gradient is None:
                continue
            if known is None and gradient.layout == torch.sparse_coo:
                # Made dense once, so that the sum does not grow with the passes.
                self.values[place], self._own[place] = gradient.to_dense(), True
            elif known is None:
                self.values[place] = gradient
            elif self._own[place]:
                known.add_(gradient)
            else:  # not in place: autograd may have handed out one tensor for two parameters
                self.values[place], self._own[place] = known + gradient, True
