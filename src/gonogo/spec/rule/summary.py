"""The columns of a study's ``summary.csv``, for programs that read one line a run."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from gonogo.spec.base import MetricName, Name, Spec

Fact = Literal[
    "timestamp", "run_id", "experiment", "arm", "seeds", "status", "tier", "warmup_steps"
]


class SettingColumn(Spec):
    """A resolved setting of the arm, by its dotted key; empty where the arm has none."""

    kind: Literal["setting"] = "setting"
    key: str
    """Such as ``training.learning_rate``."""


class FactColumn(Spec):
    """Something known of the run."""

    kind: Literal["fact"] = "fact"
    fact: Fact
    """Which. timestamp: when the run was first started. warmup_steps: as they were taken, which
    is never more than the run has."""


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


FACTS: tuple[Fact, ...] = get_args(Fact)


def _expand(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {"fact": value, "kind": "fact"} if value in FACTS else {"kind": "setting", "key": value}


ColumnSpec = Annotated[
    Annotated[SettingColumn | FactColumn | FigureColumn | ScoreColumn, Field(discriminator="kind")],
    BeforeValidator(_expand, json_schema_input_type=str | dict[str, Any]),
]
"""A column; a bare name is a fact, or else the dotted key of a setting."""


class SummarySpec(Spec):
    """What a study's summary holds."""

    run_id: str = "{study}_{experiment}_{timestamp}"
    """The name of a row's run: braces hold ``study``, a fact, or the name of a column of settings,
    as short as it can be read back, or by a format behind a colon (``{tau:.2f}``). It is kept as
    long as the row's trials are; a new timestamp alone runs nothing again."""
    columns: dict[str, ColumnSpec] = {}
    """Columns in order; facts alone when none are given."""
    rank_by: str | None = None
    """The column by which ``summary.txt`` names the best three; larger is better."""

    def listed(self) -> dict[str, ColumnSpec]:
        """Return the columns, by default the facts that every study has."""
        usual: dict[str, ColumnSpec] = {
            name: FactColumn(fact=name) for name in FACTS if name != "warmup_steps"
        }
        return self.columns or usual

    def placeholders(self) -> Iterator[tuple[str, str]]:
        """Yield the names in the braces of ``run_id``, and the formats behind their colons."""
        for _, name, form, _ in Formatter().parse(self.run_id):
            if name is not None:
                yield name, form or ""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        measured = {n for n, c in self.columns.items() if c.kind in ("figure", "score")}
        known = {"study", *FACTS, *self.columns} - measured - {"run_id", "status"}
        for name, _ in self.placeholders():
            if name not in known:
                raise ValueError(f"run_id: no {{{name}}}; known: {', '.join(sorted(known))}")
        if self.rank_by is not None and self.rank_by not in measured:
            names = ", ".join(sorted(measured)) or "none"
            raise ValueError(f"rank_by: no figure or score {self.rank_by!r}; known: {names}")
        return self
