"""The same evidence handed in twice, found by its contents and not by its names.

Three kinds: one run under several seed numbers, one data set under several names, and queries that
are copies of each other. A copied run or data set is counted once; copied queries become one
cluster, so that they are not taken for independent ones. Only contents that could hardly agree by
chance are called copies: of a measure of zeros and ones on a few queries nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
from jaxtyping import Float, Int

from gonogo.analysis.tables.labels import Key
from gonogo.analysis.tables.scores import Block, Run, ScoreTable
from gonogo.core.seeds import generator

FEWEST_QUERIES, FEWEST_VALUES = 20, 8
"""Queries, and distinct values among them, below which equal runs or data sets may be chance."""
FEWEST_IN_QUERY = 8
"""Distinct values of one query over all runs, by one measure, below which two equal queries may be
chance: of a thousand queries, many share the ranks that four runs gave them."""


@dataclass(frozen=True)
class Distinct:
    """A table in which nothing counts twice, and what was found."""

    table: ScoreTable
    seeds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of each arm, the seeds that repeat another one."""
    datasets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each task, the data sets that repeat another one."""
    notes: tuple[str, ...] = ()


def distinct(table: ScoreTable) -> Distinct:
    """Return a table without copies: of equal seeds the lowest stays, of data sets the first name.

    Time and memory are linear in the scores.
    """
    seeds, notes = _copied_seeds(table)
    blocks = {key: _without(block, seeds) for key, block in table.blocks.items()}
    datasets, more = _copied_sets(blocks)
    kept = {k: b for k, b in blocks.items() if k[1] not in datasets.get(k[0], ())}
    clustered, told = _copied_queries(kept)
    problems = tuple(
        p
        for p in table.problems
        if p.seed not in seeds.get(p.arm, ()) and p.dataset not in datasets.get(p.task, ())
    )
    return Distinct(ScoreTable(clustered, problems), seeds, datasets, (*notes, *more, *told))


def _telling(values: Float[np.ndarray, "..."], queries: int) -> bool:
    """Return whether values could hardly agree by chance."""
    return queries >= FEWEST_QUERIES and len(np.unique(values[:1000])) >= FEWEST_VALUES


def _copied_seeds(table: ScoreTable) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    found: dict[str, tuple[int, ...]] = {}
    notes = []
    for arm, seeds in table.seeds.items():
        known: dict[bytes, list[int]] = {}
        for seed in seeds:
            if seed is not None and (content := _content(table, (arm, seed))):
                known.setdefault(content, []).append(seed)
        same = [group for group in known.values() if len(group) > 1]
        if same:
            found[arm] = tuple(sorted(seed for group in same for seed in group[1:]))
            listed = "; ".join(", ".join(map(str, group)) for group in same)
            notes.append(
                f"{arm}: seeds {listed} have the same scores to the last digit: one run, counted "
                "once"
            )
    return found, notes


def _content(table: ScoreTable, run: Run) -> bytes:
    """Return a digest of all that a run scored; empty where it could agree by chance."""
    from hashlib import blake2b

    hasher, telling = blake2b(digest_size=16), False
    for key, block in table.blocks.items():
        if run in block.row:
            values = np.ascontiguousarray(block.values[block.row[run]])
            hasher.update(repr(key).encode() + values.tobytes())
            telling = telling or _telling(values, len(values))
    return hasher.digest() if telling else b""


def _without(block: Block, seeds: Mapping[str, tuple[int, ...]]) -> Block:
    rows = [
        row
        for row, (arm, seed) in enumerate(block.runs)
        if seed is None or seed not in seeds.get(arm, ())
    ]
    if len(rows) == len(block.runs):
        return block
    runs = tuple(block.runs[row] for row in rows)
    return replace(block, runs=runs, values=block.values[rows], present=block.present[rows])


def _keys(values: Float[np.ndarray, "runs queries"]) -> Float[np.ndarray, " queries"]:
    """Return one number a query; equal columns have equal ones, to the last bit."""
    weights = generator(0, "duplicates", len(values)).uniform(1, 2, len(values))
    # Row by row: a matrix product may round columns differently by their place.
    keys: Float[np.ndarray, " queries"] = np.zeros(values.shape[1])
    for weight, row in zip(weights, values, strict=True):
        keys += weight * row
    return keys


def _copied_sets(blocks: Mapping[Key, Block]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    found: dict[str, tuple[str, ...]] = {}
    notes = []
    for task, group in groupby(blocks.values(), key=lambda block: block.task):
        known: dict[tuple[object, ...], list[str]] = {}
        for dataset, own in groupby(group, key=lambda block: block.dataset):
            parts = list(own)
            if any(_telling(part.values[0], len(part.queries)) for part in parts):
                known.setdefault(tuple(_signature(part) for part in parts), []).append(dataset)
        same = [names for names in known.values() if len(names) > 1]
        if same:
            found[task] = tuple(sorted(name for names in same for name in names[1:]))
            notes += [
                f"{task}: {' and '.join(names)} hold the same scores: one data set, counted once"
                for names in same
            ]
    return found, notes


def _signature(block: Block) -> tuple[object, ...]:
    """Return what two data sets share if one is the other under another name."""
    return block.metric, block.runs, np.sort(_keys(block.values)).tobytes()


def _copied_queries(blocks: Mapping[Key, Block]) -> tuple[dict[Key, Block], list[str]]:
    """Put queries that every run scores alike, by all measures, into one cluster."""
    found = dict(blocks)
    notes = []
    for (task, dataset), group in groupby(blocks.values(), key=lambda b: (b.task, b.dataset)):
        parts = [part for part in group if not np.isnan(part.values).any()]
        if not parts or any(part.queries != parts[0].queries for part in parts):
            continue
        copies = _alike([part.values for part in parts])
        if not (count := sum(len(each) - 1 for each in copies)):
            continue
        for part in parts:
            merged = replace(part, clusters=_merged(part, copies))
            found[part.task, part.dataset, part.metric] = merged
        first, second = (parts[0].queries[column] for column in copies[0][:2])
        notes.append(
            f"{task}, {dataset}: {count} of {len(parts[0].queries)} queries repeat another one in "
            f"every score (such as {first} and {second}); they count as one cluster each"
        )
    return found, notes


def _alike(parts: Sequence[Float[np.ndarray, "_ queries"]]) -> list[list[int]]:
    """Return groups of columns that are equal by all measures and could hardly be by chance."""
    values = np.concatenate(parts)
    order = np.argsort(_keys(values), kind="stable")
    ordered = values[:, order]
    same = (ordered[:, 1:] == ordered[:, :-1]).all(axis=0)
    groups: list[list[int]] = []
    for start, stop in _stretches(same):
        if max(len(np.unique(part[:, order[start]])) for part in parts) >= FEWEST_IN_QUERY:
            groups.append(sorted(order[start : stop + 1].tolist()))
    return sorted(groups)


def _stretches(same: np.ndarray) -> Iterator[tuple[int, int]]:
    """Return first and last place of each stretch of equal neighbours."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _merged(block: Block, copies: Sequence[Sequence[int]]) -> Int[np.ndarray, " queries"]:
    """Return the clusters with those of copied queries made one."""
    codes = np.arange(len(block.queries)) if block.clusters is None else block.clusters.copy()
    for columns in copies:
        codes[np.isin(codes, codes[list(columns)])] = codes[columns[0]]
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
