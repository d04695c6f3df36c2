"""What a contrast is judged by: seeds that are paired, stand for all, or are an arm's own."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gonogo.analysis.promised.copies import judged_scores
from gonogo.analysis.promised.expected import Expected, fill
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.tables.scores import pivot
from gonogo.core.seeds import generator
from gonogo.data.files.score_table import SCHEMA
from gonogo.spec.rule.gates import ImprovementGate

GATE = ImprovementGate(task="embed", candidate="new", baseline="old")
PLAN = Expected(arms={"new": ("embed",), "old": ("embed",)}, seeds=(1, 2))


def table(runs: dict[str, list[int | None]], queries: int = 3) -> pl.DataFrame:
    rows = [
        (arm, seed, "embed", "x", "nDCG@10", f"q{query}", value)
        for arm, seeds in runs.items()
        for seed in seeds
        for query, value in enumerate(generator(seed or 0, arm).uniform(0, 1, queries).tolist())
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def judged(runs: dict[str, list[int | None]], plan: Expected = PLAN) -> JudgedScores:
    scores = pivot(table(runs))
    return JudgedScores(scores, GATE, fill(plan, scores, GATE))


def test_equal_seeds_are_paired() -> None:
    scores = judged({"new": [1, 2], "old": [1, 2]})
    [pair] = scores.contrasts
    assert scores.paired_seeds(pair) == (1, 2)
    assert scores.notes(pair) == ()
    [stratum] = scores.strata(pair)
    assert stratum.reference.shape == stratum.candidate.shape == (2, 3)


def test_a_row_without_seed_stands_beside_every_seed() -> None:
    plan = Expected(arms={"new": ("embed",)}, seeds=(1, 2))
    scores = judged({"new": [1, 2], "old": [None]}, plan)
    [pair] = scores.contrasts
    [stratum] = scores.strata(pair)
    assert stratum.reference.shape == (2, 3)
    assert np.array_equal(stratum.reference[0], stratum.reference[1])
    assert scores.seeds_paired(pair)
    assert scores.paired_seeds(pair) == (1, 2)


def test_arms_with_seeds_of_their_own_keep_a_row_for_each() -> None:
    scores = judged({"new": [1, 2, 3], "old": [7, 8]}, Expected())
    [pair] = scores.contrasts
    [stratum] = scores.strata(pair)
    assert (len(stratum.reference), len(stratum.candidate)) == (2, 3)
    assert scores.paired_seeds(pair) == ()
    [note] = scores.notes(pair)
    assert "new 3" in note
    assert "old 2" in note


@pytest.mark.parametrize(("seeds", "rows"), [([1, 2], ("bm25",)), ([None], ())])
def test_rows_without_seed_are_references_beside_seeds_alone(
    seeds: list[int | None], rows: tuple[str, ...]
) -> None:
    scores = pivot(table({"new": seeds, "old": seeds, "bm25": [None]}))
    found = fill(Expected(), scores, GATE)
    assert found.references == rows
    named = fill(Expected(references=("mine",)), scores, GATE)
    assert named.references == ("mine",)


def test_a_data_set_handed_in_twice_is_no_longer_owed() -> None:
    frame = table({"new": [1, 2], "old": [1, 2]}, queries=200)
    twice = pl.concat([frame, frame.with_columns(dataset=pl.lit("copy"))])
    plan = Expected(
        arms=PLAN.arms, seeds=PLAN.seeds, tasks={"embed": ("x", "copy"), "other": ("x",)}
    )
    scores, notes = judged_scores(twice, GATE, plan)
    assert len(scores.datasets("embed")) == 1
    assert len(scores.expected.tasks["embed"]) == 1
    assert scores.expected.tasks["other"] == ("x",)
    assert any("copy" in note for note in notes)
