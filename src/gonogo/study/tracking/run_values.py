"""What stands in the columns of a summary: resolved settings, figures of looks, scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from string import Formatter
from typing import Any, assert_never

import polars as pl

from gonogo.analysis.records.run_table import Value
from gonogo.data.files.score_table import read_scores
from gonogo.spec.rule.summary import (
    ColumnSpec,
    FactColumn,
    FigureColumn,
    ScoreColumn,
    SettingColumn,
    SummarySpec,
)
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.looks import figure_of, read_looks
from gonogo.study.folder.scored import join_forums
from gonogo.training.loop.learning_rate import warmup_steps


def columns_of(study: ResolvedStudy) -> dict[str, ColumnSpec]:
    """Return the columns of a study's summary; the usual facts where it names none."""
    return (study.summary or SummarySpec()).listed()


def measured_columns(study: ResolvedStudy) -> tuple[str, ...]:
    """Return the columns that hold figures or scores."""
    return tuple(
        name
        for name, column in columns_of(study).items()
        if isinstance(column, FigureColumn | ScoreColumn)
    )


def setting_values(study: ResolvedStudy, arm: str) -> dict[str, Value]:
    """Return the columns that hold settings, as they are resolved for an arm."""
    dumped = study.arms[arm].model_dump(mode="json", by_alias=True)
    return {
        name: _setting(dumped, column.key)
        for name, column in columns_of(study).items()
        if isinstance(column, SettingColumn)
    }


def _setting(config: Mapping[str, Any], key: str) -> Value:
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ",".join(plain(each) for each in value)
    return json.dumps(value) if isinstance(value, dict | list) else value


def plain(value: Value) -> str:
    """Write a value as short as it can be read back: ``0.07``, ``1024``, an empty text for None."""
    if value is None:
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


class _Names(Formatter):
    """Writes values as short as they are, or by the format that stands behind a colon."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None or not format_spec:
            return plain(value)
        return format(value, format_spec)


def named_run(template: str, values: Mapping[str, Value]) -> str:
    """Return the name of a run; braces hold a value's name, and perhaps its format.

    Example:
        >>> named_run("m{neg_m}_tau{tau:.2f}", {"neg_m": 1024, "tau": 0.1})
        'm1024_tau0.10'
    """
    return _Names().vformat(template, (), values)


def warmup_taken(config: TrialConfig, steps: int | None) -> int | None:
    """Return the warm-up of a run in optimiser steps; None where its length is not known.

    Args:
        config: of the arm.
        steps: optimiser steps of the whole run, where one has told.
    """
    total = steps or config.training.max_steps
    return None if total is None else warmup_steps(config.training.warmup, total)


def measure(
    folder: TrialFolder, config: TrialConfig, columns: Mapping[str, ColumnSpec]
) -> dict[str, float | None]:
    """Return the measured columns of one finished trial.

    Raises:
        LogError: if figures are asked for and no log can tell of them.
        NoFigureError: if no look has one of the figures.
    """
    wanted = any(isinstance(column, FigureColumn) for column in columns.values())
    looks = read_looks(folder) if wanted else []
    found: dict[str, float | None] = {}
    for name, column in columns.items():
        match column:
            case FigureColumn():
                if not any(column.figure in look.figures for look in looks):
                    raise NoFigureError(f"no look has the figure {column.figure!r}")
                found[name] = figure_of(looks, column.figure, column.which)
            case ScoreColumn():
                found[name] = _mean_score(folder, config, column)
            case SettingColumn() | FactColumn():
                pass
            case _:
                assert_never(column)
    return found


class NoFigureError(Exception):
    """A trial was trained and never looked at for the figure in question."""


def _mean_score(folder: TrialFolder, config: TrialConfig, column: ScoreColumn) -> float | None:
    """Return the mean over queries, then over data sets with equal weight."""
    scores = join_forums(read_scores(folder.scores), config.evaluation)
    mine = scores.filter(pl.col("task") == column.task, pl.col("metric") == column.metric)
    each = mine.group_by("dataset").agg(pl.col("value").mean()).sort("dataset")
    mean = each["value"].mean()
    return float(mean) if isinstance(mean, int | float) else None
