"""Whether the looks of an arm's training have what its monitors and its evaluation ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.checks.figure_names import logged_figures, look_figures
from gonogo.spec.monitors import GradientConflict
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.study import TrialConfig


def check_monitors(arm: str, config: TrialConfig, path: Path) -> None:
    """Refuse what would end a training once it runs.

    Raises:
        UserError: for figures that nothing logs, looks that nothing takes, monitors of one name,
            and a curriculum that ends before the training.
    """
    found = (*_rules(config), *_looks(config), *_curricula(config))
    if found:
        place, message, hint = found[0]
        raise UserError(message, file=path, place=f"arms.{arm}: {place}", hint=hint)


def _looks(config: TrialConfig) -> Iterator[tuple[str, str, str]]:
    """Yield (place, what is wrong, way out)."""
    looks, known = config.training.validation, look_figures(config)
    if looks is not None:
        if looks.best is not None and looks.best not in known:
            told = f"no look has a figure {looks.best!r}"
            yield "training.validation.best", told, nearest(looks.best, known)
        logged = logged_figures(config)
        for name in looks.line:
            if name not in logged:
                told = f"nothing logs a figure {name!r}"
                yield "training.validation.line", told, nearest(name, logged)
    if config.evaluation.checkpoint == "best" and (looks is None or looks.best is None):
        yield (
            "evaluation.checkpoint",
            "nothing says which weights are the best",
            "training.validation.best names the figure that marks them",
        )


def _rules(config: TrialConfig) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with rules on figures."""
    logged, seen = logged_figures(config), set[str]()
    for number, monitor in enumerate(config.monitors):
        if isinstance(monitor, GradientConflict):
            continue
        place = f"monitors[{number}] ({monitor.label})"
        if config.training.validation is None and monitor.every is None:
            yield (
                place,
                "it judges what looks see, but none are taken",
                "training: {validation: {every: 1}}, or every: STEPS in the monitor",
            )
        elif monitor.figure not in logged:
            told = f"nothing logs a figure {monitor.figure!r}"
            yield f"{place}.figure", told, nearest(monitor.figure, logged)
        elif monitor.label in seen:
            yield place, "another monitor has this name", "give one of them a name: of its own"
        seen.add(monitor.label)


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
