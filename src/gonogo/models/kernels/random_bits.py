"""Random bits for dropout masks on a CPU, many times faster than torch draws them.

torch draws from one Mersenne twister, one value after another. Here torch's generator only gives a
seed, so that seeding and replaying work as ever, and numpy's SFC64 fills the mask from there. A
stream that has given millions of values goes on with sums of two tables of them, each from a place
drawn anew: any two or three values are as independent as before unless two pieces of a mask begin
as far apart in both tables, which happens to one pair in a million.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Int16, Shaped
from torch import Tensor

from gonogo.core.seeds import derive_seed

_own = threading.local()

_TABLE = 1 << 20
"""Values in a table, 2 MB."""
_PIECE = 1 << 19
"""Most values of a mask that lie side by side in the tables."""

_SEEDS = torch.iinfo(torch.int64).max

LEVELS = 1 << 16
"""Steps of a probability."""


class _Stream:
    """Values of 16 bits, all equally likely: a function of the seed and of the counts asked for."""

    def __init__(self, seed: int) -> None:
        self._source, self._given = np.random.SFC64(seed), 0
        self._tables: list[Tensor] = []

    def words(self, count: int) -> Int16[Tensor, " count"]:
        if self._given < 2 * _TABLE:  # a short stream is not worth the tables
            self._given += count
            return self._drawn(count)
        self._tables = self._tables or [self._drawn(_TABLE), self._drawn(_TABLE)]
        # numpy's, because what torch aligns leaves gaps between what the graph keeps: 100 MB.
        words = torch.from_numpy(np.empty(count, np.int16))
        for piece in torch.split(words, _PIECE):
            last = _TABLE - len(piece)
            starts = (self._source.random_raw(2) % (last + 1)).tolist()
            first, second = (
                table[start : start + len(piece)]
                for table, start in zip(self._tables, starts, strict=True)
            )
            torch.add(first, second, out=piece)
        return words

    def _drawn(self, count: int) -> Int16[Tensor, " count"]:
        return torch.from_numpy(self._source.random_raw(-(-count // 4)).view(np.int16))[:count]


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Let this thread draw from a stream of its own inside, and leave torch's generator alone.

    Args:
        seed: not negative; equal seeds give equal draws in equal order.
    """
    before = getattr(_own, "stream", None), getattr(_own, "beside", None)
    _own.stream, _own.beside = _Stream(seed), _Beside(seed)
    try:
        yield
    finally:
        _own.stream, _own.beside = before


class _Beside:
    """Streams beside that of a seed, one a name."""

    def __init__(self, seed: int) -> None:
        self._seed, self._streams = seed, dict[str, _Stream]()

    def stream(self, name: str) -> _Stream:
        if name not in self._streams:
            self._streams[name] = _Stream(derive_seed(self._seed, "beside", name))
        return self._streams[name]


def _beside(name: str) -> _Stream:
    streams: _Beside | None = getattr(_own, "beside", None)
    if streams is None:
        state = torch.get_rng_state()
        streams = _Beside(int(torch.empty((), dtype=torch.int64).random_(_SEEDS)))
        torch.set_rng_state(state)
    return streams.stream(name)


class RandomBits:
    """A stream of draws: a function of the state of torch's generator, or within `drawing_from`.

    Every probability is met to the nearest 1/65536.

    Args:
        beside: the name of a stream of its own, which leaves all other draws as they are without
            it. Outside of `drawing_from` it is a function of the name and of the generator's state,
            which it does not move.
    """

    def __init__(self, beside: str | None = None) -> None:
        stream = getattr(_own, "stream", None)
        if beside is not None:
            stream = _beside(beside)
        if stream is None:
            seed = torch.empty((), dtype=torch.int64).random_(_SEEDS)
            stream = _Stream(int(seed))
        self._stream = stream

    def hits(self, count: int, p: float) -> Int16[Tensor, " count"]:
        """Return ones with probability ``p``, else zeros."""
        words, level = self._stream.words(count), round(p * LEVELS) - LEVELS // 2
        # Written over the words: a comparison of 16 bits into 16 bits costs half of one into bool.
        return words.fill_(1) if 2 * level == LEVELS else torch.lt(words, level, out=words)

    def flip(self, values: Float[Tensor, "*any"], p: float) -> None:
        """Give each of some positive values a minus sign with probability ``p``, in place."""
        bits = values.view(_INTEGERS[values.itemsize])
        signs = self.hits(values.numel(), p).view(values.shape)
        bits.add_(signs, alpha=torch.iinfo(bits.dtype).min)

    def mask(self, like: Float[Tensor, "*any"], p: float) -> Shaped[Tensor, "*any"]:
        """Return for each value 0 with probability ``p``, else all bits of it: see `masked`."""
        dropped = self.hits(like.numel(), p).view(like.shape)
        return dropped.sub_(1).to(_INTEGERS[like.itemsize])

    def keep(self, like: Float[Tensor, "*any"], p: float) -> Float[Tensor, "*any"]:
        """Return factors: 0 with probability ``p``, else `scale_of_kept`."""
        scales = torch.full_like(like, scale_of_kept(p))
        return masked(scales, self.mask(like, p))


def scale_of_kept(p: float) -> float:
    """Return one over the share of values that dropout keeps."""
    return LEVELS / (LEVELS - round(p * LEVELS))


def masked(values: Float[Tensor, "*any"], mask: Shaped[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return the values with zeros where `RandomBits.mask` has them.

    In 16 bits it takes a quarter of a product's time, which goes through 32.
    """
    return values.view(mask.dtype).bitwise_and(mask).view(values.dtype)


_INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def without_negatives(values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return the values with zero in place of negative ones, as `Tensor.relu` does."""
    if values.itemsize != 2:
        return values.relu()
    # In 16 bits a number is negative where an integer is, and zero is zero: a third of the time.
    return values.view(torch.int16).clamp_min(0).view(values.dtype)


def zero_where_negative(
    values: Float[Tensor, "*any"], signs: Float[Tensor, "*any"]
) -> Float[Tensor, "*any"]:
    """Return the values with zero where ``signs`` is negative."""
    if values.itemsize != 2 or signs.itemsize != 2:
        return torch.where(signs < 0, 0, values)
    return masked(values, signs.view(torch.int16).bitwise_right_shift(15).bitwise_not_())
