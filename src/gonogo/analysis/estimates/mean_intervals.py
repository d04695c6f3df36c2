"""Intervals of one arm's mean over data sets, over seeds x queries as all others here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gonogo.analysis.estimates.intervals import two_way_interval
from gonogo.analysis.records.effects import Interval
from gonogo.analysis.tables.scores import Block


def mean_interval(
    blocks: Sequence[Block], arm: str, seeds: tuple[int | None, ...]
) -> Interval | None:
    """Return the interval of an arm's mean over data sets of equal weight.

    It is that of the arm's own level: two arms whose intervals overlap may still differ, because
    they met the same queries. What a gate judges is the paired difference.

    Args:
        blocks: one for each data set, of one task and metric.
        arm: which arm; every block has a row of it for each seed.
        seeds: the seeds that the mean is over.

    Returns:
        None where a value is missing, or nothing was repeated.
    """
    values = [block.of(arm, seeds) for block in blocks]
    if any(np.isnan(one).any() or not one.size for one in values):
        return None
    return two_way_interval(values)
