"""A specialist that still rises is told, with the figures; one that nobody looked at, too."""

from __future__ import annotations

import pytest
from study_values import TRIO

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.evidence import Evidence, LookCurve, TrialRecord
from gonogo.analysis.records.verdict import FrozenGate
from gonogo.spec.rule.gates import ImprovementGate, InterferenceGate

GATE = InterferenceGate.model_validate({**TRIO, "pass": 0.02})
ALONE = ("emb_only", "rank_only")


def warnings(frame, looks, gate=GATE, arms=ALONE) -> list[str]:
    trials = tuple(TrialRecord(arm=arm, seed=1, state="finished") for arm in arms)
    evidence = Evidence(trials=trials, looks=tuple(looks))
    found = decide(frame, FrozenGate(spec=gate, fingerprint="f"), Expected(), evidence=evidence)
    return [line for line in found.decision.warnings if "plateau" in line]


def curve(arm: str, values: list[float], seed: int = 1, name: str = "nDCG@10") -> LookCurve:
    """Looks at 0, 1/4, 1/2, 3/4 and the end of 100 steps, beside BM25, which never moves."""
    words = {f"BM25 {name}": (0.9,) * 5}
    return LookCurve(
        arm=arm, seed=seed, steps=(0, 25, 50, 75, 100), figures={name: tuple(values), **words}
    )


def test_the_rise_of_the_last_quarter_is_judged_by_the_line(interference) -> None:
    frame = interference()
    rising = curve("emb_only", [0.2, 0.3, 0.4, 0.48, 0.5])
    flat = curve("rank_only", [0.2, 0.3, 0.49, 0.495, 0.5])
    assert warnings(frame, [rising, flat]) == [
        "embed: emb_only still rose by 4.00 % from step 75 to its end, more than the line of 2 % "
        "(nDCG@10 of its looks): it has not reached its plateau, so the comparison depends on how "
        "much training is matched; train longer, see gonogo learn"
    ]


def test_seeds_are_averaged_and_a_fall_is_no_rise(interference) -> None:
    frame = interference()
    mean = [  # + 4 % and - 2 %: 1 % on average
        curve("emb_only", [0.2, 0.3, 0.4, 0.48, 0.5], seed=1),
        curve("emb_only", [0.2, 0.3, 0.4, 0.51, 0.5], seed=2),
    ]
    assert not [line for line in warnings(frame, mean) if line.startswith("embed")]
    mean[1] = curve("emb_only", [0.2, 0.3, 0.4, 0.495, 0.5], seed=2)
    assert "rose by 2.50 % from step 75" in warnings(frame, mean)[0]
    assert "mean of 2 seeds" in warnings(frame, mean)[0]


@pytest.mark.parametrize("steps", [(100,), (0, 100), (40, 100), (90, 100)])
def test_without_a_late_look_nothing_is_known(interference, steps) -> None:
    values = tuple(0.1 * (1 + place) for place in range(len(steps)))
    looks = [LookCurve(arm="emb_only", seed=1, steps=steps, figures={"nDCG@10": values})]
    told = warnings(interference(), looks)
    assert len(told) == 2
    assert told[0].startswith("embed: emb_only: whether it had reached its plateau was not checked")


def test_the_only_figure_of_a_task_stands_in_for_the_judged_measure(interference) -> None:
    looks = [curve("emb_only", [0.2, 0.3, 0.4, 0.4, 0.5], name="RR@10")]
    assert "RR@10 of its looks" in warnings(interference(), looks)[0]
    several = looks[0].model_copy(
        update={"figures": {**looks[0].figures, "R@5": looks[0].figures["RR@10"]}}
    )
    assert "not checked" in warnings(interference(), [several])[0]


def test_scores_made_elsewhere_and_other_gates_have_no_such_question(interference) -> None:
    frame = interference()
    assert warnings(frame, [], arms=()) == []
    gain = ImprovementGate.model_validate(
        {"metric": "nDCG@10", "task": "embed", "candidate": "joint_single", "baseline": "emb_only"}
    )
    assert warnings(frame, [], gate=gain) == []
