"""Whether models' scores tell how likely a document is relevant, on sets with a train split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gonogo.analysis.statistics.calibration import (
    Calibration,
    calibration_error,
    concatenated,
    fit_monotone,
)
from gonogo.core.errors import UserError
from gonogo.core.progress import Progress
from gonogo.core.types import Split
from gonogo.data.sources.evaluation_sets import EvaluationSet
from gonogo.data.sources.loading import load_dataset
from gonogo.data.weights.model_places import ModelPlace
from gonogo.evaluation.encoding.embedding_model import EmbeddingModel
from gonogo.models.build.any_model import load_any
from gonogo.study.trained.evaluate_model_parts import Settings, rank_set
from gonogo.study.trained.evaluate_models import Machine, refuse_same_labels

Scored = tuple[Float[np.ndarray, " k"], Bool[np.ndarray, " k"]]
"""Scores of a query's documents, and whether each is relevant."""


@dataclass(frozen=True)
class CalibratedSet:
    """One model on one set."""

    model: str
    dataset: str
    found: Calibration | None
    note: str = ""
    """Why there is none."""


def calibrate_models(
    places: Sequence[ModelPlace],
    sets: Sequence[EvaluationSet],
    settings: Settings,
    machine: Machine,
    *,
    progress: Progress,
) -> list[CalibratedSet]:
    """Fit a monotone map on each set's train split, and say how far it is off on the other one.

    Every query's best ``settings.depth`` documents count; a document without a judgement counts as
    not relevant. A set that has no train split, or none that can be read, is told.

    Args:
        places: the models.
        sets: with judgements of a train and of ``settings.split``.
        settings: queries and depth; measures mean nothing here.
        machine: where and how models compute.
        progress: shown a bar over models and sets.

    Raises:
        UserError: for two models of one name, or a model that cannot be read.
    """
    refuse_same_labels(places)
    bar = progress.bar("calibrated sets", len(places) * len(sets))
    rows = []
    for place in places:
        bm25 = place.kind == "bm25"
        model = (
            None
            if bm25
            else load_any(
                place, device=machine.device, precision=machine.precision, prompts=machine.prompts
            )
        )
        for one in sets:
            rows.append(_calibrated(model, place.label, one, settings, progress))
            bar.advance()
    bar.close()
    return rows


def _calibrated(
    model: EmbeddingModel | None,
    label: str,
    one: EvaluationSet,
    settings: Settings,
    progress: Progress,
) -> CalibratedSet:
    if one.unavailable:
        return CalibratedSet(label, one.name, None, one.unavailable)
    try:
        train = list(_scored(model, one, "train", settings, progress))
        test = list(_scored(model, one, settings.split, settings, progress))
        mapped = fit_monotone(*concatenated(train)[:2])
        scores, relevant, queries = concatenated(test)
        found = calibration_error(mapped(scores), relevant, queries)
    except (UserError, ValueError) as error:
        progress.say(f"{label}, {one.name}: {error}")
        return CalibratedSet(label, one.name, None, str(error))
    return CalibratedSet(label, one.name, found)


def _scored(
    model: EmbeddingModel | None,
    one: EvaluationSet,
    split: Split,
    settings: Settings,
    progress: Progress,
) -> Iterator[Scored]:
    """Yield the documents found for each judged query of a split."""
    for member in one.members:
        dataset = load_dataset(member, split).sample_queries(settings.max_queries)
        ranking = rank_set(model, dataset, settings.depth, progress)
        for query, judged in dataset.qrels.items():
            found = ranking.get(query, ())
            if found:
                relevant = [judged.get(document, 0) > 0 for document, _ in found]
                yield np.array([score for _, score in found]), np.array(relevant)
