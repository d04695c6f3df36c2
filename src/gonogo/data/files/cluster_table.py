"""Clusters of queries from a file: which queries hang together, such as those on one document."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from gonogo.core.errors import UserError

_NEEDED = ("query_id", "cluster")


def read_clusters(path: Path) -> pl.DataFrame:
    """Read a tab-separated table with a header: query_id, cluster, and perhaps dataset.

    Ids are text; further columns are left out.

    Raises:
        UserError: if the file is missing, is no such table, lacks a column, leaves a cell empty,
            or names a query twice.
    """
    if not path.is_file():
        raise UserError("no such file", file=path)
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"not a tab-separated table: {error}", file=path) from error
    for name in _NEEDED:
        if name not in frame.columns:
            found = ", ".join(frame.columns) or "none"
            hint = f"the first line must name query_id and cluster, parted by a tab; found {found}"
            raise UserError(f"the column {name!r} is missing", file=path, hint=hint)
    return checked_clusters(frame, path)


def checked_clusters(frame: pl.DataFrame, path: Path | str) -> pl.DataFrame:
    """Return clusters with their columns as text, further ones left out.

    Args:
        frame: query_id, cluster, and perhaps dataset.
        path: what it is called in errors.

    Raises:
        UserError: if it lacks a column, leaves a cell empty, or names a query twice.
    """
    for name in _NEEDED:
        if name not in frame.columns:
            hint = f"found {', '.join(frame.columns) or 'none'}"
            raise UserError(f"the column {name!r} is missing", file=path, hint=hint)
    keys = ["query_id", *(name for name in ("dataset",) if name in frame.columns)]
    frame = frame.select(pl.col(*keys, "cluster").cast(pl.String()))
    if any(frame[name].null_count() for name in frame.columns):
        raise UserError("empty cells", file=path, hint="leave out queries without a cluster")
    twice = frame.filter(frame.select(keys).is_duplicated())
    if len(twice):
        raise UserError(f"query {twice['query_id'][0]} is named twice", file=path)
    return frame


def stacked(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return score tables one below the other; a cluster that one of them names holds for all.

    Args:
        frames: tidy score tables, some with a column ``cluster`` and some without.
    """
    table = pl.concat(list(frames), how="diagonal_relaxed")
    if "cluster" not in table.columns:
        return table
    named = pl.col("cluster").drop_nulls().first().over("dataset", "query_id")
    return table.with_columns(pl.col("cluster").fill_null(named))


def with_clusters(scores: pl.DataFrame, clusters: pl.DataFrame, path: Path | str) -> pl.DataFrame:
    """Return a score table with its column ``cluster`` from such a table, null where it has none.

    Args:
        scores: a tidy score table; clusters that it has are replaced.
        clusters: as ``read_clusters`` returns them.
        path: named in the error.

    Raises:
        UserError: if no scored query has a cluster.
    """
    keys = [name for name in clusters.columns if name != "cluster"]
    joined = scores.drop("cluster", strict=False).join(
        clusters, on=keys, how="left", maintain_order="left"
    )
    if joined["cluster"].null_count() == len(joined):
        asked, given = scores["query_id"][0], clusters["query_id"][0] if len(clusters) else "none"
        hint = f"scored is, for example, {asked}; the clusters name {given}"
        raise UserError("none of the scored queries is in a cluster", file=path, hint=hint)
    return joined
