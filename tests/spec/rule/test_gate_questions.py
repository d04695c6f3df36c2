"""What a gate says of itself, whatever its kind."""

from __future__ import annotations

import pytest

from gonogo.spec.rule.gate_parts import Contrast, GateParts, Lines
from gonogo.spec.rule.gates import BandsGate, ImprovementGate, InterferenceGate

LOSS = InterferenceGate(joint="both", specialists={"embed": "one", "rerank": "two"})
GAIN = ImprovementGate(
    task="embed",
    candidate="new",
    baseline=("old", "bm25"),
    untrained="raw",
    datasets="sample",
    guardrails=(
        {"margin": 0.01, "metric": "AP"},
        {"margin": 0.01, "task": "rerank", "against": "two"},
    ),
)
LEVEL = BandsGate(
    task="embed",
    metric="AP",
    arm="a",
    bands=(
        {"name": "x", "least": 0, "verdict": "FAIL"},
        {"name": "y", "least": 1, "verdict": "PASS"},
    ),
)


@pytest.mark.parametrize(
    ("gate", "arms", "tasks", "candidate", "baseline", "sampled"),
    [
        (LOSS, ("both", "one", "two"), ("embed", "rerank"), "both", None, False),
        (GAIN, ("bm25", "new", "old"), ("embed",), "new", None, True),
        (LEVEL, ("a",), ("embed",), "a", None, False),
        (
            ImprovementGate(task="t", candidate="new", baseline=["old"]),
            ("new", "old"),
            ("t",),
            "new",
            "old",
            False,
        ),
    ],
)
def test_arms_tasks_and_who_is_judged(gate, arms, tasks, candidate, baseline, sampled) -> None:
    assert (gate.arms, gate.tasks) == (arms, tasks)
    assert (gate.candidate_arm, gate.sole_baseline, gate.sampled) == (candidate, baseline, sampled)


def test_the_reference_is_the_specialist_and_a_level_has_none() -> None:
    assert LOSS.contrasts == (Contrast("embed", "both", "one"), Contrast("rerank", "both", "two"))
    assert [pair.reference for pair in GAIN.contrasts] == ["old", "bm25"]
    assert LEVEL.contrasts[0].arms == ("a",)
    assert LOSS.contrasts[0].arms == ("one", "both")


def test_places_name_the_key_that_names_an_arm() -> None:
    assert LOSS.arm_places == {
        "joint": "both",
        "specialists.embed": "one",
        "specialists.rerank": "two",
    }
    assert GAIN.arm_places == {"candidate": "new"}
    assert GAIN.row_places == {
        "baseline[0]": "old",
        "baseline[1]": "bm25",
        "guardrails[1].against": "two",
        "untrained": "raw",
    }
    assert GAIN.rail_places("metric") == {"guardrails[0].metric": "AP"}
    assert LEVEL.row_places == {}
    assert LOSS.task_places == {"specialists.embed": "embed", "specialists.rerank": "rerank"}


def test_every_row_is_judged_on_the_gates_task_and_on_those_of_its_guardrails() -> None:
    assert set(GAIN.judged_on) == {
        ("new", "embed"),
        ("old", "embed"),
        ("bm25", "embed"),
        ("new", "rerank"),
        ("two", "rerank"),
    }
    assert set(LOSS.judged_on) == {
        ("both", "embed"),
        ("one", "embed"),
        ("both", "rerank"),
        ("two", "rerank"),
    }


def test_bands_have_lines_of_their_own() -> None:
    assert LOSS.lines == Lines(fail=0.01, pass_=0.02)
    assert LEVEL.lines is None


def test_a_gate_that_does_not_say_what_it_needs_cannot_be_made() -> None:
    class Silent(GateParts):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Silent()
