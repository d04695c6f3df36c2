"""Paired tests over queries, stratified by data set, and corrections for many comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gonogo.analysis.records.effects import PairTest
from gonogo.analysis.statistics.paired_bootstrap import bootstrap_p
from gonogo.analysis.statistics.permutation import sign_flip_p
from gonogo.analysis.tables.strata import Strata, check_values

_EQUAL = 1e-12
"""Two scores this close are a tie: the rest is rounding of their mean over seeds.

Differences that spread no wider than this do not vary."""


def paired_t(blocks: Sequence[Float[np.ndarray, " _"]]) -> float | None:
    """Return the two-sided p of the equal-weight mean over data sets (Welch degrees of freedom).

    With one data set this is the paired t-test. None where nothing varies or nothing repeats.
    """
    from scipy.special import stdtr

    if any(len(block) < 2 for block in blocks):
        return None
    parts = [float(block.var(ddof=1)) / len(block) / len(blocks) ** 2 for block in blocks]
    variance = sum(parts)
    if variance <= _EQUAL**2:
        return None
    doubt = sum(p**2 / (len(b) - 1) for p, b in zip(parts, blocks, strict=True))
    mean = float(np.mean([block.mean() for block in blocks]))
    return float(2 * stdtr(variance**2 / doubt, -abs(mean) / variance**0.5))


def wilcoxon(pooled: Float[np.ndarray, " n"]) -> float | None:
    """Return the two-sided p of Wilcoxon's signed-rank test over all queries; None if all tie."""
    from scipy.stats import wilcoxon as signed_rank

    moving = pooled[np.abs(pooled) > _EQUAL]
    return float(signed_rank(moving).pvalue) if len(moving) else None


def effect_size(blocks: Sequence[Float[np.ndarray, " _"]]) -> float | None:
    """Return Cohen's d of the paired differences: mean / root of the mean variance within sets.

    None where nothing varies or nothing repeats.
    """
    if any(len(block) < 2 for block in blocks):
        return None
    variance = float(np.mean([block.var(ddof=1) for block in blocks]))
    mean = float(np.mean([block.mean() for block in blocks]))
    return mean / variance**0.5 if variance > _EQUAL**2 else None


def paired_tests(strata: Strata, *, draws: int = 10_000, seed: int = 0) -> PairTest:
    """Test candidate against reference over queries, each query's seeds averaged first.

    The permutation statistic is the mean over data sets, with equal weight, of the mean difference;
    flipping signs within queries keeps every data set's share. These tests take the seeds as given:
    they ask whether these trained models differ on such queries.

    Args:
        strata: one (reference, candidate) pair of (seeds, queries) arrays a data set.
        draws: sign patterns where there are too many to enumerate, and bootstrap resamples.
        seed: of both.

    Raises:
        ValueError: for anything but full, paired layouts.
    """
    check_values([block for block, _ in strata])
    check_values([block for _, block in strata])
    blocks = [candidate.mean(axis=0) - reference.mean(axis=0) for reference, candidate in strata]
    for block in blocks:
        block[np.abs(block) <= _EQUAL] = 0.0
    pooled = np.concatenate(blocks)
    terms = np.concatenate([block / (len(block) * len(blocks)) for block in blocks])
    return PairTest(
        p_permutation=sign_flip_p(terms, draws=draws, seed=seed),
        p_bootstrap=bootstrap_p(blocks, draws=draws, seed=seed),
        p_t=paired_t(blocks),
        p_wilcoxon=wilcoxon(pooled),
        effect_size=effect_size(blocks),
        wins=int((pooled > 0).sum()),
        ties=int((pooled == 0).sum()),
        losses=int((pooled < 0).sum()),
    )


def bonferroni(p: Sequence[float | None]) -> list[float | None]:
    """Multiply by the number of comparisons made; None (a missing one) stays and does not count."""
    made = sum(value is not None for value in p)
    return [None if value is None else min(1.0, value * made) for value in p]


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjust by Holm's step-down method (Scandinavian Journal of Statistics 6 (1979)).

    None (a missing comparison) stays None and does not count.
    """
    made = sorted((value, place) for place, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    so_far = 0.0
    for rank, (value, place) in enumerate(made):
        so_far = max(so_far, min(1.0, value * (len(made) - rank)))
        adjusted[place] = so_far
    return adjusted
