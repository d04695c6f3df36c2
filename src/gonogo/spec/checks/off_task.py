"""Which tasks an arm is scored on where a study leaves out those that it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import TrialConfig

_KEY = "evaluation.off_task"


def without_off_task(
    arms: Mapping[str, TrialConfig], evaluation: EvaluationSpec, gate: GateSpec, path: Path
) -> dict[str, TrialConfig]:
    """Return the arms with what they are scored on, under `EvaluationSpec.off_task`.

    An evaluated task that no arm is trained on looks at them all from outside and stays.

    Raises:
        UserError: for an arm that is left with nothing, or without what the gate judges.
    """
    if evaluation.off_task:
        return dict(arms)
    taught = {task for config in arms.values() for task in config.tasks}
    found = {}
    for name, config in arms.items():
        tasks = {
            task: protocol
            for task, protocol in config.evaluation.tasks.items()
            if task in config.tasks or task not in taught
        }
        if not tasks:
            raise UserError(
                f"leaves arm {name!r} without any score",
                file=path,
                place=_KEY,
                hint="evaluate a task that it is trained on, or leave off_task true",
            )
        own = config.evaluation.model_copy(update={"tasks": tasks})
        found[name] = config.model_copy(update={"evaluation": own})
    for arm, task in gate.judged_on:
        if arm in found and task not in found[arm].evaluation.tasks:
            raise UserError(
                f"leaves {arm!r} unscored on {task!r}, which the gate judges it on",
                file=path,
                place=_KEY,
                hint="leave off_task true",
            )
    return found
