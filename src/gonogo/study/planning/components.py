"""Components of a study that only an extra brings: told before anything is fetched or trained."""

from __future__ import annotations

from collections.abc import Iterator

from gonogo.core.errors import UserError
from gonogo.core.extras import is_installed, require
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.spec.training import Tracker


def require_components(study: ResolvedStudy) -> None:
    """Go on if everything is installed that the arms name.

    Data sets of a hub are left to their readers: what is in the cache needs no extra.

    Raises:
        UserError: naming the key of the study file and the command that installs.
    """
    for config in _trained(study):
        for tracker in config.training.trackers:
            _require_tracker(tracker)
    for name, task in study.evaluation.tasks.items():
        if task.needs_index:
            require(
                "ann",
                "an approximate index",
                place=f"evaluation.tasks.{name}.against",
                otherwise="leave out evaluated tasks against: exact",
            )


def _trained(study: ResolvedStudy) -> Iterator[TrialConfig]:
    for arm, config in study.arms.items():
        if arm not in study.idle_arms:
            yield config


def _require_tracker(tracker: Tracker) -> None:
    place, otherwise = "training.trackers", "leave it out"
    if tracker == "tensorboard":
        require("trackers", f"the tracker {tracker}", place=place, otherwise=otherwise)
    elif not is_installed(tracker):  # their packages have their own names, bounds and accounts
        hint = f"pip install {tracker}, or {otherwise}"
        raise UserError(f"{tracker} is not installed", place=place, hint=hint)
