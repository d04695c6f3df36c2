"""Score tables of a study's trials and rows as one, in which nothing counts twice.

Clusters of queries are read from the data sets here, and not when a model is scored: a study that
names them later has nothing to score again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from gonogo.data.files.score_table import SCHEMA, read_scores
from gonogo.study.deciding.query_groups import query_groups
from gonogo.study.folder.scored import join_forums
from gonogo.study.planning.plan import Plan


def gathered(tables: Iterable[Path], plan: Plan) -> pl.DataFrame:
    """Return several score tables as one, with clusters of queries, and forums joined.

    Args:
        tables: of trials and reference rows.
        plan: of their study.

    Raises:
        UserError: if a table, or the clusters that a data set names, cannot be read.
    """
    frames = [read_scores(path).select(list(SCHEMA)) for path in tables]
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    scores = query_groups(plan).joined_to(pl.concat(frames))
    return join_forums(scores, plan.study.evaluation)
