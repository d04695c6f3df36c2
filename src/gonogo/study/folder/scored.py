"""Under which names a study's scores are gathered: CQADupStack's twelve forums count once."""

from __future__ import annotations

import polars as pl

from gonogo.spec.data.beir_sets import averaging_group, forum
from gonogo.spec.evaluation.evaluation import EvaluationSpec


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


def clusters_named(spec: EvaluationSpec) -> dict[str, str]:
    """Return where the clusters of each data set come from, by the name of those that have any."""
    sources = {data.name: getattr(data, "cluster", None) for _, _, data in spec.parts}
    return {name: source for name, source in sources.items() if source is not None}


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
