"""What training saw and cost, and how far the tasks' gradients disagreed."""

from __future__ import annotations

from collections.abc import Iterable

from gonogo.analysis.verdict import Conflict, Evidence, TrialRecord
from gonogo.report.formats import UNDEFINED, Unit, values
from gonogo.report.judged import ordered
from gonogo.report.tables import Cell, Column, Number, Row, Table, Text


def exposure_table(trials: tuple[TrialRecord, ...]) -> Table:
    """One row an arm: examples seen by task and compute; a range where its seeds differ.

    Smallest and largest values are shown, never means, so that every number is a recorded one.
    """
    tasks = ordered(task for trial in trials for task in trial.examples)
    rows = []
    for arm in ordered(trial.arm for trial in trials):
        mine = [trial for trial in trials if trial.arm == arm]
        rows.append(Row((Text(arm), *_arm_cells(mine, tasks))))
    return Table(
        name="exposure",
        title="Exposure and compute of each arm",
        columns=(
            Column("arm"),
            Column("seeds"),
            Column("state"),
            *(Column(f"{task} examples") for task in tasks),
            Column("optimiser steps"),
            Column("training"),
            Column("evaluation"),
            Column("peak memory"),
            Column("trainable parameters"),
            Column("device"),
        ),
        rows=tuple(rows),
        caption="Smallest to largest over seeds where they differ.",
    )


def _arm_cells(mine: list[TrialRecord], tasks: list[str]) -> Iterable[Cell]:
    yield Text(", ".join(str(trial.seed) for trial in mine))
    yield Text(", ".join(ordered(trial.state for trial in mine)))
    for task in tasks:
        yield _range([trial.examples.get(task) for trial in mine], "count")
    yield _range([trial.steps for trial in mine], "count")
    yield _range([trial.train_seconds for trial in mine], "seconds")
    yield _range([trial.evaluation_seconds for trial in mine], "seconds")
    yield _range([trial.peak_memory_mb for trial in mine], "megabytes")
    yield _range([trial.trainable_parameters for trial in mine], "count")
    devices = ordered(" ".join((trial.device, trial.precision)).strip() for trial in mine)
    yield Text(", ".join(filter(None, devices)) or UNDEFINED)


def _range(found: Iterable[float | None], unit: Unit) -> Cell:
    """One number where all seeds agree as printed, else the range as words."""
    known = [value for value in found if value is not None]
    text = values(known, unit)
    return Text(text) if " to " in text else Number(known[0] if known else None, unit)


def conflict_table(conflicts: tuple[Conflict, ...]) -> Table:
    """Gradient conflict of each joint trial in a line."""
    return Table(
        name="gradient_conflict",
        title="Cosine of the tasks' gradients",
        columns=(
            Column("arm"),
            Column("seed"),
            Column("tasks"),
            Column("negative"),
            Column("first"),
            Column("last"),
            Column("lowest"),
            Column("highest"),
        ),
        rows=tuple(_conflict_row(conflict) for conflict in conflicts),
        caption="Mean over layers: at the first and last step "
        "at which it is defined, and its extremes. Negative: share of all (layer, step) cosines "
        "below zero, where the tasks pull against each other.",
    )


def _conflict_row(conflict: Conflict) -> Row:
    known = [value for value in conflict.mean_cosine if value is not None]
    shown = (known[0], known[-1], min(known), max(known)) if known else (None,) * 4
    return Row(
        (
            Text(conflict.arm),
            Number(conflict.seed, "plain"),
            Text(" and ".join(conflict.tasks)),
            Number(conflict.fraction_negative, "share"),
            *(Number(value, "cosine") for value in shown),
        )
    )


def environment_table(evidence: Evidence) -> Table:
    """Versions and hardware."""
    return Table(
        name="environment",
        title="Environment",
        columns=(Column("what"), Column("value")),
        rows=tuple(Row((Text(key), Text(value))) for key, value in evidence.environment.items()),
    )
