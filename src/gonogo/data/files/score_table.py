"""The tidy score table: one value per arm, seed, task, data set, metric and query.

It is the hand-over between evaluation and decision, ours or anyone's.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import polars as pl

from gonogo.core.errors import UserError
from gonogo.core.files import write_bytes

SCHEMA: dict[str, pl.DataType] = {
    "arm": pl.String(),
    "seed": pl.Int64(),  # null for rows without one, such as BM25
    "task": pl.String(),
    "dataset": pl.String(),
    "metric": pl.String(),
    "query_id": pl.String(),
    "value": pl.Float64(),
}
_OPTIONAL = {"study": pl.String()}
_MAY_BE_NULL = {"seed", "value", "study"}


def write_scores(path: Path, frame: pl.DataFrame) -> None:
    """Write a score table atomically as parquet or CSV, by the suffix, rows in a fixed order.

    Raises:
        UserError: for a column that is missing or of the wrong type, or another suffix.
    """
    table = _checked(frame, path)
    table = table.sort([name for name in table.columns if name != "value"], maintain_order=True)
    buffer = BytesIO()
    if _suffix(path) == ".csv":
        table.write_csv(buffer)
    else:
        table.write_parquet(buffer)
    write_bytes(path, buffer.getvalue())


def read_scores(path: Path) -> pl.DataFrame:
    """Read a score table; further columns are left out, a missing value reads as NaN.

    Ids are text: ``007`` stays ``007``.

    Raises:
        UserError: naming column and value, if the file is missing, is no table, lacks a column,
            or holds a value of the wrong type.
    """
    suffix = _suffix(path)
    if not path.is_file():
        raise UserError("no such file", file=path)
    try:
        frame = pl.read_csv(path, infer_schema=False) if suffix == ".csv" else pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not a {suffix[1:]} table: {error}", file=path) from error
    return _checked(frame, path)


def _suffix(path: Path) -> str:
    if path.suffix not in (".parquet", ".csv"):
        raise UserError(
            f"unknown kind of table {path.suffix!r}", file=path, hint="use .parquet or .csv"
        )
    return path.suffix


def _checked(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the known columns in order and with their types."""
    for name in SCHEMA:
        if name not in frame.columns:
            raise UserError(
                f"the column {name!r} is missing",
                file=path,
                hint=f"found {', '.join(frame.columns) or 'none'}; needed {', '.join(SCHEMA)}",
            )
    wanted = {name: kind for name, kind in _OPTIONAL.items() if name in frame.columns} | SCHEMA
    return pl.DataFrame([_cast(frame[name], kind, path) for name, kind in wanted.items()])


def _cast(column: pl.Series, kind: pl.DataType, path: Path) -> pl.Series:
    if column.name == "seed" and column.dtype.is_float():
        column = column.fill_nan(None)  # other tools write a missing integer as NaN
    cast = column.cast(kind, strict=False)
    wrong = cast.is_null() & column.is_not_null()
    if kind.is_integer() and column.dtype.is_float():
        wrong |= (cast.cast(pl.Float64) != column).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        what = "a whole number" if kind.is_integer() else "a number"
        raise UserError(f"{column[row]!r} is not {what}", file=path, place=_place(column.name, row))
    if cast.null_count() and column.name not in _MAY_BE_NULL:
        row = int(cast.is_null().arg_max() or 0)
        raise UserError("the value is missing", file=path, place=_place(column.name, row))
    return cast.fill_null(float("nan")) if column.name == "value" else cast


def _place(column: str, row: int) -> str:
    return f"column {column}, row {row + 1}"
