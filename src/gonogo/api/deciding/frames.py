"""Data frames of any library, dicts and lists of dicts as polars frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from gonogo.core.errors import UserError
from gonogo.data.files.score_table import checked_scores

PLACE = "scores"


def is_table(data: object) -> bool:
    """Tell whether something holds columns: a frame, a dict of columns, a list of dicts."""
    if isinstance(data, Mapping):
        return bool(data) and all(_is_column(values) for values in data.values())
    if isinstance(data, Sequence) and not isinstance(data, str):
        return bool(data) and all(isinstance(row, Mapping) for row in data)
    return _is_frame(data)


def _is_column(values: object) -> bool:
    if isinstance(values, str | bytes | Mapping):
        return False
    if isinstance(values, Sequence):  # scored documents of a query are pairs
        return not values or not isinstance(values[0], tuple | list | Mapping)
    return hasattr(values, "__array__")


def _is_frame(data: object) -> bool:
    import narwhals as nw

    return isinstance(nw.from_native(data, pass_through=True), nw.DataFrame | nw.LazyFrame)


def to_polars(data: object, place: str = PLACE) -> pl.DataFrame:
    """Return a table as a polars frame.

    Args:
        data: a polars, pandas or pyarrow frame, or one of another library that narwhals reads, a
            dict of columns, or a list of dicts.
        place: what to call it in errors.

    Raises:
        UserError: if it is none of these.
    """
    if isinstance(data, pl.DataFrame):
        return data
    if not is_table(data):
        hint = "a polars, pandas or pyarrow frame, a dict of columns, or a list of dicts"
        raise UserError(f"{type(data).__name__} is no table", place=place, value=data, hint=hint)
    if isinstance(data, Mapping):
        columns = {str(name): [*values] for name, values in data.items()}
        return _made(lambda: pl.DataFrame(columns, strict=False), place)
    if isinstance(data, Sequence):
        rows = [dict(row) for row in data]
        return _made(lambda: pl.DataFrame(rows, infer_schema_length=None, strict=False), place)
    return _from_frame(data)


def _from_frame(data: Any) -> pl.DataFrame:
    """Read a frame of another library through narwhals, an index left out."""
    import narwhals as nw

    frame = nw.from_native(data)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    try:
        polars: pl.DataFrame = frame.to_polars()
        return polars
    except ModuleNotFoundError:  # pandas without pyarrow
        columns = {name: frame[name].to_list() for name in frame.columns}
        return pl.DataFrame(columns, strict=False)


def _made(make: Any, place: str) -> pl.DataFrame:
    try:
        frame: pl.DataFrame = make()
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise UserError(f"no table: {error}", place=place) from error
    return frame


def score_table(data: object, place: str = PLACE) -> pl.DataFrame:
    """Return scores as the score table that is judged.

    ``seed``, ``task`` and ``dataset`` may be left out where there is one of each.

    Args:
        data: as :func:`to_polars`; columns arm, seed, task, dataset, metric, query_id, value, and
            perhaps cluster.
        place: what to call it in errors.

    Raises:
        UserError: for a column that is missing, or a value of the wrong type, with its row.
    """
    frame = to_polars(data, place)
    return checked_scores(frame, place).drop("study", strict=False)
