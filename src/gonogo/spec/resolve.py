"""A study file, a tier and overrides to every arm's whole configuration."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError, nearest
from gonogo.spec.gates import BandsGate, GateSpec, ImprovementGate, InterferenceGate
from gonogo.spec.overrides import Layers, parse_override
from gonogo.spec.problems import validate
from gonogo.spec.reading import read_mapping
from gonogo.spec.study import ResolvedStudy, StudyFile, TierSpec, TrialConfig

_STUDY_KEYS = {"study", "question", "seeds", "gate", "tiers"}


def read_study(path: Path, overrides: tuple[str, ...] = ()) -> StudyFile:
    """Read and check a study file; overrides of study-level keys are applied.

    Raises:
        UserError: naming file, place, value and the nearest valid name.
    """
    layers = Layers()
    layers.add(read_mapping(path), "")
    for text in overrides:
        key, value = parse_override(text)
        if key.split(".")[0] in _STUDY_KEYS:
            layers.set(key, value, f"--set {key}")
    return validate(StudyFile, layers.values, path, layers.locate)


def resolve(path: Path, tier: str = "full", overrides: tuple[str, ...] = ()) -> ResolvedStudy:
    """Resolve a study file at one tier.

    Raises:
        UserError: for anything wrong in the file, an unknown tier, or an override of no key.
    """
    file = read_study(path, overrides)
    if tier != "full" and tier not in file.tiers:
        raise UserError(
            f"no tier {tier!r}", file=path, place="tiers", hint=nearest(tier, {*file.tiers, "full"})
        )
    level = file.tiers.get(tier, TierSpec(preliminary=False))
    arms = {name: _resolve_arm(file, path, name, tier, level, overrides) for name in file.arms}
    seeds = file.seeds if _sets_seeds(overrides) else (level.seeds or file.seeds)
    _check_gate(file.gate, arms, path)
    return ResolvedStudy(
        study=file.study,
        question=file.question,
        tier=tier,
        preliminary=level.preliminary,
        seeds=seeds,
        arms=arms,
        gate=file.gate,
        overrides=overrides,
    )


def _sets_seeds(overrides: tuple[str, ...]) -> bool:
    return any(parse_override(text)[0] == "seeds" for text in overrides)


def _resolve_arm(
    file: StudyFile,
    path: Path,
    arm: str,
    tier: str,
    level: TierSpec,
    overrides: tuple[str, ...],
) -> TrialConfig:
    layers = Layers()
    layers.add(deepcopy(file.defaults), "defaults")
    layers.add({"evaluation": deepcopy(file.evaluation)}, "")
    own = deepcopy(file.arms[arm])
    picked = own.pop("tasks") if isinstance(own.get("tasks"), list) else None
    layers.add(own, f"arms.{arm}")
    for key, value in level.set.items():
        _set(layers, key, deepcopy(value), f"tiers.{tier}.set.{key}", arm, file)
    for text in overrides:
        key, value = parse_override(text)
        if key.split(".")[0] not in _STUDY_KEYS:
            _set(layers, key, value, f"--set {key}", arm, file)
    config = validate(TrialConfig, layers.values, path, layers.locate)
    return _pick_tasks(config, picked, "schedule" in own, path, arm)


def _set(layers: Layers, key: str, value: Any, origin: str, arm: str, file: StudyFile) -> None:
    """Apply one dotted key; ``arms.<name>.`` before it limits it to that arm."""
    if not key.startswith("arms."):
        layers.set(key, value, origin)
        return
    target, _, rest = key.removeprefix("arms.").partition(".")
    if target not in file.arms or not rest:
        raise UserError(f"no arm {target!r}", place=origin, hint=nearest(target, file.arms))
    if target == arm:
        layers.set(rest, value, origin)


def _pick_tasks(
    config: TrialConfig, picked: list[Any] | None, own_schedule: bool, path: Path, arm: str
) -> TrialConfig:
    place = f"arms.{arm}.tasks"
    names = list(config.tasks) if picked is None else picked
    if not names:
        raise UserError("an arm needs at least one task", file=path, place=place)
    for name in names:
        if name not in config.tasks:
            hint = nearest(str(name), config.tasks)
            raise UserError(f"no task {name!r}", file=path, place=place, hint=hint)
    if len(set(names)) < len(names):
        raise UserError(f"{names} names a task twice", file=path, place=place)
    if own_schedule and len(names) == 1:
        raise UserError(
            f"a schedule needs several tasks, but the arm has only {names[0]!r}",
            file=path,
            place=f"arms.{arm}.schedule",
            hint="remove it, or add a task",
        )
    return config.model_copy(update={"tasks": {name: config.tasks[name] for name in names}})


def _gate_arms(gate: GateSpec) -> dict[str, str]:
    """Return the arms that a gate names, by the place that names them."""
    match gate:
        case InterferenceGate():
            named = {f"specialists.{task}": arm for task, arm in gate.specialists.items()}
            return {"joint": gate.joint, **named}
        case ImprovementGate():
            return {"candidate": gate.candidate, "baseline": gate.baseline}
        case BandsGate():
            return {"arm": gate.arm}


def _gate_tasks(gate: GateSpec) -> dict[str, str]:
    match gate:
        case InterferenceGate():
            return {f"specialists.{task}": task for task in gate.specialists}
        case ImprovementGate() | BandsGate():
            return {"task": gate.task}


def _check_gate(gate: GateSpec, arms: dict[str, TrialConfig], path: Path) -> None:
    """Refuse a gate that no run of the study could ever satisfy."""
    evaluation = next(iter(arms.values())).evaluation
    known = {*arms, *evaluation.references}
    for place, arm in _gate_arms(gate).items():
        if arm not in known:
            raise UserError(
                f"no arm {arm!r}", file=path, place=f"gate.{place}", hint=nearest(arm, known)
            )
    for place, task in _gate_tasks(gate).items():
        if task not in evaluation.tasks:
            hint = nearest(task, evaluation.tasks)
            raise UserError(
                f"task {task!r} is not evaluated", file=path, place=f"gate.{place}", hint=hint
            )
    if gate.metric not in evaluation.metrics:
        raise UserError(
            f"{gate.metric!r} is not among evaluation.metrics",
            file=path,
            place="gate.metric",
            hint=nearest(gate.metric, evaluation.metrics),
        )
