"""The columns of a study's ``summary.csv``, for programs that read one line a run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gonogo.spec.base import Name, Spec
from gonogo.spec.evaluation import MetricName


class SettingColumn(Spec):
    """A resolved setting of the arm, by its dotted key; empty where the arm has none."""

    kind: Literal["setting"] = "setting"
    key: str
    """Such as ``training.learning_rate``."""


class FactColumn(Spec):
    """Something known of the run."""

    kind: Literal["fact"] = "fact"
    fact: Literal["timestamp", "run_id", "experiment", "arm", "seeds", "status"]
    """Which."""


class FigureColumn(Spec):
    """A figure of the looks taken while training; over several seeds their mean."""

    kind: Literal["figure"] = "figure"
    figure: str
    """Such as ``R@10``."""
    which: Literal["best", "final"] = "final"
    """The largest value of all looks, or that of the last look."""


class ScoreColumn(Spec):
    """A score of the finished trials; over several seeds and data sets their mean."""

    kind: Literal["score"] = "score"
    task: Name
    """An evaluated task."""
    metric: MetricName
    """One of the evaluation's measures."""


_FACTS = ("timestamp", "run_id", "experiment", "arm", "seeds", "status")


def _expand(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {"fact": value, "kind": "fact"} if value in _FACTS else {"kind": "setting", "key": value}


ColumnSpec = Annotated[
    Annotated[SettingColumn | FactColumn | FigureColumn | ScoreColumn, Field(discriminator="kind")],
    BeforeValidator(_expand, json_schema_input_type=str | dict[str, Any]),
]
"""A column; a bare name is a fact, or else the dotted key of a setting."""


class SummarySpec(Spec):
    """What a study's summary holds."""

    run_id: str = "{study}_{experiment}_{timestamp}"
    """The name of a row's run; braces hold names of columns, ``study`` or ``timestamp``."""
    columns: Annotated[dict[str, ColumnSpec], Field(min_length=1)]
    """Columns in order."""
    rank_by: str | None = None
    """The column by which ``summary.txt`` names the best three."""
