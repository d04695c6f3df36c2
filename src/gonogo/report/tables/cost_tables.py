"""What training saw and cost, and how far the tasks' gradients disagreed."""

from __future__ import annotations

from collections.abc import Iterable

from gonogo.analysis.records.evidence import Conflict, Evidence, FormatDifference, TrialRecord
from gonogo.report.cells.formats import UNDEFINED, Unit, values
from gonogo.report.cells.tables import Cell, Number, Row, Table, Text, columns
from gonogo.report.words.judged import ordered


def exposure_table(trials: tuple[TrialRecord, ...]) -> Table:
    """One column an arm: examples seen by task and compute; a range where its seeds differ.

    Smallest and largest values are shown, never means, so that every number is a recorded one.
    """
    tasks = ordered(task for trial in trials for task in trial.examples)
    arms = ordered(trial.arm for trial in trials)
    by_arm = [dict(_facts([one for one in trials if one.arm == arm], tasks)) for arm in arms]
    names = by_arm[0] if by_arm else ()
    return Table(
        name="exposure",
        title="Exposure and compute of each arm",
        columns=columns("what", *arms),
        rows=tuple(Row((Text(name), *(facts[name] for facts in by_arm))) for name in names),
        caption="Smallest to largest over seeds where they differ.",
    )


def _facts(mine: list[TrialRecord], tasks: list[str]) -> Iterable[tuple[str, Cell]]:
    yield "seeds", Text(", ".join(str(trial.seed) for trial in mine))
    yield "state", Text(", ".join(ordered(trial.state for trial in mine)))
    for task in tasks:
        yield f"{task} examples", _range([one.examples.get(task) for one in mine], "count")
    yield "padding", _range([one.padding for one in mine], "share")
    yield "optimiser steps", _range([one.steps for one in mine], "count")
    yield "training", _range([one.train_seconds for one in mine], "seconds")
    yield "evaluation", _range([one.evaluation_seconds for one in mine], "seconds")
    yield "peak memory", _range([one.peak_memory_mb for one in mine], "megabytes")
    yield "trainable parameters", _range([one.trainable_parameters for one in mine], "count")
    devices = ordered(f"{one.device} {one.precision}".strip() for one in mine)
    yield "device", Text(", ".join(filter(None, devices)) or UNDEFINED)


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
        columns=columns("arm", "seed", "tasks", "negative", "first", "last", "lowest", "highest"),
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
        columns=columns("what", "value"),
        rows=tuple(Row((Text(key), Text(value))) for key, value in evidence.environment.items()),
    )


def format_table(found: tuple[FormatDifference, ...]) -> Table:
    """Show what each arm scores in the judged number format and in fp32."""
    return Table(
        name="formats",
        title="The judged number format and fp32",
        columns=columns(
            "task",
            "measure",
            "arm",
            "runs",
            "format",
            "judged",
            "fp32",
            "fp32 − judged",
            "of the line",
        ),
        rows=tuple(
            Row(
                (
                    Text(one.task),
                    Text(one.metric),
                    Text(one.arm),
                    Number(one.seeds, "count"),
                    Text(one.precision or "as stated"),
                    Number(one.stated, "score"),
                    Number(one.fp32, "score"),
                    Number(one.fp32 - one.stated, "signed"),
                    Number(one.share, "percent"),
                )
            )
            for one in found
        ),
        caption="The gate judges the format that the trials state. Means over runs and data sets "
        "of the same weights scored in both; the last column is the difference as a share of the "
        "gate's pass line.",
    )
