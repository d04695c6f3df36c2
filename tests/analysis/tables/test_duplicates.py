"""Evidence that was handed in twice is found by its contents and counted once."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.promised.expected import expected_from_scores
from gonogo.analysis.records.verdict import FrozenGate, VerdictFile
from gonogo.analysis.tables.duplicates import distinct
from gonogo.analysis.tables.scores import pivot
from gonogo.spec.rule.gates import ImprovementGate

QUERIES = 60


def table(datasets: tuple[str, ...] = ("d",), seeds: tuple[int, ...] = (1, 2, 3)) -> pl.DataFrame:
    """Make scores of two arms in which nothing repeats."""
    rng = np.random.default_rng(5)
    parts = []
    for dataset in datasets:
        base = rng.uniform(0.2, 0.7, QUERIES)
        for arm in ("new", "old"):
            for seed in seeds:
                parts.append(
                    pl.DataFrame(
                        {
                            "arm": arm,
                            "seed": seed,
                            "task": "t",
                            "dataset": dataset,
                            "metric": "nDCG@10",
                            "query_id": [f"q{q:02}" for q in range(QUERIES)],
                            "value": base + 0.03 * (arm == "new") + rng.normal(0, 0.05, QUERIES),
                        }
                    )
                )
    return pl.concat(parts).with_columns(pl.col("seed").cast(pl.Int64))


def judged(frame: pl.DataFrame) -> VerdictFile:
    gate = ImprovementGate(task="t", candidate="new", baseline="old")
    return decide(frame, FrozenGate(spec=gate, fingerprint="f"), expected_from_scores(frame, gate))


def test_a_table_without_copies_stays_as_it_is() -> None:
    given = pivot(table(("d", "e")))
    found = distinct(given)
    assert found.notes == ()
    assert found.table.seeds == given.seeds
    assert list(found.table.blocks) == list(given.blocks)
    assert all(block.clusters is None for block in found.table.blocks.values())


def test_one_run_under_three_seed_numbers_counts_once() -> None:
    one = table(seeds=(1,))
    thrice = pl.concat([one.with_columns(seed=pl.lit(seed, pl.Int64)) for seed in (1, 2, 3)])
    alone, copied = judged(one), judged(thrice)
    assert copied.effects[0].difference.seeds == 1
    assert copied.effects[0].difference == alone.effects[0].difference
    assert any("one run, counted once" in warning for warning in copied.decision.warnings)


def test_a_copied_run_of_one_arm_leaves_its_other_runs() -> None:
    frame = table()  # of old, seed 2 becomes a copy of seed 1: seeds 1 and 3 stay
    second = frame.filter((pl.col("arm") == "old") & (pl.col("seed") == 1))
    frame = pl.concat(
        [
            frame.filter((pl.col("arm") != "old") | (pl.col("seed") != 2)),
            second.with_columns(seed=pl.lit(2, pl.Int64)),
        ]
    )
    found = judged(frame)
    assert found.effects[0].difference.seeds == 2
    assert not found.effects[0].seeds_paired
    assert found.decision.verdict != "INCOMPLETE"


def test_a_data_set_under_two_names_counts_once() -> None:
    one = table()
    renamed = one.with_columns(
        dataset=pl.lit("other"), query_id=pl.lit("x") + pl.col("query_id").str.reverse()
    )
    alone, copied = judged(one), judged(pl.concat([one, renamed]))
    assert len(copied.effects[0].datasets) == 1
    assert copied.effects[0].difference == alone.effects[0].difference
    assert any("one data set, counted once" in warning for warning in copied.decision.warnings)


def test_copied_queries_become_one_cluster_and_the_interval_does_not_shrink() -> None:
    one = table(seeds=(1, 2, 3, 4))
    copy = one.with_columns(query_id=pl.lit("copy of ") + pl.col("query_id"))
    alone, copied = judged(one).effects[0], judged(pl.concat([one, copy])).effects[0]
    assert copied.clusters == QUERIES
    assert copied.difference.value == pytest.approx(alone.difference.value)
    assert alone.difference.interval is not None
    assert copied.difference.interval is not None
    assert copied.difference.interval.low == pytest.approx(alone.difference.interval.low, abs=1e-3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_scores_that_chance_explains_are_no_copies(value: float) -> None:
    frame = table().with_columns(value=pl.lit(value))
    found = distinct(pivot(frame))
    assert found.notes == ()
    assert found.table.seeds["old"] == (1, 2, 3)
