"""How many windows a bank can give at most, and what would give more."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gonogo.data.next_vector.windows import WindowRule


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Windows that articles can give; near-duplicates only lower it.

    Attributes:
        rule: context, stride and cap.
        articles: how many there are.
        long_enough: how many of them give at least one window.
        pairs: windows in all.
    """

    rule: WindowRule
    articles: int
    long_enough: int
    pairs: int

    def __str__(self) -> str:
        rule = self.rule
        return (
            f"at most {self.pairs:,} pairs: {self.long_enough:,} of {self.articles:,} articles are"
            f" longer than a context of {rule.shortest}, each gives up to {rule.most} windows at"
            f" stride {rule.stride}"
        )


def ceiling(lengths: NDArray[np.int64], rule: WindowRule) -> Ceiling:
    """Count the windows of articles of these lengths (vectors)."""
    counts = rule.windows(lengths)
    return Ceiling(rule, len(lengths), int((counts > 0).sum()), int(counts.sum()))


def remedies(lengths: NDArray[np.int64], rule: WindowRule, target_pairs: int) -> list[str]:
    """Say what would reach a number of pairs, each by a single change where one is enough.

    Empty where the ceiling is high enough. Numbers are ceilings too: near-duplicates come off.
    """
    now = ceiling(lengths, rule)
    if now.pairs >= target_pairs:
        return []

    def reaches(changed: WindowRule) -> bool:
        return ceiling(lengths, changed).pairs >= target_pairs

    longest = int(lengths.max(initial=0))
    stride = _last(1, rule.stride, lambda value: reaches(replace(rule, stride=value)))
    fewer = _last(-longest - 1, -rule.most, lambda value: reaches(replace(rule, most=-value)))
    context = None
    if rule.least is None:  # or a shorter context would also take windows from short articles
        context = _last(1, rule.context, lambda value: reaches(replace(rule, context=value)))
    least = _last(1, rule.shortest, lambda value: reaches(replace(rule, least=value)))
    said = [
        f"stride {stride} instead of {rule.stride}" if stride else "",
        f"up to {-fewer} windows an article instead of {rule.most}" if fewer else "",
        f"a context of {context} instead of {rule.context}" if context else "",
        f"contexts from {least} on in articles that are too short for {rule.context}"
        if least
        else "",
    ]
    if not stride and not fewer:
        said.append(_both(lengths, rule, target_pairs))
    if now.pairs:
        needed = math.ceil((target_pairs - now.pairs) * now.articles / now.pairs)
        said.append(f"about {needed:,} more articles like these {now.articles:,}")
    return [line for line in said if line]


def _both(lengths: NDArray[np.int64], rule: WindowRule, target_pairs: int) -> str:
    """Say what stride and cap reach the target together: the largest stride, then the least cap."""
    longest = int(lengths.max(initial=0))

    def pairs(stride: int, most: int) -> int:
        return ceiling(lengths, replace(rule, stride=stride, most=most)).pairs

    stride = _last(1, rule.stride, lambda value: pairs(value, longest + 1) >= target_pairs)
    if stride is None:
        return f"stride 1 without a cap gives {pairs(1, longest + 1):,} at this context"
    most = _last(-longest - 1, -1, lambda value: pairs(stride, -value) >= target_pairs)
    return f"stride {stride} with up to {-(most or 0)} windows an article"


def _last(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """Return the largest value from ``low`` to ``high`` for which a falling condition holds."""
    if low > high or not holds(low):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
