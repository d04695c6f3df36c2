"""Any two or more systems as score tables: TREC runs, tables from elsewhere, trials."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from gonogo.core.errors import UserError
from gonogo.data.files.score_table import SCHEMA, read_scores
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.study.deciding.decision import scores_of_run

TABLES = {".parquet", ".csv"}


def load_systems(
    names: list[Path], qrels: Path | None, metrics: tuple[str, ...] = ()
) -> dict[str, pl.DataFrame]:
    """Read every system, labelled by the shortest part of its path that tells them apart.

    Raises:
        UserError: if a path is no run, table or trial, or a run comes without judgements.
    """
    labels = _labels(names)
    if len(set(labels)) < len(names):
        raise UserError(f"{labels} names a system twice", hint="give each system once")
    usual: tuple[str, ...] = EvaluationSpec.model_fields["metrics"].default
    return {
        label: _load(path, qrels, metrics or usual)
        for label, path in zip(labels, names, strict=True)
    }


def _labels(names: list[Path]) -> list[str]:
    parts = [path.resolve().with_suffix("").parts for path in names]
    longest = max(map(len, parts))
    for depth in range(1, longest + 1):
        labels = ["/".join(own[-depth:]) for own in parts]
        if len(set(labels)) == len(names):
            return labels
    return [str(path) for path in names]


def _load(path: Path, qrels: Path | None, metrics: tuple[str, ...]) -> pl.DataFrame:
    if path.is_dir():
        table = path / "scores.parquet"
        if not table.exists():
            raise UserError("no scores.parquet in this folder", file=path, hint="finish the trial")
        return read_scores(table).select(list(SCHEMA))
    if not path.exists():
        raise UserError("no such file", file=path)
    if path.suffix.lower() in TABLES:
        return read_scores(path).select(list(SCHEMA))
    if qrels is None:
        raise UserError("a TREC run needs judgements", file=path, hint="add --qrels FILE")
    return scores_of_run(path, qrels, metrics)
