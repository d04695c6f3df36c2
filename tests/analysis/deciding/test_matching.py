"""TIR under exposure and under updates side by side; the gate says which decides, and why."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from planted_verdicts import where
from pydantic import ValidationError
from study_values import TRIO

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.evidence import Evidence, TrialRecord
from gonogo.analysis.records.verdict import FrozenGate, VerdictFile
from gonogo.core.errors import UserError
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.pages.contents import contents
from gonogo.report.words.gate_words import gate_words
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.rule.gates import InterferenceGate

WHY = "a joint adapter in use sees the data of all its tasks"
BESIDE = {"because": WHY, "beside": {"updates": {"joint": "joint_updates"}}}


def gate(**changes: object) -> InterferenceGate:
    return InterferenceGate.model_validate({**TRIO, **BESIDE, **changes})


def trial(arm: str, steps: int, **examples: int) -> TrialRecord:
    return TrialRecord(arm=arm, seed=1, state="finished", steps=steps, examples=examples)


TRIALS = (
    trial("emb_only", 100, embed=6400),
    trial("rank_only", 100, rerank=800),
    trial("joint_single", 200, embed=6400, rerank=800),
    trial("joint_updates", 100, embed=3200, rerank=400),
)


def judged(frame: pl.DataFrame, rule: InterferenceGate, trials=TRIALS) -> VerdictFile:
    frozen = FrozenGate(spec=rule, fingerprint="f")
    return decide(frame, frozen, Expected(), evidence=Evidence(trials=tuple(trials)))


def with_updates(frame: pl.DataFrame, share: float) -> pl.DataFrame:
    """Add an arm that keeps a share of what the joint arm scores."""
    joint = frame.filter(where(arm="joint_single"))
    other = joint.with_columns(pl.lit("joint_updates").alias("arm"), pl.col("value") * share)
    return pl.concat([frame, other])


def test_both_stand_in_one_table_and_the_gates_own_decides(interference) -> None:
    frame = with_updates(interference(-0.01, -0.01), 0.95)
    found = judged(frame, gate())
    own, other = found.compared
    assert (own.matched, own.decides, other.matched, other.decides) == (
        *("exposure", True),
        *("updates", False),
    )
    assert found.decision.verdict == "FAIL"  # by what it decides by: the joint arm gains
    assert [task.verdict for task in other.tasks] == ["PASS", "PASS"]
    # 1 - 1.01 * 0.95, up to the planted noise
    assert other.tasks[0].estimate.value == pytest.approx(0.0405, abs=0.004)
    assert other.tasks[0].joint == "joint_updates"
    amounts = [(task.examples, task.updates) for row in found.compared for task in row.tasks]
    assert amounts == [(1.0, 2.0), (1.0, 2.0), (0.5, 1.0), (0.5, 1.0)]
    table = next(each for each in contents(found) if each.name == "matching")
    text = markdown(table)
    assert "| exposure (decides) | embed | joint\\_single | emb\\_only |" in text
    assert "| updates | rerank | joint\\_updates | rank\\_only |" in text
    assert f"The gate decides by exposure, because {WHY}." in text
    assert any(
        "matched by exposure decides, because" in line for line in gate_words(found.gate.spec)
    )
    # the joint arm that is not judged by exposure is not blamed for it
    assert not [line for line in found.decision.warnings if "exposure differs" in line]


def test_longer_specialists_are_the_other_way_to_match_updates(interference) -> None:
    rule = gate(beside={"updates": {"specialists": {"embed": "emb_long"}}})
    frame = interference(0.0, 0.0)
    long = frame.filter(where(arm="emb_only")).with_columns(
        pl.lit("emb_long").alias("arm"), pl.col("value") * 1.03
    )
    trials = (*TRIALS, trial("emb_long", 200, embed=12800))
    found = judged(pl.concat([frame, long]), rule, trials)
    embed, rerank = found.compared[1].tasks
    assert (embed.specialist, embed.examples, embed.updates) == ("emb_long", 0.5, 1.0)
    assert rerank.specialist == "rank_only"
    # of rerank the same pair under another name: twice the updates, and that is told
    assert any(
        line
        == "rerank, matched by updates: joint_single has 2.00 x the optimiser steps of rank_only"
        for line in found.decision.warnings
    )


def test_a_gate_that_decides_by_updates_does_not_warn_of_exposure(interference) -> None:
    rule = gate(
        joint="joint_updates", matched="updates", beside={"exposure": {"joint": "joint_single"}}
    )
    found = judged(with_updates(interference(), 1.0), rule)
    said = " | ".join(found.decision.warnings)
    assert "exposure differs" not in said
    assert "matched by" not in said
    assert [row.matched for row in found.compared] == ["updates", "exposure"]


def test_an_arm_without_scores_leaves_a_hole_in_the_table_and_not_in_the_verdict(
    interference,
) -> None:
    found = judged(interference(-0.01, -0.01), gate())
    assert found.decision.verdict == "FAIL"
    assert {task.verdict for task in found.compared[1].tasks} == {"INCOMPLETE"}
    assert found.compared[1].tasks[0].estimate is None


def test_without_others_nothing_changes(interference) -> None:
    plain = judged(interference(), InterferenceGate.model_validate(TRIO))
    assert plain.compared == ()
    assert "matching" not in {table.name for table in contents(plain)}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"because": ""}, "because is empty; say why what is matched by exposure decides"),
        ({"matched": "updates"}, "beside.updates is what the gate itself compares"),
        (
            {"beside": {"updates": {"specialists": {"other": "x"}}}},
            "beside.updates names a task of no specialist: other",
        ),
        ({"beside": {"updates": {}}}, "name another joint arm, other specialists, or both"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        gate(**changes)


def test_arms_beside_are_arms_of_the_study(tiny_study: Path) -> None:
    assert gate().arm_places["beside.updates.joint"] == "joint_updates"
    sets = ("gate.because=it is so", "gate.beside={updates: {joint: joint_singel}}")
    with pytest.raises(UserError, match=r"gate\.beside\.updates\.joint: no arm 'joint_singel'"):
        resolve(tiny_study, overrides=sets)
