"""The tidy score table as dense arrays, and every value in it that cannot be used.

A value's key is (arm, seed, task, data set, metric, query): query ids collide across data sets,
and neither the order of rows nor that of queries carries meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Integer

from gonogo.analysis.tables.labels import (
    Key,
    Labels,
    check_columns,
    codes,
    number,
    present,
    seed_order,
)
from gonogo.analysis.tables.measures import TOLERANCE, value_range
from gonogo.core.errors import UserError

Run: TypeAlias = tuple[str, int | None]
"""An arm and a seed; None for rows without one, such as BM25."""
Fault = Literal["duplicate", "nan", "infinite", "range"]

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Values of one arm, seed and data set that cannot be used, and why."""

    fault: Fault
    arm: str
    seed: int | None
    task: str
    dataset: str
    metric: str
    queries: tuple[str, ...]
    """All queries concerned, in order."""

    def __str__(self) -> str:
        low, high = value_range(self.metric)
        what = {
            "duplicate": "given more than once",
            "nan": "not a number",
            "infinite": "infinite",
            "range": f"outside {self.metric}'s range of {low:g} to {high:g}",
        }[self.fault]
        place = f"{run_name((self.arm, self.seed))}, {self.task}, {self.dataset}, {self.metric}"
        return f"{place}: {count_of(len(self.queries), self.queries)} {what}"


def run_name(run: Run) -> str:
    """Write an arm and its seed as reports do: ``joint_single seed 42``."""
    return run[0] if run[1] is None else f"{run[0]} seed {run[1]}"


def count_of(count: int, queries: tuple[str, ...]) -> str:
    """Write how many queries, naming the first few: ``5 queries (q1, q2, q3, ...)``."""
    named = ", ".join(queries[:_NAMED]) + (", ..." if len(queries) > _NAMED else "")
    return f"{count:,} {'query' if count == 1 else 'queries'} ({named})"


@dataclass(frozen=True)
class Block:
    """All values of one task, data set and metric.

    ``values`` is NaN wherever there is no usable value; ``present`` says where the table has a
    row at all, so that an unusable value is told from one that is missing.
    """

    task: str
    dataset: str
    metric: str
    runs: tuple[Run, ...]
    """Sorted by arm, then seed."""
    queries: tuple[str, ...]
    """Sorted."""
    values: Float[np.ndarray, "runs queries"]
    present: Bool[np.ndarray, "runs queries"]
    clusters: Integer[np.ndarray, " queries"] | None = None
    """Cluster of each query, 0, 1, ...; None where the table names none."""

    @cached_property
    def row(self) -> Mapping[Run, int]:
        """Return the row of each run."""
        return {run: index for index, run in enumerate(self.runs)}

    def of(self, arm: str, seeds: tuple[int | None, ...]) -> Float[np.ndarray, "seeds queries"]:
        """Return an arm's values, one row a seed.

        Raises:
            KeyError: if a seed has no row; look for holes first.
        """
        return self.values[[self.row[arm, seed] for seed in seeds]]

    def has(self, run: Run) -> bool:
        """Return whether the table has any row of this run."""
        return run in self.row


@dataclass(frozen=True)
class ScoreTable:
    """A score table, pivoted."""

    blocks: Mapping[Key, Block]
    """Sorted by key."""
    problems: tuple[Problem, ...]

    @cached_property
    def seeds(self) -> Mapping[str, tuple[int | None, ...]]:
        """Return each arm's seeds, over all tasks and data sets; None stands for no seed."""
        found: dict[str, set[int | None]] = {}
        for block in self.blocks.values():
            for arm, seed in block.runs:
                found.setdefault(arm, set()).add(seed)
        return {arm: tuple(sorted(found[arm], key=seed_order)) for arm in sorted(found)}

    def unseeded(self, arm: str) -> bool:
        """Return whether no row of the arm has a seed, as with BM25."""
        return self.seeds.get(arm) == (None,)

    def datasets(self, task: str, metric: str) -> tuple[str, ...]:
        """Return the data sets with any value of a task and metric, sorted."""
        return tuple(d for t, d, m in self.blocks if (t, m) == (task, metric))


def pivot(frame: pl.DataFrame) -> ScoreTable:
    """Turn a tidy score table into dense arrays, and name what cannot be used.

    Args:
        frame: columns arm, seed (null: none), task, dataset, metric, query_id, value, and perhaps
            cluster (null: the query is its own); further columns are ignored.

    Raises:
        UserError: for absent columns, empty keys, or a query in two clusters.
    """
    check_columns(frame)
    labels = number(frame)
    order = np.argsort(labels.place, kind="stable")
    ends = np.cumsum(np.bincount(labels.place, minlength=1))
    clustered = "cluster" in frame.columns and frame["cluster"].null_count() < len(frame)
    blocks: dict[Key, Block] = {}
    problems: list[Problem] = []
    for place, (start, end) in enumerate(zip((0, *ends[:-1]), ends, strict=True)):
        if start == end:
            continue
        rows = order[start:end]
        named = frame.select("query_id", "cluster", "dataset")[rows] if clustered else None
        block, found = _pivot_block(labels, labels.key(place), rows, named)
        blocks[block.task, block.dataset, block.metric] = block
        problems += found
    ordered = {key: blocks[key] for key in sorted(blocks)}
    return ScoreTable(ordered, tuple(sorted(problems, key=_problem_order)))


def _problem_order(problem: Problem) -> tuple[str, tuple[bool, int], str, str, str, str]:
    p = problem
    return p.arm, seed_order(p.seed), p.task, p.dataset, p.metric, p.fault


def _pivot_block(
    labels: Labels, key: Key, rows: Integer[np.ndarray, " rows"], named: pl.DataFrame | None
) -> tuple[Block, list[Problem]]:
    queries, query = present(labels.query[rows], len(labels.names["query_id"]))
    known, run = present(labels.run[rows], len(labels.names["arm"]) * len(labels.seeds))
    arms, seeds = labels.names["arm"], labels.seeds
    runs = tuple((arms[p // len(seeds)], seeds[p % len(seeds)]) for p in known.tolist())
    shape = len(known), len(queries)
    cell = run * len(queries) + query
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    values = np.full(shape, np.nan)
    values.reshape(-1)[cell] = labels.value[rows]
    clusters = None if named is None else _clusters(named, query, len(queries))
    names = labels.names["query_id"]
    block = Block(
        *key, runs, tuple(names[q] for q in queries.tolist()), values, counts > 0, clusters
    )
    problems = []
    for fault, where in _faults(values, counts, block.metric).items():
        problems += _problems(block, fault, where)
        values[where] = np.nan
    return block, problems


def _clusters(
    part: pl.DataFrame, query: Integer[np.ndarray, " rows"], queries: int
) -> Integer[np.ndarray, " queries"] | None:
    """Return each query's cluster; None where no row names one.

    Raises:
        UserError: naming a query that is in two clusters.
    """
    if part["cluster"].null_count() == len(part):
        return None
    # A query without a cluster is one of its own, under a name that no other can have.
    named = pl.concat_str(pl.lit("c"), pl.col("cluster").cast(pl.String))
    alone = pl.concat_str(pl.lit("q"), pl.col("query_id"))
    _, row = codes(part.select(pl.coalesce(named, alone).alias("cluster"))["cluster"])
    own = np.zeros(queries, dtype=np.int64)
    own[query] = row
    if (twice := np.flatnonzero(own[query] != row)).size:
        name = part["query_id"][int(twice[0])]
        raise UserError(f"query {name} of {part['dataset'][0]} is in more than one cluster")
    return np.unique(own, return_inverse=True)[1].astype(np.int64)


def _faults(
    values: Float[np.ndarray, "runs queries"],
    counts: Integer[np.ndarray, "runs queries"],
    metric: str,
) -> dict[Fault, Bool[np.ndarray, "runs queries"]]:
    low, high = value_range(metric)
    twice = counts > 1
    single = counts == 1
    finite = np.isfinite(values)
    outside = (values < low - TOLERANCE) | (values > high + TOLERANCE)
    return {
        "duplicate": twice,
        "nan": single & np.isnan(values),
        "infinite": single & np.isinf(values),
        "range": single & finite & outside,
    }


def _problems(block: Block, fault: Fault, where: Bool[np.ndarray, "runs queries"]) -> list[Problem]:
    return [
        Problem(
            fault,
            *block.runs[row],
            block.task,
            block.dataset,
            block.metric,
            tuple(block.queries[column] for column in np.flatnonzero(where[row])),
        )
        for row in np.flatnonzero(where.any(axis=1))
    ]
