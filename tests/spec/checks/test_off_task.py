"""Arms are scored on what they were trained on alone where the study says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.study import ResolvedStudy

Write = Callable[..., Path]
OFF = "evaluation.off_task=false"


def scored(found: ResolvedStudy) -> dict[str, list[str]]:
    return {name: list(arm.evaluation.tasks) for name, arm in found.arms.items()}


def test_each_arm_is_scored_on_its_own_tasks_and_references_on_all(study: Write) -> None:
    everything = ["embed", "rerank"]
    assert scored(resolve(study())) == {
        "emb_only": everything,
        "rank_only": everything,
        "joint_single": everything,
    }
    found = resolve(study(), overrides=(OFF,))
    assert scored(found) == {
        "emb_only": ["embed"],
        "rank_only": ["rerank"],
        "joint_single": everything,
    }
    assert list(found.evaluation.tasks) == everything
    again = ResolvedStudy.model_validate(found.model_dump(mode="json", by_alias=True))
    assert again.arms == found.arms


def test_a_gate_that_judges_an_arm_off_task_is_refused(study: Write) -> None:
    swapped = "gate.specialists={embed: rank_only, rerank: emb_only}"
    assert resolve(study(), overrides=(swapped,)).gate
    message = r"evaluation\.off_task: leaves 'rank_only' unscored on 'embed'.*off_task true"
    with pytest.raises(UserError, match=message):
        resolve(study(), overrides=(swapped, OFF))


def test_an_arm_without_any_score_is_refused(study: Write) -> None:
    path = study("evaluation:", "evaluation:\n  tasks: {embed: {kind: retrieval}}")
    gate = "gate={kind: improvement, task: embed, candidate: joint_single, baseline: emb_only}"
    with pytest.raises(UserError, match=r"leaves arm 'rank_only' without any score"):
        resolve(path, overrides=(gate, OFF))
