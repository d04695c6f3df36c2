"""Random bits for dropout masks on a CPU, several times faster than torch draws them.

torch draws from one Mersenne twister, one value after another. Here torch's generator only gives a
seed, so that seeding and replaying work as ever, and numpy's SFC64 fills the mask from there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Int16
from torch import Tensor

_own = threading.local()


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Let this thread draw from a stream of its own inside, and leave torch's generator alone.

    Args:
        seed: not negative; equal seeds give equal draws in equal order.
    """
    before = getattr(_own, "source", None)
    _own.source = np.random.SFC64(seed)
    try:
        yield
    finally:
        _own.source = before


LEVELS = 1 << 15
"""Steps of a probability."""


class RandomBits:
    """A stream of draws: a function of the state of torch's generator, or within `drawing_from`.

    Every probability is met to the nearest 1/32768.
    """

    def __init__(self) -> None:
        source = getattr(_own, "source", None)
        if source is None:
            seed = torch.empty((), dtype=torch.int64).random_(torch.iinfo(torch.int64).max)
            source = np.random.SFC64(int(seed))
        self._source = source

    def below(self, count: int, p: float) -> Int16[Tensor, " count"]:
        """Return values of which each is below zero with probability ``p``."""
        words = torch.from_numpy(self._source.random_raw(-(-count // 4)).view(np.int16))[:count]
        # Halved first, so that the difference fits into 16 bits.
        return words.bitwise_right_shift_(1).sub_(round(p * LEVELS) - LEVELS // 2)

    def flip(self, values: Float[Tensor, "*any"], p: float) -> None:
        """Give each of some positive values a minus sign with probability ``p``, in place."""
        signs = self.below(values.numel(), p).view(values.shape)
        # A sign of 16 bits can be read where it stands.
        signs = signs.view(values.dtype) if values.itemsize == 2 else signs
        torch.copysign(values, signs, out=values)

    def keep(self, like: Float[Tensor, "*any"], p: float) -> Float[Tensor, "*any"]:
        """Return a dropout mask: 0 with probability ``p``, else 1 over the probability of that."""
        dropped = self.below(like.numel(), p).view(like.shape)
        scale = LEVELS / (LEVELS - round(p * LEVELS))
        if like.itemsize != 2:
            return (dropped >= 0).to(like.dtype).mul_(scale)
        bits = torch.tensor(scale, dtype=like.dtype).view(torch.int16).item()
        # Shifted by 15, a negative number is all ones and another all zeros.
        kept = dropped.bitwise_right_shift_(15).bitwise_not_().bitwise_and_(bits)
        return kept.view(like.dtype)


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
    kept = signs.view(torch.int16).bitwise_right_shift(15).bitwise_not_()
    return kept.bitwise_and_(values.view(torch.int16)).view(values.dtype)
