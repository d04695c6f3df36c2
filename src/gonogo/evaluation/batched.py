"""Many texts or pairs through a model: similar lengths together, equal ones once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from gonogo.core.progress import Bar
from gonogo.core.types import Device
from gonogo.data.batching import pad, token_budget_chunks

Item = TypeVar("Item", str, tuple[str, str])
Ids = list[list[int]]

_SEGMENT = 16_384  # items tokenised ahead: bounds memory, and a longer sort would gain nothing

# On CPUs larger blocks fall out of the caches, on GPUs smaller ones leave multiprocessors idle.
# Constants, not tuned per machine, because another budget would change the last bits.
TOKEN_BUDGET: dict[Device, int] = {"cpu": 4096, "mps": 16_384, "cuda": 65_536}


@dataclass(frozen=True, slots=True)
class Runner:
    """How rows of token ids are computed.

    Attributes:
        forward: padded ids and attention mask (n t) to values (n ...).
        pad_id: fills rows up.
        device: where it computes.
        autocast: opens the context of its number format.
        budget: most tokens in one block, padding included.
    """

    forward: Callable[[Tensor, Tensor], Tensor]
    pad_id: int
    device: Device
    autocast: Callable[[], AbstractContextManager[object]]
    budget: int

    def run(self, rows: Ids) -> Iterator[tuple[ndarray, Float[ndarray, "n ..."]]]:
        """Yield (positions of the rows, their fp32 values), block by block, the longest first."""
        for chunk in token_budget_chunks([len(row) for row in rows], self.budget):
            ids, mask = pad([rows[position] for position in chunk], self.pad_id)
            values = self.forward(self._tensor(ids), self._tensor(mask))
            yield chunk, values.float().cpu().numpy()

    def _tensor(self, values: ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device, non_blocking=True)


def compute(
    items: Sequence[Item],
    tokenize: Callable[[Sequence[Item]], Ids],
    runner: Runner,
    bar: Bar,
) -> Float[ndarray, "n ..."]:
    """Return the model's value of each item, in the order given.

    Equal items are computed once. What shares a block depends on the set of items alone, so the
    order in which they come changes nothing, to the last bit.

    Args:
        items: texts, or pairs of texts; at least one.
        tokenize: items to rows of ids, without padding.
        runner: how rows are computed.
        bar: moved on by one for each distinct item.
    """
    distinct = sorted(set(items), key=lambda item: (_characters(item), item))
    place = {item: position for position, item in enumerate(distinct)}
    positions, parts = [], []
    with torch.inference_mode(), runner.autocast():  # one context, so that weights are cast once
        for start, rows in _tokenized(distinct, tokenize):
            for chunk, part in runner.run(rows):
                positions.append(start + chunk)
                parts.append(part)
                bar.advance(len(chunk))
    values: Float[ndarray, "m ..."] = np.concatenate(parts)
    computed_at = np.argsort(np.concatenate(positions))
    return values[computed_at[[place[item] for item in items]]]


def _characters(item: str | tuple[str, str]) -> int:
    return len(item) if isinstance(item, str) else sum(map(len, item))


def _tokenized(
    items: Sequence[Item], tokenize: Callable[[Sequence[Item]], Ids]
) -> Iterator[tuple[int, Ids]]:
    """Yield (first position, rows of ids) of each segment; the next one is made meanwhile."""
    with ThreadPoolExecutor(1) as ahead:
        starts = range(0, len(items), _SEGMENT)
        futures = (
            (start, ahead.submit(tokenize, items[start : start + _SEGMENT])) for start in starts
        )
        waiting = next(futures, None)
        while waiting is not None:
            start, future = waiting
            rows = future.result()
            waiting = next(futures, None)
            yield start, rows
