"""Two or more systems side by side, without a rule: means, paired differences, tests, queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import polars as pl
from jaxtyping import Bool

from gonogo.analysis.estimates.arm_scores import arm_scores
from gonogo.analysis.estimates.effects import Paired, correct, effect
from gonogo.analysis.gates.wording import counted, listed
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.promised.judged import Stratum, numbered
from gonogo.analysis.records.effects import ArmScore, Effect
from gonogo.analysis.tables.scores import Block, ScoreTable, pivot
from gonogo.core.errors import UserError
from gonogo.data.files.cluster_table import stacked
from gonogo.spec.base import Spec

MOST_CHANGED = 10
"""Queries listed for each pair of systems and direction."""
_ROUNDING = 1e-12
"""Differences of means over seeds below this are ties, as in the tests."""


class QueryChange(Spec):
    """One query on which two systems differ, seeds averaged."""

    dataset: str
    query_id: str
    reference: float
    candidate: float
    difference: float
    """candidate - reference."""


class PairComparison(Spec):
    """Two systems on one task by one metric."""

    effect: Effect
    """Estimates and tests; its verdict and lines are empty, since there is no rule."""
    improved: tuple[QueryChange, ...]
    """Where the candidate gains most, the largest gain first."""
    worsened: tuple[QueryChange, ...]
    """Where it loses most, the largest loss first."""


class Comparison(Spec):
    """Everything that ``gonogo compare`` prints."""

    systems: tuple[str, ...]
    means: tuple[ArmScore, ...]
    """Mean of each system by task, data set and metric; ``arm`` is the system."""
    pairs: tuple[PairComparison, ...]
    """Every pair, the earlier system as the reference, by task, metric, pair. p-values are
    corrected over all pairs and tasks of a metric, and over all their data sets."""
    warnings: tuple[str, ...] = ()


def compare(frames: Mapping[str, pl.DataFrame]) -> Comparison:
    """Compare systems on the data sets, queries and seeds that both of a pair have.

    Args:
        frames: a score table for each system, by its label; a table with several arms gives one
            system for each, ``label:arm``.

    Raises:
        UserError: for fewer than two systems, unusable values, or nothing in common.
    """
    table, systems = _gather(frames)
    if table.problems:
        more = f"; {len(table.problems) - 1} more of this kind" if len(table.problems) > 1 else ""
        raise UserError(f"{table.problems[0]}{more}")
    rows, warnings = arm_scores(table, Expected())
    shapes = list(dict.fromkeys((metric, task) for task, _, metric in table.blocks))
    pairs: list[PairComparison] = []
    for metric in dict.fromkeys(metric for metric, _ in shapes):
        tasks = [task for other, task in shapes if other == metric]
        found, notes = _pairs(table, systems, metric, tasks)
        pairs += found
        warnings += notes
    if not pairs and _seeds_share_nothing(table):
        raise UserError(
            f"{listed(systems)} have queries of their own for each seed, as folds have",
            hint="a seed is one training scored on all queries; leave the seed empty for folds",
        )
    if not pairs:
        raise UserError(
            f"{listed(systems)} share no task, data set, metric and query",
            hint="task, dataset, metric and query_id must be spelled alike in all tables",
        )
    order = {system: place for place, system in enumerate(systems)}
    return Comparison(
        systems=tuple(systems),
        means=tuple(sorted(rows, key=lambda row: (row.task, row.metric, order[row.arm]))),
        pairs=tuple(pairs),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _seeds_share_nothing(table: ScoreTable) -> bool:
    """Return whether some system's seeds have no query in common."""
    return any(
        len(rows) > 1 and not block.present[rows].all(axis=0).any()
        for block in table.blocks.values()
        for arm in {arm for arm, _ in block.runs}
        if (rows := [row for row, run in enumerate(block.runs) if run[0] == arm])
    )


def _gather(frames: Mapping[str, pl.DataFrame]) -> tuple[ScoreTable, list[str]]:
    """Put all systems into one table, in the order given."""
    parts, systems = [], []
    columns = ["seed", "task", "dataset", "metric", "query_id", "value"]
    for label, frame in frames.items():
        if absent := sorted({"arm", *columns} - set(frame.columns)):
            raise UserError(f"no column {', '.join(absent)}", place=label)
        arms = frame["arm"].unique(maintain_order=False).sort().to_list()
        name = pl.lit(label) if len(arms) == 1 else pl.format("{}:{}", pl.lit(label), "arm")
        own = [*columns[1:], *(c for c in ("cluster",) if c in frame.columns)]
        parts.append(frame.select(name.alias("arm"), pl.col("seed").cast(pl.Int64), *own))
        systems += [label] if len(arms) == 1 else [f"{label}:{arm}" for arm in arms]
    if len(systems) < 2:
        raise UserError("a comparison needs two systems", hint="name another run or score table")
    return pivot(stacked(parts)), systems


def _pairs(
    table: ScoreTable, systems: Sequence[str], metric: str, tasks: Sequence[str]
) -> tuple[list[PairComparison], list[str]]:
    """Compare all pairs by one metric, with one correction over all of them."""
    warnings: list[str] = []
    found: list[Paired] = []
    for task in tasks:
        for reference, candidate in combinations(systems, 2):
            paired, notes = _paired(table, task, metric, reference, candidate)
            warnings += notes
            if paired is not None:
                found.append(paired)
    effects = correct([effect(paired, ratio=False) for paired in found])
    return [_pair(e, paired) for e, paired in zip(effects, found, strict=True)], warnings


def _paired(
    table: ScoreTable, task: str, metric: str, reference: str, candidate: str
) -> tuple[Paired | None, list[str]]:
    """Line up two systems on what both have; what only one has is named."""
    rows, seeds, notes = _rows(table, reference, candidate)
    strata: list[Stratum] = []
    for dataset in table.datasets(task, metric):
        block = table.blocks[task, dataset, metric]
        stratum, dropped = _stratum(block, reference, candidate, rows)
        place = f"{reference} and {candidate}, {task}, {dataset}, {metric}"
        if stratum is None:
            notes.append(f"{place}: not compared, because a run has no scores there")
            continue
        strata.append(stratum)
        if dropped:
            notes.append(f"{place}: {counted(dropped, 'query', 'queries')} only in some runs")
    if not strata:
        return None, notes
    lone = {arm for arm, mine in zip((reference, candidate), rows, strict=True) if mine == (None,)}
    unseeded, together = frozenset(lone if seeds else ()), bool(seeds or lone)
    paired = Paired(
        task, metric, reference, candidate, tuple(strata), seeds, unseeded, seeds_paired=together
    )
    return paired, notes


Seeds = tuple[int | None, ...]


def _rows(
    table: ScoreTable, reference: str, candidate: str
) -> tuple[tuple[Seeds, Seeds], tuple[int, ...], list[str]]:
    """Return which seeds of each system are compared, the paired ones, and what to say about it."""
    before, after = (
        tuple(seed for seed in table.seeds[system] if seed is not None)
        for system in (reference, candidate)
    )
    if not before or not after:
        return (before or (None,), after or (None,)), before or after, []
    shared = tuple(seed for seed in before if seed in after)
    if not shared or (before != after and 1 in (len(before), len(after))):
        runs = f"{counted(len(before), 'run')} and {counted(len(after), 'run')}"
        note = f"{reference} and {candidate}: {runs} with seeds of their own, which are not paired"
        return (before, after), (), [note]
    dropped = sorted({str(s) for s in {*before, *after} - set(shared)})
    notes = [f"{reference} and {candidate}: seeds {', '.join(dropped)} are only in one of them"]
    return (shared, shared), shared, notes if dropped else []


def _stratum(
    block: Block, reference: str, candidate: str, rows: tuple[Seeds, Seeds]
) -> tuple[Stratum | None, int]:
    """Return both systems' values on the queries that all their runs have, and how many lack."""
    pairs = [(arm, s) for arm, own in zip((reference, candidate), rows, strict=True) for s in own]
    if any(run not in block.row for run in pairs):
        return None, 0
    present: Bool[np.ndarray, "runs queries"] = block.present[[block.row[run] for run in pairs]]
    kept = np.flatnonzero(present.all(axis=0))
    if not len(kept):
        return None, 0
    before, after = (
        block.of(arm, own)[:, kept] for arm, own in zip((reference, candidate), rows, strict=True)
    )
    if (None,) in rows:  # a run without a seed stands beside every seed of the other
        shape = max(map(len, rows)), len(kept)
        before, after = np.broadcast_to(before, shape), np.broadcast_to(after, shape)
    queries = tuple(block.queries[index] for index in kept)
    found = Stratum(block.dataset, queries, before, after, numbered(block.clusters, kept))
    return found, int(present.any(axis=0).sum() - len(kept))


def _pair(found: Effect, paired: Paired) -> PairComparison:
    changes = []
    for stratum in paired.strata:
        before, after = stratum.reference.mean(axis=0), stratum.candidate.mean(axis=0)
        # Only the extremes are shown: partition them out before making objects of them.
        for index in _extremes(after - before):
            changes.append(
                QueryChange(
                    dataset=stratum.dataset,
                    query_id=stratum.queries[index],
                    reference=float(before[index]),
                    candidate=float(after[index]),
                    difference=float(after[index] - before[index]),
                )
            )
    ordered = sorted(changes, key=lambda c: (-c.difference, c.dataset, c.query_id))
    back = sorted(changes, key=lambda c: (c.difference, c.dataset, c.query_id))
    return PairComparison(
        effect=found,
        improved=tuple(c for c in ordered[:MOST_CHANGED] if c.difference > _ROUNDING),
        worsened=tuple(c for c in back[:MOST_CHANGED] if c.difference < -_ROUNDING),
    )


def _extremes(differences: np.ndarray) -> list[int]:
    """Return the places of the lowest and the highest values, ties by place."""
    order = np.argsort(differences, kind="stable")
    best = np.argsort(-differences, kind="stable")[:MOST_CHANGED]
    return sorted({*order[:MOST_CHANGED].tolist(), *best.tolist()})
