"""Small tables whose headline would mislead if it were the band of a mean, each with its word."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from planted_verdicts import verdict

from gonogo.analysis.records.verdict import Decision
from gonogo.data.files.score_table import SCHEMA
from gonogo.spec.rule.gates import GateSpec, ImprovementGate, InterferenceGate

TIR = InterferenceGate(joint="joint", specialists={"embed": "alone"})
GAIN = ImprovementGate(task="embed", candidate="new", baseline="old")


def table(metric: str = "nDCG@10", **arms: np.ndarray) -> pl.DataFrame:
    """Make a table of one data set; each arm is (seeds, queries), or one row without a seed."""
    rows = [
        (arm, seed if values.ndim == 2 else None, "embed", "d", metric, f"q{n}", float(value))
        for arm, values in arms.items()
        for seed, row in enumerate(np.atleast_2d(values))
        for n, value in enumerate(row)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def decided(frame: pl.DataFrame, gate: GateSpec) -> Decision:
    return verdict(frame, gate).decision


def noise(scale: float, seeds: int = 3, queries: int = 100, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, (seeds, queries))


def test_a_mean_above_the_line_that_is_all_noise_is_inconclusive() -> None:
    base = 0.5 + np.zeros((3, 100))
    new = np.clip(base + 0.011 + noise(0.1) - noise(0.1).mean(), 0, 1)
    found = decided(table(old=base, new=new), GAIN)
    assert (found.verdict, found.point) == ("INCONCLUSIVE", "PASS")
    assert found.sentence.endswith("By the point estimate alone: PASS.")
    assert "until then change nothing" in found.next_actions[-1]


def test_by_the_point_estimate_the_word_is_never_alone() -> None:
    base = 0.5 + np.zeros((3, 100))
    new = np.clip(base + 0.011 + noise(0.1) - noise(0.1).mean(), 0, 1)
    rule = GAIN.model_copy(update={"decide_by": "point", "next_actions": {"PASS": ("ship it",)}})
    found = decided(table(old=base, new=new), rule)
    assert found.word == "PASS, not supported"
    assert found.counts_as == "INCONCLUSIVE"
    assert "ship it" not in found.next_actions


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_every_query_at_the_ceiling_tells_nothing(seeds: int) -> None:
    gate = TIR.model_copy(update={"metric": "R@10"})
    full = np.ones((seeds, 5))
    found = decided(table("R@10", alone=full, joint=full), gate)
    assert found.verdict == "INVALID"
    assert "both arms reach the ceiling on every query" in found.sentence


def test_identical_arms_below_the_ceiling_decide_nothing() -> None:
    full = np.ones((3, 40))
    full[:, :4] = 0.0
    gate = TIR.model_copy(update={"metric": "R@10"})
    found = decided(table("R@10", alone=full, joint=full), gate)
    assert (found.verdict, found.point) == ("INCONCLUSIVE", "FAIL")
    assert found.support == "the arms score alike on every query"


def test_two_queries_decide_nothing_however_alike_their_gains() -> None:
    old = np.array([[0.5, 0.6], [0.5, 0.6]])
    found = decided(table(old=old, new=old + 0.05), GAIN)
    assert (found.verdict, found.point) == ("INCONCLUSIVE", "PASS")
    assert found.support.startswith("2 queries: too few to tell how queries differ")


def test_a_specialist_that_finds_one_query_of_many_is_no_yardstick() -> None:
    alone = np.zeros((3, 300))
    alone[:, 7] = 1.0
    found = decided(table(alone=alone, joint=np.zeros((3, 300))), TIR)
    assert (found.verdict, found.point) == ("INVALID", "PASS")
    assert "above the floor on 1 of 300 queries only" in found.sentence


@pytest.mark.parametrize("learned", [0.008, 0.0, -0.03])
def test_arms_that_learned_nothing_neither_pass_nor_fail(learned: float) -> None:
    raw = np.random.default_rng(1).uniform(0.4, 0.9, 200)
    alone = raw * (1 + learned) + noise(0.001, 3, 200)
    joint = raw + noise(0.001, 3, 200, 1)
    found = decided(table(alone=alone, joint=joint, untrained=raw), TIR)
    assert found.verdict == "INVALID"
    assert "alone is not shown to have learned embed" in found.sentence


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_specialist_that_learned_a_tenth_is_a_yardstick_from_two_seeds_on(seeds: int) -> None:
    """Seeds differ by 1 % of the score: one degree of freedom alone would see nothing at two."""
    raw = np.random.default_rng(1).uniform(0.4, 0.8, 200)
    shift = np.linspace(-0.01, 0.01, seeds)[:, None]
    alone = raw / 0.9 * (1 + shift) + noise(0.01, seeds, 200)
    found = verdict(table(alone=alone, joint=alone * 0.95, untrained=raw), TIR)
    assert found.effects[0].learning.shown
    assert found.decision.verdict != "INVALID"


def test_opposite_effects_that_cancel_are_told_under_the_headline() -> None:
    old = 0.5 + np.zeros((3, 50))
    parts = [
        table(old=old, new=old + gain + noise(0.02, 3, 50, n)).with_columns(dataset=pl.lit(name))
        for n, (name, gain) in enumerate({"ants": 0.06, "bees": -0.06}.items())
    ]
    found = decided(pl.concat(parts), GAIN)
    assert found.opposite.startswith(
        "embed: opposite effects cancel in this mean: new is better on ants and worse on bees"
    )


def test_of_a_ratio_above_zero_is_worse() -> None:
    alone = np.random.default_rng(2).uniform(0.4, 0.7, (1, 50)) + noise(0.005, 3, 50)
    parts = [
        table(alone=alone, joint=alone * kept + noise(0.005, 3, 50, 5)).with_columns(
            dataset=pl.lit(name)
        )
        for name, kept in {"ants": 1.1, "bees": 0.9}.items()
    ]
    assert "better on ants and worse on bees" in decided(pl.concat(parts), TIR).opposite


def test_learning_is_checked_for_arms_with_seeds_of_their_own_too() -> None:
    raw = np.random.default_rng(1).uniform(0.4, 0.8, 200)
    joint = table(joint=raw * 1.05 + noise(0.01, 5, 200)).with_columns(pl.col("seed") + 10)
    alone = table(alone=raw * 1.2 + noise(0.01, 3, 200), untrained=raw)
    learned = verdict(pl.concat([alone, joint]), TIR).effects[0]
    assert not learned.seeds_paired
    assert learned.learning.shown
    assert learned.learning.retention.value == pytest.approx(0.25, abs=0.02)
    assert learned.learning.retention.interval.method == "Fieller, unpaired seeds x queries"
    idle = table(alone=raw + noise(0.01, 3, 200), untrained=raw)
    assert decided(pl.concat([idle, joint]), TIR).verdict == "INVALID"
