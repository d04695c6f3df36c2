"""Differences by a model's judgements, corrected by those that people made (PPI++)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import polars as pl
from jaxtyping import Float

from gonogo.analysis.records.model_judged import ModelJudged
from gonogo.analysis.statistics.ppi import FEWEST_HUMAN, Judgements, debiased_difference
from gonogo.analysis.statistics.variance import mean_squares
from gonogo.core.errors import UserError

Values = Float[np.ndarray, " seeds"]


def model_judged(
    human: Mapping[str, pl.DataFrame], model: Mapping[str, pl.DataFrame]
) -> tuple[ModelJudged, ...]:
    """Compare every pair of systems under both kinds of judgements.

    Args:
        human: a score table for each system, on the queries that people judged: drawn at random
            from all of them.
        model: the same systems, on all queries, by the model's judgements.

    Raises:
        UserError: if too few queries of a data set were judged by both.
    """
    return tuple(
        found
        for reference, candidate in combinations(human, 2)
        for found in _pair(human, model, reference, candidate)
    )


def _pair(
    human: Mapping[str, pl.DataFrame],
    model: Mapping[str, pl.DataFrame],
    reference: str,
    candidate: str,
) -> Iterator[ModelJudged]:
    places = human[reference].select("task", "metric").unique(maintain_order=True).rows()
    for task, metric in places:
        people = _differences(human[reference], human[candidate], task, metric)
        judged = _differences(model[reference], model[candidate], task, metric)
        parts = [
            _part(dataset, people[dataset], judged[dataset])
            for dataset in people
            if dataset in judged
        ]
        if not parts:
            continue
        seeds = {len(part.human) for part in parts}
        if len(seeds) > 1:
            raise UserError(f"{task}, {metric}: the data sets have different seeds")
        found = debiased_difference(parts)
        alone = mean_squares([part.human for part in parts])
        value = float(np.mean([part.human.mean() for part in parts]))
        believed = [np.concatenate([part.model, part.rest], axis=1).mean() for part in parts]
        half = alone.half_width(0.95)
        yield ModelJudged(
            task=task,
            metric=metric,
            reference=reference,
            candidate=candidate,
            human_queries=sum(part.human.shape[1] for part in parts),
            model_queries=sum(part.model.shape[1] + part.rest.shape[1] for part in parts),
            seeds=seeds.pop(),
            weights=found.weights,
            value=found.value,
            low=found.value - found.half_width,
            high=found.value + found.half_width,
            human_value=value,
            human_low=value - half,
            human_high=value + half,
            model_value=float(np.mean(believed)),
        )


def _part(dataset: str, people: dict[str, Values], judged: dict[str, Values]) -> Judgements:
    """Split the queries into those that both judged and those that the model alone did."""
    both = [query for query in people if query in judged]
    rest = [query for query in judged if query not in people]
    if len(both) < FEWEST_HUMAN:
        raise UserError(
            f"{dataset}: {len(both)} queries are judged by people and by the model",
            hint=f"at least {FEWEST_HUMAN} are needed, drawn at random, with the same query ids",
        )
    seeds = len(people[both[0]])
    return Judgements(
        np.array([people[query] for query in both]).T,
        np.array([judged[query] for query in both]).T,
        np.array([judged[query] for query in rest]).reshape(len(rest), seeds).T,
    )


def _differences(
    reference: pl.DataFrame, candidate: pl.DataFrame, task: str, metric: str
) -> dict[str, dict[str, Values]]:
    """Return candidate - reference by data set and query, one value a shared seed."""
    sides = [
        frame.filter(task=task, metric=metric).with_columns(pl.col("seed").fill_null(-1))
        for frame in (reference, candidate)
    ]
    keys = ["dataset", "query_id"]
    lone = [set(side["seed"].unique()) == {-1} for side in sides]
    if lone[0] != lone[1]:  # a run without a seed stands beside every seed of the other
        sides = [side.drop("seed") if own else side for side, own in zip(sides, lone, strict=True)]
    else:
        keys.append("seed")
    joined = sides[0].join(sides[1], on=keys, suffix="_new", maintain_order="left")
    found: dict[str, dict[str, list[tuple[int, float]]]] = {}
    rows = joined.select("dataset", "query_id", "seed", pl.col("value_new") - pl.col("value"))
    for dataset, query, seed, value in rows.iter_rows():
        found.setdefault(dataset, {}).setdefault(query, []).append((seed, value))
    most = {name: max(map(len, queries.values())) for name, queries in found.items()}
    return {
        name: {
            query: np.array([value for _, value in sorted(values)])
            for query, values in queries.items()
            if len(values) == most[name]
        }
        for name, queries in found.items()
    }
