"""The tidy score table: one value per arm, seed, task, data set, metric and query.

It is the hand-over between evaluation and decision, ours or anyone's.
"""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import polars as pl

from gonogo.core.errors import UserError
from gonogo.core.files import write_bytes
from gonogo.data.files.lines import PACKED, plain_suffix, read_bytes

SCHEMA: dict[str, pl.DataType] = {
    "arm": pl.String(),
    "seed": pl.Int64(),  # null for rows without one, such as BM25
    "task": pl.String(),
    "dataset": pl.String(),
    "metric": pl.String(),
    "query_id": pl.String(),
    "value": pl.Float64(),
}
_OPTIONAL = {"study": pl.String(), "cluster": pl.String()}
_FILLED = {
    "seed": pl.lit(None, dtype=pl.Int64()),
    "task": pl.lit("run"),
    "dataset": pl.lit("all"),
}
_NO_SEED = ["", "nan", "na", "<na>", "none", "null"]
_MOST_WORDS = 160  # characters of another reader's message
_MAY_BE_NULL = {"seed", "value", "study", "cluster"}


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
    elif find_spec("pyarrow"):
        import pyarrow.parquet as pq

        # with sums of pages, so that a table damaged later is refused and not misread
        pq.write_table(table.to_arrow(), buffer, compression="zstd", write_page_checksum=True)
    else:
        table.write_parquet(buffer)
    write_bytes(path, buffer.getvalue())


def read_scores(path: Path) -> pl.DataFrame:
    """Read a score table; further columns are left out, a missing value reads as NaN.

    Ids are text: ``007`` stays ``007``. CSV may be packed, part its columns by comma, semicolon
    (then with decimal commas too) or tab, and lack the columns seed, task and dataset, where there
    is one of each: they read as none, ``run`` and ``all``. A seed of ``42.0``, as pandas writes it
    beside missing ones, is 42.

    Raises:
        UserError: naming column and value, if the file is missing, is no table, lacks a column,
            or holds a value of the wrong type.
    """
    suffix = _suffix(path)
    if not path.is_file():
        raise UserError("no such file", file=path)
    frame = _read_csv(path) if suffix == ".csv" else _read_parquet(path)
    return checked_scores(frame, path)


def separator(path: Path) -> str:
    """Return what parts the columns of a CSV table: a comma, a semicolon or a tab."""
    return _separator(read_bytes(path)) if plain_suffix(path) == ".csv" else ","


def _separator(data: bytes) -> str:
    header = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return max(b",", b";", b"\t", key=header.count).decode()


def _read_csv(path: Path) -> pl.DataFrame:
    data = read_bytes(path)
    mark = _separator(data)
    try:
        frame = pl.read_csv(data, infer_schema=False, separator=mark)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not a csv table: {_first(error)}", file=path) from error
    if mark == ";" and "value" in frame.columns:
        frame = frame.with_columns(pl.col("value").str.replace(",", ".", literal=True))
    if "seed" in frame.columns:
        seed = pl.col("seed").str.replace(r"^(-?\d+)\.0*$", "$1")
        frame = frame.with_columns(
            pl.when(seed.str.to_lowercase().is_in(_NO_SEED))
            .then(None)
            .otherwise(seed)
            .alias("seed")
        )
    return frame


def _read_parquet(path: Path) -> pl.DataFrame:
    """Read by Arrow's code where it is installed: only that checks the sums of pages."""
    return _by_arrow(path) if find_spec("pyarrow") else _by_polars(path)


def _by_polars(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    # a panic on a damaged file is no Exception
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UserError(f"not a parquet table: {error}", file=path) from error


def _by_arrow(path: Path) -> pl.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Names are few and rows many: dictionaries take a third of the time and the memory.
        text = [name for name, kind in (SCHEMA | _OPTIONAL).items() if kind == pl.String()]
        table = pq.read_table(path, page_checksum_verification=True, read_dictionary=text)
        known = [name for name in (*SCHEMA, *_OPTIONAL) if name in table.column_names]
        table.validate(full=True)  # a dictionary of a damaged file may be short of an entry
        frame = pl.from_arrow(table.select(known))
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError, ValueError) as error:
        raise UserError(f"not a parquet table: {_first(error)}", file=path) from error
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def checked_scores(frame: pl.DataFrame, name: object) -> pl.DataFrame:
    """Return a score table that is in memory with its known columns in order and type.

    Args:
        frame: the table; seed, task and dataset may be absent, as in `read_scores`; further
            columns are left out, a missing value reads as NaN.
        name: what it is called in errors.

    Raises:
        UserError: naming column and value, for a column that is missing or of the wrong type.
    """
    absent = [column for column in _FILLED if column not in frame.columns]
    if {"arm", "metric", "query_id", "value"} <= set(frame.columns):
        frame = frame.with_columns(_FILLED[column].alias(column) for column in absent)
    return _checked(frame, name)


def _first(error: Exception) -> str:
    """Return how an error begins: readers of tables quote the whole file in theirs."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]} ..."


def _suffix(path: Path) -> str:
    suffix = plain_suffix(path)
    if suffix not in (".parquet", ".csv") or (suffix == ".parquet" and path.suffix in PACKED):
        raise UserError(
            f"unknown kind of table {path.suffix!r}", file=path, hint="use .parquet or .csv"
        )
    return suffix


def _checked(frame: pl.DataFrame, path: object) -> pl.DataFrame:
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


def _cast(column: pl.Series, kind: pl.DataType, path: object) -> pl.Series:
    if column.name == "seed" and column.dtype.is_float():
        column = column.fill_nan(None)  # other tools write a missing integer as NaN
    if kind.is_integer() and column.dtype == pl.Boolean():
        raise UserError("true and false are no seeds", file=path, place=f"column {column.name}")
    cast = column.cast(kind, strict=False)
    wrong = cast.is_null() & column.is_not_null()
    if kind.is_integer() and column.dtype.is_float():
        wrong |= (cast.cast(pl.Float64) != column).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        what = "a whole number" if kind.is_integer() else "a number"
        raise UserError(
            f"{column[row]!r} is not {what}",
            file=path,
            place=_place(column.name, row),
            value=column[row],
        )
    if kind.is_integer() and (cast < 0).any():
        row = int((cast < 0).fill_null(False).arg_max() or 0)
        raise UserError(
            f"{cast[row]} is no seed, which is 0 or more",
            file=path,
            place=_place(column.name, row),
            hint="leave it empty where there is none",
            value=cast[row],
        )
    if cast.null_count() and column.name not in _MAY_BE_NULL:
        row = int(cast.is_null().arg_max() or 0)
        raise UserError("the value is missing", file=path, place=_place(column.name, row))
    return cast.fill_null(float("nan")) if column.name == "value" else cast


def _place(column: str, row: int) -> str:
    return f"column {column}, row {row + 1}"
