"""Which queries hang together, from a table or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def in_clusters(table: pl.DataFrame, clusters: object) -> pl.DataFrame:
    """Return a score table with the clusters of its queries.

    Args:
        table: scores; clusters that it has are replaced.
        clusters: a table, or the path of a TSV, with the columns query_id, cluster, and perhaps
            dataset.

    Raises:
        UserError: if it is no such table, or names no query of the scores.
    """
    from gonogo.api.deciding.frames import to_polars
    from gonogo.data.files.cluster_table import checked_clusters, read_clusters, with_clusters

    if isinstance(clusters, str | Path):
        return with_clusters(table, read_clusters(Path(clusters)), Path(clusters))
    given = checked_clusters(to_polars(clusters, "clusters"), "clusters")
    return with_clusters(table, given, "clusters")
