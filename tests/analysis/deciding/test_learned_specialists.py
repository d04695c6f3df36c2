"""A specialist that learned nothing decides nothing, and the verdict says so with its figures."""

from __future__ import annotations

import polars as pl
import pytest
from planted_verdicts import where
from study_values import TRIO

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.gates.freezing import freeze_gate, frozen_gate
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.spec.rule.gates import ImprovementGate, InterferenceGate


def raw_row(frame: pl.DataFrame, share: float, name: str = "untrained") -> pl.DataFrame:
    """Return an untrained row that keeps a share of the specialists' scores on embed."""
    own = where(arm="emb_only", task="embed") | where(arm="rank_only", task="rerank")
    return frame.filter(own & where(seed=1)).with_columns(
        pl.lit(name).alias("arm"),
        pl.lit(None, dtype=pl.Int64).alias("seed"),
        pl.col("value") * pl.when(pl.col("task") == "embed").then(share).otherwise(0.5),
    )


def judged(frame: pl.DataFrame, raw: pl.DataFrame, **gate: object) -> VerdictFile:
    rule = InterferenceGate.model_validate({**TRIO, **gate})
    expected = Expected(references=tuple(raw["arm"].unique()))
    frozen = frozen_gate(None, freeze_gate(rule, {}, (1, 2, 3), {}))
    return decide(pl.concat([frame, raw]), frozen, expected)


@pytest.mark.parametrize("share", [1.03, 1.0, 0.992, 0.985])
def test_a_specialist_that_learned_next_to_nothing_makes_the_verdict_invalid(
    interference, share
) -> None:
    """Its joint arm has fallen back to the untrained model: no loss of anything."""
    frame = interference(1 - share, 0.003, seed_noise=1e-4, query_noise=0.001)
    found = judged(frame, raw_row(frame, share))
    assert found.decision.verdict == "INVALID"
    assert found.decision.sentence.startswith(
        "INVALID, not interpretable: emb_only is not shown to have learned embed: nDCG@10 0."
    )
    assert found.effects[0].verdict == "INVALID"
    assert found.effects[1].verdict == "FAIL"
    assert "train the tasks together" not in found.decision.next_actions


def test_a_specialist_that_learned_a_tenth_is_judged_and_keeps_what_it_learned(
    interference,
) -> None:
    frame = interference(0.03, 0.003)
    found = judged(frame, raw_row(frame, 0.9))
    assert found.decision.verdict == "PASS"
    learning = found.effects[0].learning
    assert learning.shown
    assert learning.share.value == pytest.approx(0.1)
    # (C - U) / (R - U) = (0.97 - 0.9) / (1 - 0.9)
    assert learning.retention.value == pytest.approx(0.7)
    assert learning.retention.interval.method == "Fieller, seeds x queries"


def test_a_pass_on_one_task_stands_and_names_the_task_that_says_nothing(interference) -> None:
    frame = interference(0.003, 0.04)
    found = judged(frame, raw_row(frame, 1.0))
    assert found.decision.verdict == "PASS"
    assert any(line.startswith("not counted: emb_only is not") for line in found.decision.warnings)


def test_the_row_without_training_is_known_by_its_role_and_not_by_its_name(interference) -> None:
    frame = interference(0.003, 0.003)
    raw = raw_row(frame, 1.0, "backbone")
    assert judged(frame, raw, untrained="backbone").decision.verdict == "INVALID"
    plan = Expected(references=("backbone",), untrained="backbone")
    gate = frozen_gate(None, freeze_gate(InterferenceGate(**TRIO), {}, (1, 2, 3), {}))
    assert decide(pl.concat([frame, raw]), gate, plan).decision.verdict == "INVALID"


def test_without_such_a_row_the_verdict_says_that_learning_was_not_checked(interference) -> None:
    frame = interference(0.03, 0.003)
    found = judged(frame, raw_row(frame, 0.5, "bm25"))
    assert found.decision.verdict == "PASS"
    assert "whether emb_only learned anything was not checked" in found.decision.warnings[0]
    assert found.effects[0].learning is None


def test_a_row_that_the_gate_names_and_nobody_scored_is_a_hole(interference) -> None:
    frame = interference()
    found = judged(frame, raw_row(frame, 0.5), untrained="raw")
    assert found.decision.verdict == "INCOMPLETE"
    assert found.decision.missing[0] == (
        "raw (gate.untrained), embed, nDCG@10: not on every judged query"
    )
    partly = raw_row(frame, 0.5, "raw").filter(pl.col("query_id") != "q3")
    assert judged(frame, partly, untrained="raw").decision.verdict == "INCOMPLETE"


def gain(frame: pl.DataFrame, **plan: object) -> VerdictFile:
    rule = ImprovementGate(task="embed", candidate="joint_single", baseline="emb_only")
    frozen = frozen_gate(None, freeze_gate(rule, {}, (1, 2, 3), {}))
    return decide(frame, frozen, Expected(**plan))


def test_of_a_gain_either_arm_must_have_learned(interference) -> None:
    frame = interference(0.003, 0.0).filter(pl.col("task") == "embed")
    idle = pl.concat([frame, raw_row(frame, 1.0)])
    found = gain(idle)
    assert found.decision.verdict == "INVALID"
    assert "neither emb_only nor joint_single is shown to have learned" in found.decision.sentence
    learned = pl.concat([frame, raw_row(frame, 0.9)])
    assert gain(learned).decision.verdict == "FAIL"
    # A row that nothing trains has nothing to learn.
    assert gain(idle, references=("untrained", "emb_only")).decision.verdict == "FAIL"


def test_a_shown_gain_is_learning_too(interference) -> None:
    frame = interference(-0.1, 0.0).filter(pl.col("task") == "embed")
    assert gain(pl.concat([frame, raw_row(frame, 1.0)])).decision.verdict == "PASS"
