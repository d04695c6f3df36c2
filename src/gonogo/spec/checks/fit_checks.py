"""Whether an arm's model, tasks, evaluation and reference rows belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import assert_never

from gonogo.core.errors import UserError
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.model.model import ModelSpec, TextModel, VectorModel
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.next_vector.towers import QueryTower
from gonogo.spec.study import TrialConfig

TEXT, HEAD, SEQUENCE = "texts", "vectors under a head", "sequences of vectors"

_TASKS = {
    "retrieval": {TEXT},
    "relevance": {TEXT},
    "reranking": {TEXT},
    "neighbours": {HEAD},
    "next_vector": {SEQUENCE},
}
_ROWS = {
    "bm25": {TEXT},
    "untrained": {TEXT, HEAD, SEQUENCE},
    "teacher": {HEAD},
    "backbone": {TEXT, HEAD},
    "svd": {HEAD},
    "pca": {HEAD},
    "random_projection": {HEAD},
    "truncation": {HEAD},
    "last_vector": {SEQUENCE},
    "context_mean": {SEQUENCE},
    "weighted_mean": {SEQUENCE},
    "oracle": {SEQUENCE},
    "random_vector": {SEQUENCE},
}


def offers(model: ModelSpec) -> set[str]:
    """Return what a model can be taught and scored on."""
    match model:
        case TextModel():
            return {TEXT} if model.projection is None else {TEXT, HEAD}
        case VectorModel():
            return {HEAD}
        case QueryTower():
            return {SEQUENCE}
        case _:
            assert_never(model)


def check_fit(arm: str, config: TrialConfig, path: Path) -> None:
    """Refuse an arm that no run could carry out.

    Raises:
        UserError: naming the task or row, and what it needs of the model.
    """
    able = offers(config.model)
    for place, kind, needs in _needs(config):
        if not needs & able:
            raise UserError(
                f"{kind} needs a model of {' or '.join(sorted(needs))}, but this one offers"
                f" {' and '.join(sorted(able))}",
                file=path,
                place=f"arms.{arm}: {place}",
                hint=_way_out(needs),
            )
    _check_held_out(arm, config, path)
    _check_banks(arm, config, path)


def _way_out(needs: set[str]) -> str:
    if SEQUENCE in needs:
        return "model: {kind: query_tower}"
    return "give the text model a projection" if HEAD in needs else "model: {kind: text}"


def _needs(config: TrialConfig) -> Iterator[tuple[str, str, set[str]]]:
    """Yield (place, kind, what it needs) of tasks, evaluated tasks and rows."""
    for name, task in config.tasks.items():
        yield f"tasks.{name}", task.kind, _TASKS[task.kind]
    evaluation: EvaluationSpec = config.evaluation
    for name, scored in evaluation.tasks.items():
        yield f"evaluation.tasks.{name}", scored.kind, _TASKS[scored.kind]
    if evaluation.geometry is not None:
        yield "evaluation.geometry", "a look at the geometry", {TEXT}
    for row in evaluation.references:
        yield "evaluation.references", row.kind, _ROWS[row.kind]


def _check_held_out(arm: str, config: TrialConfig, path: Path) -> None:
    """Refuse an evaluation that would take training anchors for held-out documents."""
    trained = {t.held_out for t in config.tasks.values() if isinstance(t, NeighbourTask)}
    for name, task in config.evaluation.tasks.items():
        asked = task.kept_from_training
        if asked is not None and trained and {asked} != trained:
            raise UserError(
                f"{asked} documents are held out here, but {max(trained)} in training",
                file=path,
                place=f"arms.{arm}: evaluation.tasks.{name}.held_out",
                hint="both must be the same number, or anchors would be asked",
            )


def _check_banks(arm: str, config: TrialConfig, path: Path) -> None:
    """Refuse to score a tower on another bank, whitened or not, than the one it learned from."""
    tasks = [task for task in config.tasks.values() if isinstance(task, NextVectorTask)]
    learned = [task.data for task in tasks]
    for name, task in config.evaluation.tasks.items():
        for data in task.pairs:
            for own in learned:
                if wrong := data.wrong_beside(own):
                    message, hint = wrong
                    place = f"arms.{arm}: evaluation.tasks.{name}.data"
                    raise UserError(message, file=path, place=place, hint=hint)
