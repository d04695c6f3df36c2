"""A specialist that learned nothing makes its ratio worthless, and the verdict says so."""

from __future__ import annotations

import polars as pl
from study_values import TRIO

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.gates.freezing import freeze_gate, frozen_gate
from gonogo.analysis.promised.expected import Expected
from gonogo.spec.rule.gates import InterferenceGate


def warnings(frame: pl.DataFrame, untrained: float) -> tuple[str, ...]:
    """Judge a table beside an untrained row that keeps a share of the specialists' scores."""
    raw = frame.filter((pl.col("arm") != "joint_single") & (pl.col("seed") == 1))
    own = ((pl.col("arm") == "emb_only") & (pl.col("task") == "embed")) | (
        (pl.col("arm") == "rank_only") & (pl.col("task") == "rerank")
    )
    raw = raw.filter(own).with_columns(
        pl.lit("untrained").alias("arm"),
        pl.lit(None, dtype=pl.Int64).alias("seed"),
        pl.col("value") * pl.when(pl.col("task") == "embed").then(untrained).otherwise(0.5),
    )
    gate = frozen_gate(None, freeze_gate(InterferenceGate(**TRIO), {}, (1, 2, 3), {}))
    expected = Expected(references=("untrained",))
    return decide(pl.concat([frame, raw]), gate, expected).decision.warnings


def test_a_specialist_below_the_untrained_backbone_is_said(interference) -> None:
    found = [line for line in warnings(interference(), 1.1) if "has not learned" in line]
    assert len(found) == 1
    assert found[0].startswith("emb_only has not learned embed: nDCG@10 ")


def test_a_specialist_that_learned_gives_no_such_warning(interference) -> None:
    assert not [line for line in warnings(interference(), 0.9) if "has not learned" in line]


def test_equal_to_the_untrained_backbone_is_not_learned(interference) -> None:
    assert [line for line in warnings(interference(), 1.0) if "has not learned" in line]
