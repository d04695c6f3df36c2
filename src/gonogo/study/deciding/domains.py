"""Which data sets some arm of a study, or some model, was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gonogo.core.errors import UserError
from gonogo.data.sources.evaluation_sets import EvaluationSet
from gonogo.data.weights.model_places import ModelPlace
from gonogo.spec.data.beir_sets import BEIR_PUBLIC
from gonogo.spec.reading.reading import read_mapping
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.spec.task.tasks import RelevanceTask, RetrievalTask
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.scored import scored_as


def in_domain(study: ResolvedStudy) -> tuple[str, ...]:
    """Return the scored data sets, by name, that are in domain for at least one arm.

    A data set counts when a task trains on one of the same name, whatever the split, or when the
    evaluation says so. One arm is enough: every row's averages are then over the same sets.
    """
    scored = scored_as(study.evaluation)
    trained = {name for arm in study.arms.values() for name in _names(arm)}
    names = {group for name, group in scored.items() if trained & {name, group}}
    return tuple(name for name in dict.fromkeys(scored.values()) if name in names)


def _names(config: TrialConfig) -> set[str]:
    """Return the names of what a trial trains on, and of what its study calls in domain."""
    names = set(config.evaluation.in_domain)
    for task in config.tasks.values():
        if isinstance(task, RetrievalTask | RelevanceTask):
            names.update(data.name for data in task.data)
    return names


@dataclass(frozen=True)
class Domains:
    """Which sets are in domain for at least one model."""

    sets: tuple[str, ...]
    note: str = ""
    """Who says so, and of which models nobody does."""


def models_domains(places: Sequence[ModelPlace], sets: Sequence[EvaluationSet]) -> Domains:
    """Return which sets the trials among some models were trained on, as they noted it."""
    trained = {place.label: trained_on(place) for place in places if place.kind != "bm25"}
    noted = [names for names in trained.values() if names is not None]
    found = tuple(one.name for one in sets if _names_of(one) & set().union(*noted))
    unknown = [label for label, names in trained.items() if names is None]
    parts = []
    if noted:
        parts.append(f"in domain by the trials' own record: {', '.join(found) or 'no set'}")
    if unknown:
        parts.append(f"in-domain sets not known for {', '.join(unknown)}; `in_domain` names them")
    return Domains(found, "; ".join(parts))


def trained_on(place: ModelPlace) -> set[str] | None:
    """Return the names of the sets that a model was trained on; None where no trial noted them."""
    source = place.source
    if place.kind != "saved" or source is None or source.path.parent.name != "checkpoints":
        return None
    try:
        record = read_mapping(TrialFolder(source.path.parents[1]).config)
        return _names(TrialConfig.model_validate(record.get("config")))
    except (UserError, ValueError):  # a copy without its record, or one of an earlier version
        return None


def _names_of(one: EvaluationSet) -> set[str]:
    """Return all names of a set: BEIR's public ones are the same in a folder and on the hub."""
    public = [spec.name for beir in BEIR_PUBLIC if beir.name == one.name for spec in beir.specs]
    return {one.name, *(member.name for member in one.members), *public}
