"""Whether the columns of a summary name settings and scores that the study's arms have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError, nearest
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.summary import (
    FactColumn,
    FigureColumn,
    ScoreColumn,
    SettingColumn,
    SummarySpec,
)
from gonogo.spec.study import TrialConfig

Node = dict[str, Any]


def check_summary(
    summary: SummarySpec | None,
    arms: Mapping[str, TrialConfig],
    evaluation: EvaluationSpec,
    path: Path,
) -> None:
    """Refuse a column that would stay empty because nothing is called so.

    A setting that another kind of block would have (the threshold of a filter that is off) is
    none of these: its column is empty on purpose.

    Raises:
        UserError: naming the column and the nearest valid name.
    """
    for name, column in summary.columns.items() if summary else ():
        place = f"summary.columns.{name}"
        match column:
            case SettingColumn():
                _check_key(column.key, arms, path, place)
            case ScoreColumn():
                if column.task not in evaluation.tasks:
                    hint = nearest(column.task, evaluation.tasks)
                    raise UserError(
                        f"no evaluated task {column.task!r}", file=path, place=place, hint=hint
                    )
            case FactColumn() | FigureColumn():
                pass
    if summary:
        _check_formats(summary, arms, path)


def _check_formats(summary: SummarySpec, arms: Mapping[str, TrialConfig], path: Path) -> None:
    """Try each format in ``run_id`` on what the arms have there; facts are texts."""
    dumped = [config.model_dump(mode="json", by_alias=True) for config in arms.values()]
    for name, form in summary.placeholders():
        column = summary.columns.get(name)
        key = column.key if isinstance(column, SettingColumn) else None
        for value in (_at(config, key) for config in dumped) if key else ("text",):
            if value is None or not form:
                continue
            try:
                format(value, form)
            except (TypeError, ValueError) as error:
                raise UserError(
                    f"{{{name}:{form}}} cannot write {value!r}", file=path, place="summary.run_id"
                ) from error


def _at(config: Any, key: str) -> Any:
    """Return what stands under a dotted key; None where nothing does."""
    for part in key.split("."):
        config = config.get(part) if isinstance(config, dict) else None
    return config


@cache
def _schema() -> Node:
    return TrialConfig.model_json_schema()


def _check_key(key: str, arms: Mapping[str, TrialConfig], path: Path, place: str) -> None:
    """Walk a dotted key through the schema; names of tasks are those that the arms have."""
    schema = _schema()
    dumped: list[Any] = [config.model_dump(mode="json", by_alias=True) for config in arms.values()]
    nodes: list[Node] = [schema]
    for part in key.split("."):
        names = {name for node in nodes for name in node.get("properties", {})}
        free = [inner for node in nodes for inner in _free(node)]
        if free:
            names |= {name for value in dumped if isinstance(value, dict) for name in value}
        if part not in names:
            raise UserError(
                f"no setting {key!r}: nothing is called {part!r}",
                file=path,
                place=place,
                hint=nearest(part, names),
            )
        inner = [n["properties"][part] for n in nodes if part in n.get("properties", {})]
        nodes = [found for node in (*inner, *free) for found in _blocks(node, schema)]
        dumped = [value.get(part) for value in dumped if isinstance(value, dict)]


def _free(node: Node) -> Iterator[Node]:
    """Yield what a block holds under names that the study chooses."""
    if isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]
    yield from node.get("patternProperties", {}).values()


def _blocks(node: Node, schema: Node) -> Iterator[Node]:
    """Yield every block that a value may be: references followed, unions taken apart."""
    if "$ref" in node:
        yield from _blocks(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    for word in ("anyOf", "oneOf", "allOf"):
        for each in node.get(word, ()):
            yield from _blocks(each, schema)
    if "properties" in node or next(_free(node), None) is not None:
        yield node
