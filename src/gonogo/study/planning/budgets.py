"""One training of each arm, longer than the study's, that is looked at on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.spec.checks.monitor_checks import check_monitors
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.spec.training import Validation
from gonogo.study.folder.layout import StudyFolder

SHARES = (0.25, 0.5, 1.0, 2.0)
"""Of the study's own budget."""
FOLDER = "learning"
"""Below the study's; what lies there is none of its trials."""


def checked_shares(shares: Sequence[float]) -> tuple[float, ...]:
    """Return shares of a budget in ascending order.

    Raises:
        UserError: if there are none, or one is not above zero.
    """
    if not shares or min(shares) <= 0 or max(shares) == float("inf"):
        told = ", ".join(f"{share:g}" for share in shares)
        raise UserError(
            "budgets are shares of the study's own, above 0",
            place="budgets",
            value=told,
            hint=",".join(f"{share:g}" for share in SHARES),
        )
    return tuple(sorted(set(shares)))


def learning_study(study: ResolvedStudy, shares: Sequence[float], seed: int) -> ResolvedStudy:
    """Return the study whose arms train to the largest share of their budget, on one seed.

    Every limit of the budget grows alike: epochs, ``training.max_steps`` and each task's own. The
    learning-rate curve, a warm-up in fractions and stages span the longer training. Looks are due
    before the first step and at each share; those of a study that names looks keep their data.

    Raises:
        UserError: if an arm cannot train that long, such as beyond the end of its curriculum.
    """
    longest = max(shares)
    at = (0.0, *(share / longest for share in shares))
    arms = {name: _longer(config, longest, at) for name, config in study.arms.items()}
    for name, config in arms.items():
        try:
            check_monitors(name, config, Path(study.study))
        except UserError as error:
            hint = f"{error.hint}; or ask for shorter budgets than {longest:g} x"
            raise UserError(error.message, file=error.file, place=error.place, hint=hint) from error
    nothing: dict[str, Any] = {"experiments": {}, "summary": None, "criteria": {}}
    return study.model_copy(update={"arms": arms, "seeds": (seed,), **nothing})


def learning_folder(folder: StudyFolder) -> StudyFolder:
    """Return where these trainings are kept."""
    return StudyFolder(folder.path / FOLDER)


def _longer(config: TrialConfig, times: float, at: tuple[float, ...]) -> TrialConfig:
    training = config.training
    looks = (training.validation or Validation()).model_copy(update={"at": at})
    longer = {
        "epochs": training.epochs * times,
        "max_steps": _steps(training.max_steps, times),
        "validation": looks,
        "log_every": 1,  # exposure and time are read at looks
        "trackers": (),
    }
    tasks = {
        name: task.model_copy(update={"max_steps": _steps(task.max_steps, times)})
        for name, task in config.tasks.items()
    }
    update = {"training": training.model_copy(update=longer), "tasks": tasks, "monitors": ()}
    return config.model_copy(update=update)


def _steps(most: int | None, times: float) -> int | None:
    return None if most is None else max(1, round(most * times))
