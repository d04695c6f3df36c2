"""A study file, a tier and overrides to every arm's whole configuration."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError, nearest
from gonogo.spec.base import Spec
from gonogo.spec.checks.criteria_checks import check_criteria
from gonogo.spec.checks.fit_checks import check_fit
from gonogo.spec.checks.gate_checks import check_gate
from gonogo.spec.checks.monitor_checks import check_monitors
from gonogo.spec.checks.off_task import without_off_task
from gonogo.spec.checks.protocol_checks import refuse_own_protocol
from gonogo.spec.checks.summary_checks import check_summary
from gonogo.spec.checks.twins import joined_twins
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.reading.extending import extended
from gonogo.spec.reading.grids import expand_grids
from gonogo.spec.reading.overrides import Layers, parse_override
from gonogo.spec.reading.problems import validate
from gonogo.spec.reading.reading import read_mapping
from gonogo.spec.study import Experiment, ResolvedStudy, StudyFile, TierSpec, TrialConfig

STUDY_KEYS = set(StudyFile.model_fields) - {"defaults", "arms", "evaluation"}
_TABLES = (("tasks",), ("evaluation", "tasks"))


def read_study(
    path: Path, overrides: tuple[str, ...] = (), values: dict[str, Any] | None = None
) -> StudyFile:
    """Read and check a study file; overrides of study-level keys are applied.

    Args:
        path: the file; named in errors only, where ``values`` are given.
        overrides: texts such as ``seeds=[1, 2]``.
        values: what the file would hold.

    Raises:
        UserError: naming file, place, value and the nearest valid name.
    """
    layers = Layers(StudyFile)
    for layer, origin in extended(path, read_mapping(path) if values is None else values):
        expand_grids(layer, path)
        layers.add(layer, origin)
    for text in overrides:
        key, value = parse_override(text)
        if key.split(".")[0] in STUDY_KEYS:
            layers.set(key, value, f"set {key}")
    return validate(StudyFile, layers.values, path, layers.locate)


def resolve(
    path: Path,
    tier: str = "full",
    overrides: tuple[str, ...] = (),
    values: dict[str, Any] | None = None,
) -> ResolvedStudy:
    """Resolve a study file, or the values that it would hold, at one tier.

    Raises:
        UserError: for anything wrong in the file, an unknown tier, or an override of no key.
    """
    file = read_study(path, overrides, values)
    if tier != "full" and tier not in file.tiers:
        raise UserError(
            f"no tier {tier!r}",
            file=path,
            place="tiers",
            value=tier,
            hint=nearest(tier, {*file.tiers, "full"}),
        )
    level = file.tiers.get(tier, TierSpec(preliminary=False))
    names = _arms_of(file, path, tier, level)
    arms = {name: _resolve_arm(file, path, name, tier, level, overrides) for name in names}
    evaluation = _resolve_evaluation(file, path, tier, level, overrides)
    seeds = file.seeds if _sets_seeds(overrides) else (level.seeds or file.seeds)
    gate = file.gate.without(set(file.arms) - set(names))
    check_gate(gate, arms, evaluation, path)
    arms = without_off_task(arms, evaluation, gate, path)
    for name, config in arms.items():
        check_fit(name, config, path)
        check_monitors(name, config, path)
    check_summary(file.summary, arms, evaluation, path)
    check_criteria(file.criteria, gate, arms, evaluation, path, file.arms)
    experiments = _experiments(file, path, names, seeds, given=_sets_seeds(overrides))
    if overrides or tier != "full":
        experiments = joined_twins(experiments, arms, gate)
    return ResolvedStudy(
        study=file.study,
        question=file.question,
        tier=tier,
        note=level.note,
        preliminary=level.preliminary,
        seeds=seeds,
        arms=arms,
        evaluation=evaluation,
        gate=gate,
        experiments=experiments,
        summary=file.summary,
        criteria=file.criteria,
        sources=file.sources,
        throughput=file.throughput,
        overrides=overrides,
    )


def _arms_of(file: StudyFile, path: Path, tier: str, level: TierSpec) -> tuple[str, ...]:
    """Return the arms that run at this tier, in the order of the study."""
    for name in level.arms or ():
        if name not in file.arms:
            place, hint = f"tiers.{tier}.arms", nearest(name, file.arms)
            raise UserError(f"no arm {name!r}", file=path, place=place, hint=hint)
    return tuple(name for name in file.arms if level.arms is None or name in level.arms)


def _experiments(
    file: StudyFile, path: Path, arms: tuple[str, ...], seeds: tuple[int, ...], *, given: bool
) -> dict[str, Experiment]:
    """Return the experiments that the tier's arms and seeds leave, each with its seeds.

    Seeds that an override has given are those of every row.
    """
    kept = {}
    for name, row in file.experiments.items():
        place = f"experiments.{name}"
        if row.arm not in file.arms:
            hint = nearest(row.arm, file.arms)
            raise UserError(f"no arm {row.arm!r}", file=path, place=f"{place}.arm", hint=hint)
        named = () if given else row.seeds or ()
        for seed in set(named) - set(file.seeds):
            raise UserError(
                f"seed {seed} is not among the study's seeds", file=path, place=f"{place}.seeds"
            )
        own = tuple(seed for seed in seeds if seed in (named or seeds))
        if own and row.arm in arms:
            kept[name] = row.model_copy(update={"seeds": own})
    return kept


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
    layers = Layers(TrialConfig)
    layers.add(deepcopy(file.defaults), "defaults")
    layers.add(_tier_defaults(level, f"tiers.{tier}.defaults", path), f"tiers.{tier}.defaults")
    layers.add({"evaluation": deepcopy(file.evaluation)}, "")
    own = deepcopy(file.arms[arm])
    refuse_own_protocol(own.get("evaluation"), f"arms.{arm}.evaluation", path)
    picked = own.pop("tasks") if isinstance(own.get("tasks"), list) else None
    layers.add(own, f"arms.{arm}")
    _spell_out_evaluation_tasks(layers)
    for key, value in level.set.items():
        _set(layers, key, deepcopy(value), f"tiers.{tier}.set.{key}", arm, file)
    for text in overrides:
        key, value = parse_override(text)
        if key.split(".")[0] not in STUDY_KEYS:
            _set(layers, key, value, f"set {key}", arm, file)
    config = validate(TrialConfig, layers.values, path, layers.locate)
    return _pick_tasks(config, picked, "schedule" in own, path, arm)


def _tier_defaults(level: TierSpec, place: str, path: Path) -> dict[str, Any]:
    if "evaluation" in level.defaults:
        hint = "evaluation belongs to the study: set evaluation.KEY"
        raise UserError("no evaluation here", file=path, place=f"{place}.evaluation", hint=hint)
    return deepcopy(level.defaults)


class _Scored(Spec):
    """What a study says of its evaluation, apart from any arm."""

    evaluation: EvaluationSpec


def _resolve_evaluation(
    file: StudyFile, path: Path, tier: str, level: TierSpec, overrides: tuple[str, ...]
) -> EvaluationSpec:
    """Return what all arms are scored on: what is said for one arm alone does not count."""
    layers = Layers(_Scored)
    if "evaluation" in file.defaults:
        layers.add({"evaluation": deepcopy(file.defaults["evaluation"])}, "defaults")
    layers.add({"evaluation": deepcopy(file.evaluation)}, "")
    _spell_out_evaluation_tasks(layers)
    settings = [(key, value, f"tiers.{tier}.set.{key}") for key, value in level.set.items()]
    settings += [(*parse_override(text), f"set {text.partition('=')[0]}") for text in overrides]
    for key, value, origin in settings:
        if key.split(".")[0] == "evaluation":
            layers.set(key, deepcopy(value), origin)
    return validate(_Scored, layers.values, path, layers.locate).evaluation


def _spell_out_evaluation_tasks(layers: Layers) -> None:
    """Write the default tasks down, so that an override of one keeps its kind and the others."""
    evaluation = layers.values.get("evaluation")
    if isinstance(evaluation, dict) and "tasks" not in evaluation:
        tasks = EvaluationSpec.model_fields["tasks"].default
        dumped = {name: task.model_dump(mode="json") for name, task in tasks.items()}
        layers.add({"evaluation": {"tasks": dumped}}, "")


def _set(layers: Layers, key: str, value: Any, origin: str, arm: str, file: StudyFile) -> None:
    """Apply one dotted key; ``arms.<name>.`` before it limits it to that arm."""
    if key.startswith("arms."):
        target, _, key = key.removeprefix("arms.").partition(".")
        if target not in file.arms:
            raise UserError(f"no arm {target!r}", place=origin, hint=nearest(target, file.arms))
        if not key:
            hint = f"write arms.{target}.KEY, such as arms.{target}.training.epochs"
            raise UserError("an arm is no setting", place=origin, hint=hint)
        top, _, rest = key.partition(".")
        if top == "evaluation":
            refuse_own_protocol({rest: value} if rest else value, origin)
        if target != arm:
            return
    if key.startswith("defaults."):
        raise UserError(
            "unknown key 'defaults'", place=origin, hint=f"write {key.removeprefix('defaults.')}"
        )
    if key == "tasks" and isinstance(value, list):
        raise UserError(
            f"{value!r} would pick tasks", place=origin, hint="an arm picks them in the study file"
        )
    before = {table: _names(layers, table) for table in _TABLES}
    layers.set(key, value, origin)
    for table, known in before.items():
        for name in sorted(_names(layers, table) - known):
            raise UserError(f"no task {name!r}", place=origin, hint=nearest(name, known))


def _names(layers: Layers, table: tuple[str, ...]) -> set[str]:
    """Return the names in a table of tasks, which only defaults and arms may add to."""
    value: Any = layers.values
    for part in table:
        value = value.get(part) if isinstance(value, dict) else None
    return set(value) if isinstance(value, dict) else set()


def _pick_tasks(
    config: TrialConfig, picked: list[Any] | None, own_schedule: bool, path: Path, arm: str
) -> TrialConfig:
    place = f"arms.{arm}.tasks"
    names = list(config.tasks) if picked is None else picked
    if not names:
        raise UserError("an arm needs at least one task", file=path, place=place)
    for name in names:
        if not isinstance(name, str) or name not in config.tasks:
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
