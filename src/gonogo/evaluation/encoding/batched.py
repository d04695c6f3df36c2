"""Many texts or pairs through a model: similar lengths together, equal ones once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from gonogo.core.progress import Bar
from gonogo.core.types import Device
from gonogo.data.examples.batching import MOST_PADDING, pad, token_budget_chunks
from gonogo.evaluation.search.cores import single_threaded

Item = TypeVar("Item", str, tuple[str, str])
Ids = list[list[int]]

Values = tuple[ndarray, Float[ndarray, "n ..."]]
"""Positions of some rows, and their fp32 values."""

_SEGMENT = 16_384  # items tokenised ahead: bounds memory, and a longer sort would gain nothing

# On CPUs larger blocks fall out of the caches, on GPUs smaller ones leave multiprocessors idle.
# Constants, not tuned per machine, because another budget would change the last bits.
TOKEN_BUDGET: dict[Device, int] = {"cpu": 4096, "mps": 16_384, "cuda": 65_536}
ROWS_BUDGET = 1024  # of one core's block where rows need no padding


@runtime_checkable
class Model(Protocol):
    """What is computed: values of padded token ids."""

    pad_id: int

    def __call__(self, input_ids: Tensor, attention_mask: Tensor, /) -> Tensor:
        """Return a value a row (n ...)."""
        ...


@runtime_checkable
class OnRows(Protocol):
    """A model that may have a faster form without padding."""

    def on_rows(self) -> Callable[[Ids], Tensor] | None:
        """Return that form, in the number format now in force, or None."""
        ...

    def has_rows(self) -> bool:
        """Tell whether there is one, without making it."""
        ...


@dataclass(frozen=True, slots=True)
class Runner:
    """How rows of token ids are computed.

    Attributes:
        model: padded ids and attention mask (n t) to values (n ...).
        device: where it computes.
        autocast: opens the context of its number format.
        budget: most tokens in one block; by default what suits the device.
    """

    model: Model
    device: Device
    autocast: Callable[[], AbstractContextManager[object]]
    budget: int | None = None

    @contextmanager
    def opened(self) -> Iterator[Callable[[Ids], Iterator[Values]]]:
        """Open the call that gives the values of rows, block by block, the longest first.

        One context for all rows, so that weights are cast and laid out once.
        """
        with torch.inference_mode(), self.autocast():
            forward = self.model.on_rows() if isinstance(self.model, OnRows) else None
            if forward is None:
                yield self._padded
                return
            yield partial(self._in_parallel, forward)

    def layout(self) -> tuple[object, ...]:
        """Return what the last bits of the values depend on, beside weights and rows."""
        with torch.inference_mode(), self.autocast():
            if isinstance(self.model, OnRows) and self.model.has_rows():
                return "end to end", self.budget or ROWS_BUDGET  # at any number of cores
        threads = torch.get_num_threads() if self.device == "cpu" else None
        return "padded", self.budget or TOKEN_BUDGET[self.device], threads

    def _padded(self, rows: Ids) -> Iterator[Values]:
        for chunk in _chunks(rows, self.budget or TOKEN_BUDGET[self.device]):
            ids, mask = pad([rows[position] for position in chunk], self.model.pad_id)
            yield chunk, _array(self.model(self._tensor(ids), self._tensor(mask)))

    def _tensor(self, values: ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device, non_blocking=True)

    def _in_parallel(self, forward: Callable[[Ids], Tensor], rows: Ids) -> Iterator[Values]:
        """Give each core a block of its own.

        No core ever waits for another, and as one core makes a block alone, the number of cores
        changes no bit.
        """

        def values(chunk: ndarray) -> Float[ndarray, "n ..."]:
            with torch.inference_mode():  # which is a property of the thread
                return _array(forward([rows[position] for position in chunk]))

        chunks = _chunks(rows, self.budget or ROWS_BUDGET, most_padding=1.0)  # there is none
        cores = single_threaded(torch.get_num_threads())
        yield from zip(chunks, cores.map(values, chunks), strict=True)


def _chunks(rows: Ids, budget: int, most_padding: float = MOST_PADDING) -> list[ndarray]:
    return token_budget_chunks([len(row) for row in rows], budget, most_padding=most_padding)


def _array(values: Tensor) -> Float[ndarray, "n ..."]:
    result: Float[ndarray, "n ..."] = values.float().cpu().numpy()
    return result


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
    with runner.opened() as values_of:
        values = _in_order(
            (start + chunk, part)
            for start, rows in _tokenized(distinct, tokenize)
            for chunk, part in _shown(values_of(rows), bar)
        )
    return values[[place[item] for item in items]]


def compute_rows(rows: Ids, runner: Runner) -> Float[ndarray, "n ..."]:
    """Return the model's value of each row of token ids, in the order given.

    Args:
        rows: without padding; at least one.
        runner: how they are computed.
    """
    with runner.opened() as values_of:
        return _in_order(values_of(rows))


def _in_order(blocks: Iterable[Values]) -> Float[ndarray, "n ..."]:
    """Join blocks of values in the order of their positions, of which none is missing."""
    positions, parts = zip(*blocks, strict=True)
    values: Float[ndarray, "n ..."] = np.concatenate(parts)
    return values[np.argsort(np.concatenate(positions))]


def _shown(blocks: Iterator[Values], bar: Bar) -> Iterator[Values]:
    for chunk, part in blocks:
        yield chunk, part
        bar.advance(len(chunk))


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
