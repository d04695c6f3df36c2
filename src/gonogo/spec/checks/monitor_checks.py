"""Whether the looks of an arm's training have what its monitors and its evaluation ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.study import TrialConfig
from gonogo.spec.training import GradientConflict, MarginGuard, RecallGates

_JUDGED = "R@500"  # the recall that the bounds of the recall gates are made for
_NEXT_VECTOR = ("margin", "margin_in_batch", "margin_top16", "positive_cosine")
FIGURES = {
    "neighbours": {"R@10", "nDCG@10"},
    "next_vector": {"R@10", "R@100", "R@500", "R@1000", *_NEXT_VECTOR},
}
"""What every look at a kind of task has, larger ones better. Figures of mined negatives are none of
these: epochs that mine nothing have none."""


def check_monitors(arm: str, config: TrialConfig, path: Path) -> None:
    """Refuse what would end a training once it runs.

    Raises:
        UserError: for figures that no look has, looks that nothing takes, and a curriculum that
            ends before the training.
    """
    found = (*_looks(config), *_curricula(config))
    if found:
        place, message, hint = found[0]
        raise UserError(message, file=path, place=f"arms.{arm}: {place}", hint=hint)


def figures(config: TrialConfig) -> set[str]:
    """Return the figures of an arm's looks; several tasks' carry the task's name."""
    kinds = {name: task.kind for name, task in config.tasks.items() if task.kind in FIGURES}
    alone = len(kinds) == 1
    return {
        figure if alone else f"{name}/{figure}"
        for name, kind in kinds.items()
        for figure in FIGURES[kind]
    }


def _looks(config: TrialConfig) -> Iterator[tuple[str, str, str]]:
    """Yield (place, what is wrong, way out)."""
    looks, known = config.training.validation, figures(config)
    judging = [each for each in config.monitors if not isinstance(each, GradientConflict)]
    if looks is None:
        for monitor in judging:
            yield (
                f"monitors: {monitor.kind}",
                "it judges what looks see, but none are taken",
                "training: {validation: {every: 1}}",
            )
    elif not known:
        yield (
            "training.validation",
            "no task of this arm can be looked at while it trains",
            "leave it out, or train a neighbours or next_vector task",
        )
    elif looks.best is not None:
        yield from _named("training.validation.best", looks.best, known)
    for monitor in judging:
        if isinstance(monitor, RecallGates):
            yield from _judged(monitor.figure, known)
        elif isinstance(monitor, MarginGuard):
            yield from _named("monitors: margin_guard", "margin", known)
    if config.evaluation.checkpoint == "best" and (looks is None or looks.best is None):
        yield (
            "evaluation.checkpoint",
            "nothing says which weights are the best",
            "training.validation.best names the figure that marks them",
        )


def _named(place: str, figure: str, known: Collection[str]) -> Iterator[tuple[str, str, str]]:
    if figure not in known:
        yield place, f"no look has a figure {figure!r}", nearest(figure, known)


def _judged(figure: str, known: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a figure that the recall gates shall judge."""
    place = "monitors: recall_gates.figure"
    yield from _named(place, figure, known)
    if figure in known and figure.rpartition("/")[2] != _JUDGED:
        message = f"the bounds are those of {_JUDGED}, they say nothing about {figure!r}"
        yield place, message, f"judge {_JUDGED}, or leave this monitor out"


def _curricula(config: TrialConfig) -> Iterator[tuple[str, str, str]]:
    for name, task in config.tasks.items():
        if isinstance(task, NextVectorTask):
            covered = parse_curriculum(task.curriculum).epochs
            if covered < config.training.epochs:
                yield (
                    f"tasks.{name}.curriculum",
                    f"it ends after {covered} epochs, training after {config.training.epochs:g}",
                    "let its last segment end later",
                )
