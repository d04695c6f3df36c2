"""Under which names a study's scores are gathered: CQADupStack's twelve forums count once.

Clusters of queries are read from the data sets here, and not when a model is scored: a study that
names them later has nothing to score again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from gonogo.data.files.score_table import SCHEMA, read_scores
from gonogo.data.sources.query_clusters import query_clusters
from gonogo.spec.data.beir_sets import averaging_group, forum
from gonogo.spec.data.text_data import DataSpec
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.evaluation.evaluation_tasks import judged_data


def scored_as(spec: EvaluationSpec) -> dict[str, str]:
    """Return the data set that each one evaluated is gathered under, by name.

    Forums of CQADupStack come together as one; a single forum stays what it is.
    """
    names = list(dict.fromkeys(data.name for _, _, data in spec.parts))
    groups = [averaging_group(name) for name in names]
    return {
        name: group if groups.count(group) > 1 else name
        for name, group in zip(names, groups, strict=True)
    }


def scored_datasets(spec: EvaluationSpec) -> dict[str, tuple[str, ...]]:
    """Return the data sets that gathered scores have of each task, in the study's order."""
    groups = scored_as(spec)
    return {
        name: tuple(dict.fromkeys(groups[data.name] for data in spec.datasets_of(task)))
        for name, task in spec.tasks.items()
    }


def gathered(
    tables: Iterable[Path], spec: EvaluationSpec, beside: Path | None = None
) -> pl.DataFrame:
    """Return several score tables as one, with clusters where data sets name them, forums joined.

    Args:
        tables: of trials and reference rows.
        spec: what they were scored on.
        beside: folder of the study file.

    Raises:
        UserError: if a table or a data set's clusters cannot be read.
    """
    frames = [read_scores(path).select(list(SCHEMA)) for path in tables]
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    return join_forums(_clustered(pl.concat(frames), spec, beside), spec)


def clusters_named(spec: EvaluationSpec) -> dict[str, str]:
    """Return where the clusters of each data set come from, by the name of those that have any."""
    return {data.name: data.cluster for data in _with_clusters(spec) if data.cluster is not None}


def _with_clusters(spec: EvaluationSpec) -> Iterator[DataSpec]:
    known: set[str] = set()
    for _, _, data in spec.parts:
        cluster = getattr(data, "cluster", None)
        if cluster is not None and data.name not in known:
            known.add(data.name)
            yield judged_data(data)


def _clustered(scores: pl.DataFrame, spec: EvaluationSpec, beside: Path | None) -> pl.DataFrame:
    rows = [
        (data.name, query, cluster)
        for data in _with_clusters(spec)
        for query, cluster in query_clusters(data, spec.split, beside=beside).items()
    ]
    if not rows:
        return scores
    keys = ["dataset", "query_id"]
    clusters = pl.DataFrame(rows, schema=[*keys, "cluster"], orient="row")
    return scores.join(clusters, on=keys, how="left", maintain_order="left")


def join_forums(scores: pl.DataFrame, spec: EvaluationSpec) -> pl.DataFrame:
    """Give the forums of CQADupStack one name; their queries become ``<forum>/<id>``.

    Every query then weighs the same in the mean over CQADupStack. BEIR's own table gives the mean
    of the twelve forums' means, where queries of small forums weigh more (Thakur et al. 2021,
    appendix), so the two differ a little; all arms are averaged alike.
    """
    joined = {name: group for name, group in scored_as(spec).items() if name != group}
    if not joined:
        return scores
    forums = {name: f"{forum(name)}/" for name in joined}
    part = pl.col("dataset").is_in(list(joined))
    prefix = pl.col("dataset").replace_strict(forums, default="")
    own = [name for name in ("query_id", "cluster") if name in scores.columns]
    return scores.with_columns(
        *(pl.when(part).then(prefix + pl.col(name)).otherwise(name).alias(name) for name in own),
        pl.col("dataset").replace(joined),
    )
