"""The key columns of a tidy score table as numbers, in time and memory linear in its rows.

Names are few and rows many: each column of text is gone through once, and everything after works on
small integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from jaxtyping import Float, Integer

from gonogo.analysis.tables.measures import canonical
from gonogo.core.errors import UserError

KEYS = ("arm", "task", "dataset", "metric", "query_id")
Key: TypeAlias = tuple[str, str, str]
"""Task, data set, metric."""
_NO_SEED = -(1 << 63)
"""Stands where a row has no seed; before every seed, as in ``seed_order``."""
_SMALL_SEED = 1 << 16
"""Seeds below this are looked up, not searched for."""


def seed_order(seed: int | None) -> tuple[bool, int]:
    """Return a sort key: rows without a seed first."""
    return seed is not None, seed or 0


def check_columns(frame: pl.DataFrame) -> None:
    """Refuse a table without the columns that make a key, or with empty ones.

    Raises:
        UserError: naming the column.
    """
    needed = {*KEYS, "seed", "value"}
    if absent := sorted(needed - set(frame.columns)):
        raise UserError(f"the score table has no column {', '.join(absent)}")
    for column in KEYS:
        if frame[column].null_count():
            raise UserError(
                f"{frame[column].null_count()} rows of the score table have no {column}"
            )


@dataclass(frozen=True)
class Labels:
    """The keys of all rows."""

    names: Mapping[str, tuple[str, ...]]
    """Distinct names by column, sorted; of metrics the canonical ones."""
    seeds: tuple[int | None, ...]
    place: Integer[np.ndarray, " rows"]
    """Task, data set and metric of each row, as one number."""
    run: Integer[np.ndarray, " rows"]
    """Arm and seed, as one number."""
    query: Integer[np.ndarray, " rows"]
    value: Float[np.ndarray, " rows"]

    def key(self, place: int) -> Key:
        """Return task, data set and metric of a place."""
        datasets, metrics = self.names["dataset"], self.names["metric"]
        rest, metric = divmod(place, len(metrics))
        task, dataset = divmod(rest, len(datasets))
        return self.names["task"][task], datasets[dataset], metrics[metric]


def number(frame: pl.DataFrame) -> Labels:
    """Return the keys of a table as numbers, in about a fifth of its memory."""
    return _numbered(frame, KEYS)


def _numbered(frame: pl.DataFrame, columns: Sequence[str]) -> Labels:
    """Return labels of the columns asked for; others, which cost a pass each, stand as one name."""
    found = {name: codes(frame[name].cast(pl.String)) for name in columns}
    seeds, seed = _seed_codes(frame["seed"].cast(pl.Int64))
    given, metric = found["metric"]
    spelled = [canonical(name) for name in given]
    metrics = tuple(sorted(set(spelled)))
    alike = np.array([metrics.index(name) for name in spelled], dtype=np.int32)
    names = {name: known for name, (known, _) in found.items()} | {"metric": metrics}
    place = found["task"][1].astype(np.int32) * len(names["dataset"]) + found["dataset"][1]
    place = place * len(metrics) + (alike[metric] if len(alike) else metric.astype(np.int32))
    small = np.uint16 if place.max(initial=0) < 1 << 16 else np.int32  # sorted in linear time
    return Labels(
        names,
        seeds,
        place.astype(small),
        found["arm"][1].astype(np.int32) * len(seeds) + seed,
        found["query_id"][1] if "query_id" in found else np.zeros(len(frame), dtype=np.uint8),
        frame["value"].cast(float).fill_null(np.nan).to_numpy(),
    )


def outline(frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each run and block of a score table, whatever the number of queries.

    Raises:
        UserError: for absent columns or empty keys.
    """
    check_columns(frame)
    labels = _numbered(frame, [name for name in KEYS if name != "query_id"])
    runs = int(labels.run.max(initial=0)) + 1
    cell = labels.place.astype(np.int64) * runs + labels.run
    cells, place = present(cell, (int(labels.place.max(initial=0)) + 1) * runs)
    first = np.empty(len(cells), dtype=np.int64)
    first[place] = np.arange(len(frame))
    return frame[np.sort(first)]


def codes(names: pl.Series) -> tuple[tuple[str, ...], Integer[np.ndarray, " rows"]]:
    """Return the sorted distinct names and each row's place among them."""
    known = names.unique().sort()
    return tuple(known), names.cast(pl.Enum(known)).to_physical().to_numpy()


def present(
    numbers: Integer[np.ndarray, " rows"], known: int
) -> tuple[Integer[np.ndarray, " distinct"], Integer[np.ndarray, " rows"]]:
    """Return the numbers that occur, sorted, and each row's place among them, in linear time."""
    seen = np.zeros(known, dtype=bool)
    seen[numbers] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[numbers]


def _seed_codes(seeds: pl.Series) -> tuple[tuple[int | None, ...], Integer[np.ndarray, " rows"]]:
    known = tuple(sorted(seeds.unique().to_list(), key=seed_order))
    given = np.array([_NO_SEED if seed is None else seed for seed in known], dtype=np.int64)
    rows = seeds.fill_null(_NO_SEED).to_numpy()
    if len(known) and given[0] >= 0 and given[-1] < _SMALL_SEED:
        place = np.zeros(given[-1] + 1, dtype=np.int32)
        place[given] = np.arange(len(given), dtype=np.int32)
        return known, place[rows]
    return known, np.searchsorted(given, rows).astype(np.int32)
