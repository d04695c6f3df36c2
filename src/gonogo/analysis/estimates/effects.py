"""One arm against another on one task: estimates, tests, and every data set beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.between import between
from gonogo.analysis.estimates.estimates import (
    difference_estimate,
    mean_estimate,
    ratio_estimate,
    ratio_pseudo_values,
)
from gonogo.analysis.estimates.intervals import ONE_RUN
from gonogo.analysis.estimates.layout import Layout, count_clusters, score_bounds
from gonogo.analysis.estimates.sequential import FIRST_LOOK
from gonogo.analysis.estimates.significance import bonferroni, holm, paired_tests
from gonogo.analysis.estimates.stopped import Looks, adjusted_for_looks
from gonogo.analysis.promised.judged import Stratum
from gonogo.analysis.records.effects import DatasetEffect, Effect, Estimate, PairTest, SeedPoint
from gonogo.analysis.statistics.aso import aso
from gonogo.analysis.tables.strata import Values, differences, seed_means

SMALLEST_REFERENCE = 1e-9
"""A specialist's mean at or below this makes a ratio undefined, in the metric's units."""


@dataclass(frozen=True)
class Paired:
    """Two arms' scores on one task, ready to be compared."""

    task: str
    metric: str
    reference: str
    candidate: str
    strata: tuple[Stratum, ...]
    seeds: tuple[int, ...]
    """One a row of the strata; empty when neither arm has any."""
    unseeded: frozenset[str] = frozenset()
    """Arms that have no seed of their own and stand beside every seed of the other."""
    seeds_paired: bool = True
    """False where each arm has seeds of its own, one a row of its own array."""
    sample: bool = False
    """Whether the data sets are a sample of those that are asked about."""
    level: float = 0.95
    """Coverage asked for; more where earlier looks have spent a part of what may be missed."""
    looks: Looks | None = None
    """How the study was looked at while it grew; None where it was not."""
    notes: tuple[str, ...] = ()
    """What is told about runs and data sets that were left out."""

    def layout(self, strata: Sequence[Stratum]) -> Layout:
        """Return how the values of some of the data sets hang together."""
        arrays = [(stratum.reference, stratum.candidate) for stratum in strata]
        clusters = [stratum.clusters for stratum in strata]
        return Layout(
            clusters=clusters if any(c is not None for c in clusters) else None,
            bounds=score_bounds(self.metric, arrays),
            paired=self.seeds_paired,
            sample=self.sample and len(self.strata) > 1 and len(strata) == len(self.strata),
        )


def canonical(strata: Sequence[Stratum]) -> list[Stratum]:
    """Sort data sets by their contents, so that their names cannot change a bit of any number."""

    def digest(stratum: Stratum) -> bytes:
        hasher = hashlib.blake2b(repr(stratum.reference.shape).encode(), digest_size=16)
        for values in (stratum.reference, stratum.candidate):
            hasher.update(np.ascontiguousarray(values).tobytes())
        return hasher.digest()

    return sorted(strata, key=digest)


def effect(paired: Paired, *, ratio: bool) -> Effect:
    """Compare two arms; the verdict is left INCOMPLETE for the gate to fill in.

    Args:
        paired: their scores, without holes.
        ratio: estimate (reference - candidate) / reference too.
    """
    strata = canonical(paired.strata)
    arrays = [(stratum.reference, stratum.candidate) for stratum in strata]
    layout, level = paired.layout(strata), paired.level
    difference = _told(difference_estimate(arrays, level, layout=layout), paired)
    lost = _told(_ratio(arrays, layout, level), paired) if ratio else None
    if paired.looks is not None:
        difference, lost = _looked_at(difference, lost, arrays, paired.looks, layout)
    parts = tuple(_dataset_effect(paired, stratum, ratio) for stratum in paired.strata)
    return Effect(
        task=paired.task,
        metric=paired.metric,
        reference=paired.reference,
        candidate=paired.candidate,
        difference=difference,
        ratio=lost,
        per_seed=_seed_points(paired, arrays),
        datasets=parts,
        test=_test(arrays, paired),
        verdict="INCOMPLETE",
        datasets_as="sample" if paired.sample else "fixed",
        between=between(parts, strata, layout),
        seeds_paired=paired.seeds_paired,
        clusters=count_clusters(layout.clusters, [len(s.queries) for s in strata]),
        notes=(*paired.notes, *(() if paired.looks is None else (paired.looks.words,))),
    )


Arrays = list[tuple[Float[np.ndarray, "_ _"], Float[np.ndarray, "_ _"]]]


def defined(arrays: Arrays) -> bool:
    """Return whether every seed's reference is large enough to divide by."""
    means = seed_means([reference for reference, _ in arrays])
    return bool((np.abs(means) > SMALLEST_REFERENCE).all())


def _ratio(arrays: Arrays, layout: Layout, level: float, draws: int = 10_000) -> Estimate:
    if defined(arrays):
        return ratio_estimate(arrays, level, bootstrap_draws=draws, layout=layout)
    queries = sum(reference.shape[1] for reference, _ in arrays)
    return Estimate(value=None, seeds=min(map(len, arrays[0])), queries=queries)


def _looked_at(
    difference: Estimate, lost: Estimate | None, arrays: Arrays, looks: Looks, layout: Layout
) -> tuple[Estimate, Estimate | None]:
    """Give the judged one of both estimates without the bias that looking early has put in."""
    judged = difference if lost is None else lost
    if not layout.paired or len(arrays[0][0]) < FIRST_LOOK or judged.value is None:
        return difference, lost
    values = differences(arrays) if lost is None else ratio_pseudo_values(arrays)
    if values is None:
        return difference, lost
    parts = layout.parts([np.zeros_like(block) for block in values], values)
    adjusted = adjusted_for_looks(judged.value, parts, looks)
    judged = judged.model_copy(update={"adjusted": adjusted})
    return (judged, None) if lost is None else (difference, judged)


def _told(estimate: Estimate, paired: Paired) -> Estimate:
    """Say that no seed was there, where one row stands for a system without any."""
    if not paired.seeds_paired:
        return _with_one_run(estimate, paired)
    return estimate if paired.seeds else unseeded(estimate)


def _with_one_run(estimate: Estimate, paired: Paired) -> Estimate:
    """Name the arm whose single run shows no seed noise."""
    first = paired.strata[0]
    arms = ((paired.reference, first.reference), (paired.candidate, first.candidate))
    alone = [arm for arm, values in arms if len(values) == 1]
    if estimate.interval is None or estimate.interval.note != ONE_RUN:
        return estimate
    note = f"conditional on the one run of {' and '.join(alone)}"
    return estimate.model_copy(
        update={"interval": estimate.interval.model_copy(update={"note": note})}
    )


def unseeded(estimate: Estimate) -> Estimate:
    """Return an estimate of rows without seeds, worded so."""
    interval = estimate.interval
    if interval is not None:
        interval = interval.model_copy(update={"note": "conditional on this one run"})
    return estimate.model_copy(update={"seeds": 0, "std": None, "interval": interval})


def level(values: Values, *, seeded: bool, layout: Layout | None = None) -> Estimate:
    """Estimate an arm's mean over data sets, with equal weight."""
    if seeded:
        return mean_estimate(values, layout=layout)
    return unseeded(mean_estimate([v[:1] for v in values], layout=layout))


def _dataset_effect(paired: Paired, stratum: Stratum, ratio: bool) -> DatasetEffect:
    arrays, layout = [(stratum.reference, stratum.candidate)], paired.layout([stratum])
    layout = replace(layout, sample=False)
    seeded = bool(paired.seeds) or not paired.seeds_paired
    alone = replace(layout, paired=True)
    own = {
        arm: level([values], seeded=seeded and arm not in paired.unseeded, layout=alone)
        for arm, values in zip((paired.reference, paired.candidate), arrays[0], strict=True)
    }
    # The bootstraps belong to the judged estimate; repeating them for each data set costs more
    # than everything else together and shows nothing that the seeds x queries interval does not.
    return DatasetEffect(
        dataset=stratum.dataset,
        reference=own[paired.reference],
        candidate=own[paired.candidate],
        difference=_told(
            difference_estimate(arrays, paired.level, bootstrap_draws=0, layout=layout), paired
        ),
        ratio=_told(_ratio(arrays, layout, paired.level, draws=0), paired) if ratio else None,
        test=_test(arrays, paired),
    )


def _seed_points(paired: Paired, arrays: Arrays) -> tuple[SeedPoint, ...]:
    if not paired.seeds or not paired.seeds_paired:
        return ()
    references = seed_means([reference for reference, _ in arrays]).tolist()
    candidates = seed_means([candidate for _, candidate in arrays]).tolist()
    return tuple(
        SeedPoint(
            seed=seed,
            reference=before,
            candidate=after,
            difference=after - before,
            ratio=(before - after) / before if abs(before) > SMALLEST_REFERENCE else None,
        )
        for seed, before, after in zip(paired.seeds, references, candidates, strict=True)
    )


def _test(arrays: Arrays, paired: Paired) -> PairTest:
    test = paired_tests(arrays)
    reference = seed_means([before for before, _ in arrays])
    candidate = seed_means([after for _, after in arrays])
    if min(len(candidate), len(reference)) < 2 or paired.unseeded:
        return test  # the order of one score a side says nothing
    return test.model_copy(update={"aso": aso(candidate, reference)})


def correct(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """Fill in the corrected p-values: one family of tasks, one of all (task, data set) pairs."""
    pooled = _corrected([effect.test for effect in effects])
    single = iter(_corrected([part.test for effect in effects for part in effect.datasets]))
    return tuple(
        effect.model_copy(
            update={
                "test": test,
                "datasets": tuple(
                    part.model_copy(update={"test": next(single)}) for part in effect.datasets
                ),
            }
        )
        for effect, test in zip(effects, pooled, strict=True)
    )


def _corrected(tests: Sequence[PairTest]) -> list[PairTest]:
    p = [test.p_permutation for test in tests]
    return [
        test.model_copy(update={"p_holm": step, "p_bonferroni": single})
        for test, step, single in zip(tests, holm(p), bonferroni(p), strict=True)
    ]
