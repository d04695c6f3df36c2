"""Arms whose seeds differ: unpaired over seeds, paired over queries, and said so."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gonogo.analysis.deciding.compare import compare
from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.promised.expected import expected_from_scores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.records.verdict import FrozenGate, VerdictFile
from gonogo.spec.rule.gates import ImprovementGate

QUERIES = 60


def table(seeds: dict[str, tuple[int, ...]], gain: float = 0.05) -> pl.DataFrame:
    """Make scores of two arms on the same queries."""
    rng = np.random.default_rng(3)
    base, rows = rng.uniform(0.2, 0.7, QUERIES), []
    for arm, own in seeds.items():
        for seed in own:
            shift = rng.normal(0, 0.01) + (gain if arm == "new" else 0.0)
            noise = rng.normal(0, 0.03, QUERIES)
            rows += [
                {"arm": arm, "seed": seed, "query_id": f"q{q}", "value": float(value)}
                for q, value in enumerate(np.clip(base + shift + noise, 0, 1))
            ]
    return pl.DataFrame(rows).with_columns(
        task=pl.lit("t"), dataset=pl.lit("d"), metric=pl.lit("nDCG@10")
    )


def judged(frame: pl.DataFrame) -> VerdictFile:
    gate = ImprovementGate(task="t", candidate="new", baseline="old")
    return decide(frame, FrozenGate(spec=gate, fingerprint="f"), expected_from_scores(frame, gate))


def effect(seeds: dict[str, tuple[int, ...]]) -> Effect:
    return judged(table(seeds)).effects[0]


def test_seeds_of_their_own_are_judged_and_told() -> None:
    found = judged(table({"old": (1, 2, 3), "new": (11, 12, 13, 14)}))
    one = found.effects[0]
    assert found.decision.verdict != "INCOMPLETE"
    assert not one.seeds_paired
    assert one.difference.interval is not None
    assert one.difference.interval.method == "unpaired seeds x queries"
    assert any("not paired" in warning for warning in found.decision.warnings)


def test_the_variance_is_the_sum_of_both_arms_and_of_the_paired_queries() -> None:
    frame = table({"old": (1, 2, 3), "new": (11, 12, 13, 14)})
    arms = {
        arm: np.stack(
            [part["value"].to_numpy() for part in own.partition_by("seed", maintain_order=True)]
        )
        for (arm,), own in frame.partition_by("arm", as_dict=True).items()
    }
    seeds = sum(own.mean(axis=1).var(ddof=1) / len(own) for own in arms.values())
    gaps = arms["new"].mean(axis=0) - arms["old"].mean(axis=0)
    rest = 0.0
    for own in arms.values():
        left = own - own.mean(1, keepdims=True) - own.mean(0) + own.mean()
        rest += (left**2).sum() / (len(own) - 1) / (QUERIES - 1) / (QUERIES * len(own))
    wanted = seeds + max(0.0, gaps.var(ddof=1) / QUERIES - rest)
    one = judged(frame).effects[0].difference
    assert one.value == pytest.approx(gaps.mean())
    assert one.interval is not None
    half = (one.interval.high - one.interval.low) / 2
    assert 1.9 * wanted**0.5 < half < 4.4 * wanted**0.5


def test_an_old_model_with_one_run_is_compared_and_the_interval_says_on_what_it_rests() -> None:
    one = effect({"old": (7,), "new": (1, 2, 3)})
    assert one.difference.interval is not None
    assert one.difference.interval.note == "conditional on the one run of old"


def test_what_one_of_several_common_seeds_lacks_is_still_a_hole() -> None:
    found = judged(table({"old": (1, 2), "new": (1, 2, 3)}))
    assert found.decision.verdict == "INCOMPLETE"
    assert found.decision.missing


def test_equal_seeds_stay_paired() -> None:
    assert effect({"old": (1, 2, 3), "new": (1, 2, 3)}).seeds_paired


def test_compare_does_not_pair_seeds_that_nobody_shares() -> None:
    frame = table({"old": (1, 2, 3), "new": (11, 12)})
    found = compare({arm: frame.filter(pl.col("arm") == arm) for arm in ("old", "new")})
    assert not found.pairs[0].effect.seeds_paired
    assert any("not paired" in warning for warning in found.warnings)
