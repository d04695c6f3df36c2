"""Arms x seeds x tier -> trials: what is done, what is stale, what will run, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from gonogo.core.errors import UserError
from gonogo.spec.evaluation.references import Reference
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.study.folder.fingerprints import Hasher, Inputs
from gonogo.study.folder.layout import StudyFolder, TrialFolder
from gonogo.study.folder.states import Standing, inspect, is_scored

Action = Literal["run", "resume", "evaluate", "skip"]

_ACTIONS: dict[str, Action] = {
    "new": "run",
    "stale": "run",
    "training": "resume",
    "trained": "evaluate",
    "finished": "skip",
}


@dataclass(frozen=True)
class PlannedTrial:
    """One arm on one seed: what will happen to it and why."""

    arm: str
    seed: int
    config: TrialConfig
    folder: TrialFolder
    training: Inputs
    evaluation: Inputs
    standing: Standing
    action: Action
    reason: str
    forced: bool = False
    """It was asked for whatever stands there."""
    scored: bool = True
    """Whether its scores are wanted, or the looks of its training alone."""

    @property
    def name(self) -> str:
        """Return ``arm/seed_n``."""
        return f"{self.arm}/seed_{self.seed}"


@dataclass(frozen=True)
class PlannedReference:
    """One comparison row that nothing trains, and whether it still has to be scored."""

    row: Reference
    config: TrialConfig
    seed: int
    """Seed of untrained heads."""
    folder: TrialFolder
    inputs: Inputs
    action: Action

    @property
    def name(self) -> str:
        """Return the row's name in tables and folders."""
        return self.row.name


@dataclass(frozen=True)
class Plan:
    """All trials of a study at one tier, in the order in which they run."""

    study: ResolvedStudy
    folder: StudyFolder
    beside: Path
    trials: tuple[PlannedTrial, ...]
    references: tuple[PlannedReference, ...]
    missing: dict[str, str] = field(default_factory=dict)
    """Data and weights that a run would have to fetch first."""
    to_make: dict[str, str] = field(default_factory=dict)
    """Data that a run makes first, and how much of them."""
    only: str | None = None
    """The pattern that left other trials out."""

    @property
    def to_do(self) -> tuple[PlannedTrial, ...]:
        """Return the trials that are not finished."""
        return tuple(trial for trial in self.trials if trial.action != "skip")

    @property
    def left(self) -> int:
        """Return how many trials and reference rows are not finished."""
        return len(self.to_do) + sum(row.action != "skip" for row in self.references)

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.left == 0


def make_plan(
    study: ResolvedStudy,
    folder: StudyFolder,
    beside: Path,
    *,
    only: str | None = None,
    force: bool = False,
    fetch: bool | None = False,
    file: Path | None = None,
) -> Plan:
    """Look at every trial of a study and say what is to be done; touches nothing.

    Args:
        study: the study at its tier.
        folder: where its outputs are.
        beside: the folder of the study file.
        only: a pattern on ``arm``, ``arm/seed_n`` or an experiment; other trials are left out. One
            that matches reference rows alone leaves out all trials and the other rows.
        force: run even what is finished.
        fetch: fetch data and weights that are not on this machine; without it they are listed, and
            with None data that lie in no folder are listed, too.
        file: the study file, named in errors.

    Raises:
        UserError: if data or weights do not exist (and are not listed), the pattern matches
            nothing, or, where data is fetched, something is not installed that the study names.
    """
    if fetch:
        from gonogo.study.planning.components import require_components

        require_components(study)
    hasher = Hasher(beside, bool(fetch), file, fetch is None, study.sources)
    trials = []
    for (arm, seed), on_request in study.places(on_request=True).items():
        if not _is_wanted(study, arm, seed, only):
            continue
        config = study.arms[arm]
        inputs = hasher.training_inputs(config, seed), hasher.evaluation_inputs(config)
        unasked = on_request and only is None
        trial = _plan_trial(arm, seed, config, folder, *inputs, force and not unasked)
        if not unasked or trial.action == "skip":  # what was asked for once is shown ever after
            trials.append(trial)
    references = _plan_references(study, folder, hasher)
    if not trials:
        references = tuple(row for row in references if fnmatch(row.name, only or "*"))
        if not references:
            raise _matches_nothing(study, only)
    missing, to_make = hasher.missing, hasher.to_make
    return Plan(study, folder, beside, tuple(trials), references, missing, to_make, only)


def _matches_nothing(study: ResolvedStudy, only: str | None) -> UserError:
    named = {
        "arms": [arm for arm in study.arms if arm not in study.idle_arms],
        "experiments": list(study.experiments),
        "reference rows": [row.name for row in study.evaluation.references],
        "never trained, for no experiment names them": list(study.idle_arms),
    }
    names = "; ".join(f"{kind}: {', '.join(found)}" for kind, found in named.items() if found)
    return UserError(f"{only!r} matches no trial", place="only", hint=names)


def _is_wanted(study: ResolvedStudy, arm: str, seed: int, only: str | None) -> bool:
    """Tell whether a trial is asked for: by its arm, its name, or an experiment that holds it."""
    if only is None or fnmatch(arm, only) or fnmatch(f"{arm}/seed_{seed}", only):
        return True
    return any(
        fnmatch(name, only) and row.arm == arm and seed in (row.seeds or ())
        for name, row in study.experiments.items()
    )


def plan_again(plan: Plan) -> Plan:
    """Look at the files again, and at nothing else: what is to be done may have been done since.

    Whoever plans before it holds the study's lock plans on what another run is changing.
    """
    trials = (
        _plan_trial(t.arm, t.seed, t.config, plan.folder, t.training, t.evaluation, t.forced)
        for t in plan.trials
    )
    rows = (_with_action(row) for row in plan.references)
    return replace(plan, trials=tuple(trials), references=tuple(rows))


def _plan_trial(
    arm: str,
    seed: int,
    config: TrialConfig,
    folder: StudyFolder,
    training: Inputs,
    evaluation: Inputs,
    force: bool,
) -> PlannedTrial:
    place = folder.trial(arm, seed)
    standing = inspect(place, training, evaluation)
    if standing.state in ("new", "stale") and not force:
        place, standing = _set_aside(folder, arm, seed, training, evaluation) or (place, standing)
    action, reason = _ACTIONS[standing.state], standing.reason
    if standing.state == "stale":
        reason = f"stale: {reason}"
    if standing.error:
        reason = f"{reason}; last attempt: {standing.error}"
    if force:
        action, reason = "run", "forced"
    return PlannedTrial(
        arm, seed, config, place, training, evaluation, standing, action, reason, force
    )


def _set_aside(
    folder: StudyFolder, arm: str, seed: int, training: Inputs, evaluation: Inputs
) -> tuple[TrialFolder, Standing] | None:
    """Find a trial that other settings have pushed aside and that is just what is wanted now.

    A trial is known by its fingerprint, not by its place: whoever tries a setting and goes back
    to the old one computes nothing again.
    """
    for path in reversed(folder.aside(arm, seed)):
        place = TrialFolder(path)
        standing = inspect(place, training, evaluation)
        if standing.state not in ("new", "stale"):
            where = path.relative_to(folder.path)
            return place, replace(standing, reason=f"{standing.reason} (in {where})")
    return None


def _plan_references(
    study: ResolvedStudy, folder: StudyFolder, hasher: Hasher
) -> tuple[PlannedReference, ...]:
    first, seed = next(iter(study.arms.values())), study.seeds[0]  # whose model a row starts from
    config = first.model_copy(update={"evaluation": study.evaluation})
    rows = []
    for row in study.evaluation.references:
        inputs = hasher.reference_inputs(row, config, seed)
        place = folder.reference(row.name)
        rows.append(_with_action(PlannedReference(row, config, seed, place, inputs, "evaluate")))
    return tuple(rows)


def _with_action(row: PlannedReference) -> PlannedReference:
    return replace(row, action="skip" if is_scored(row.folder, row.inputs) else "evaluate")
