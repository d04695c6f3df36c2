"""Any models on any sets, side by side: resumable for each pair, and nothing dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gonogo.analysis.estimates.arm_scores import arm_scores
from gonogo.analysis.estimates.group_means import group_means
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.effects import ArmScore, GroupMean
from gonogo.analysis.tables.scores import pivot
from gonogo.core.errors import UserError, nearest
from gonogo.core.metrics import parse_measure
from gonogo.core.progress import Progress
from gonogo.core.types import Device, Precision
from gonogo.data.files.score_table import SCHEMA
from gonogo.data.sources.evaluation_sets import EvaluationSet
from gonogo.data.weights.model_places import ModelPlace
from gonogo.evaluation.encoding.embedding_model import EmbeddingModel
from gonogo.models.build.any_model import Prompts, load_any
from gonogo.report.tables.model_tables import ModelComparison, SetRow
from gonogo.study.deciding.domains import Domains, models_domains
from gonogo.study.trained.evaluate_model_parts import (
    TASK,
    Part,
    PartFiles,
    Settings,
    failure,
    part_key,
    score_part,
)


@dataclass(frozen=True)
class Machine:
    """Where models compute, and what stands before their texts."""

    device: Device = "cpu"
    precision: Precision = "fp32"
    prompts: Prompts = field(default_factory=Prompts)
    fetch: bool = True
    """Download data sets that are not here."""


@dataclass(frozen=True)
class Evaluation:
    """Every part, and the means over what all models share."""

    settings: Settings
    parts: tuple[Part, ...]
    """One for each model and set, also those that failed."""
    domains: Domains
    scores: tuple[ArmScore, ...]
    means: tuple[GroupMean, ...]

    @property
    def comparison(self) -> ModelComparison:
        """Return what tables show of it."""
        return ModelComparison(
            [SetRow(**vars(part)) for part in self.parts], self.scores, self.means
        )


def evaluate_models(
    places: Sequence[ModelPlace],
    sets: Sequence[EvaluationSet],
    folder: Path,
    settings: Settings,
    machine: Machine,
    *,
    progress: Progress,
    in_domain: Sequence[str] | None = None,
) -> Evaluation:
    """Score every model on every set; what ``folder`` holds already is kept.

    Args:
        places: the models.
        sets: what they are scored on.
        folder: where parts are kept.
        settings: measures and queries.
        machine: where and how models compute.
        progress: shown a bar over parts.
        in_domain: sets that count as in domain; None takes those that the trials among the models
            were trained on.

    Raises:
        UserError: for two models of one name, an unknown set in ``in_domain``, a measure deeper
            than the rankings, or a model that cannot be read.
    """
    _check(places, sets, settings, in_domain or ())
    named = None if in_domain is None else Domains(tuple(in_domain))
    domains = named or models_domains(places, sets)
    parts, frames = [], []
    bar = progress.bar("sets", len(places) * len(sets))
    for place in places:
        for part, frame in _model_parts(place, sets, folder, settings, machine, progress):
            parts.append(part)
            frames += [] if frame is None else [frame]
            bar.advance()
    bar.close()
    return _summary(parts, frames, settings, domains)


def _check(
    places: Sequence[ModelPlace],
    sets: Sequence[EvaluationSet],
    settings: Settings,
    in_domain: Sequence[str],
) -> None:
    refuse_same_labels(places)
    known = [one.name for one in sets]
    for name in in_domain:
        if name not in known:
            hint = nearest(name, known)
            raise UserError(f"{name!r} is not scored", place="in_domain", hint=hint)
    for metric in settings.metrics:
        if (parse_measure(metric).cutoff or settings.depth + 1) > settings.depth:
            raise UserError(f"{metric} looks deeper than rank {settings.depth}", place="metrics")


def refuse_same_labels(places: Sequence[ModelPlace]) -> None:
    """Refuse models that tables could not tell apart.

    Raises:
        UserError: naming what two are called.
    """
    labels = [place.label for place in places]
    for label in labels:
        if labels.count(label) > 1:
            raise UserError(f"two models are called {label!r}", hint="rename one of the folders")


def _model_parts(
    place: ModelPlace,
    sets: Sequence[EvaluationSet],
    folder: Path,
    settings: Settings,
    machine: Machine,
    progress: Progress,
) -> Iterator[tuple[Part, pl.DataFrame | None]]:
    """Yield what became of each set; the model is loaded when the first one is really scored."""
    how = [machine.device, machine.precision, machine.prompts.query, machine.prompts.passage]
    loaded: list[EmbeddingModel | None] = []
    identity = place.fingerprint
    for one in sets:
        files = PartFiles(folder, place.label, one.name)
        if one.unavailable:
            yield Part(place.label, one.name, "not available", one.unavailable), None
            continue
        try:
            key = part_key(identity, one, settings, how, fetch=machine.fetch)
            kept = _kept(files, key, progress)
            if kept is None:
                loaded = loaded or [_load(place, machine)]
                part, frame = score_part(loaded[0], place.label, one, settings, progress, files.run)
                files.keep(key, part, frame)
                kept = part, files.read()
            yield kept
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        # The table tells it, and the other sets are scored all the same; a panic in a library of
        # Rust is no Exception.
        except BaseException as error:
            part = failure(place.label, one, error)
            progress.say(f"{place.label}, {one.name}: {part.status}: {part.note}")
            yield part, None


def _kept(files: PartFiles, key: str, progress: Progress) -> tuple[Part, pl.DataFrame] | None:
    """Return what is kept of the same inputs; what cannot be read is as good as missing."""
    try:
        part = files.found(key)
        return None if part is None else (part, files.read())
    except (UserError, KeyError, TypeError) as error:
        progress.say(f"{files.model}, {files.dataset}: scored anew, for what was kept: {error}")
        return None


def _load(place: ModelPlace, machine: Machine) -> EmbeddingModel | None:
    if place.kind == "bm25":
        return None
    return load_any(
        place, device=machine.device, precision=machine.precision, prompts=machine.prompts
    )


def _summary(
    parts: list[Part], frames: list[pl.DataFrame], settings: Settings, domains: Domains
) -> Evaluation:
    """Put the parts together; a set that one model lacks is in nobody's mean."""
    table = pivot(pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA))
    scored = {part.model for part in parts if part.status == "scored"}
    expected = Expected(arms=dict.fromkeys(sorted(scored), (TASK,)))
    rows, _ = arm_scores(table, expected)
    # a model without any score shares no set with the others
    everyone = scored == {part.model for part in parts}
    means = group_means(table, expected, domains.sets) if everyone else ()
    order = {model: place for place, model in enumerate(dict.fromkeys(p.model for p in parts))}
    sets = {name: place for place, name in enumerate(dict.fromkeys(p.dataset for p in parts))}

    def place_of(score: ArmScore) -> tuple[int, int, int]:
        metric = settings.metrics.index(score.metric)
        return metric, order[score.arm], sets.get(score.dataset or "", -1)

    single = sorted((row for row in rows if row.dataset is not None), key=place_of)
    return Evaluation(
        settings,
        tuple(parts),
        domains,
        tuple(single),
        tuple(sorted(means, key=place_of)),
    )
