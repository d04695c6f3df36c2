"""What is missing before a verdict may be given: arm x seed x task x data set, with counts.

A hole is never filled, averaged over, or dropped from both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.tables.scores import Block, Problem, Run, count_of, run_name
from gonogo.spec.rule.gate_parts import Contrast


def find_holes(scores: JudgedScores) -> dict[Contrast, tuple[str, ...]]:
    """List what keeps each of the gate's contrasts from being judged, in words."""
    return {pair: tuple(_pair_holes(scores, pair)) for pair in scores.contrasts}


def _pair_holes(scores: JudgedScores, pair: Contrast) -> Iterator[str]:
    if not scores.datasets(pair.task):
        yield f"{' and '.join(pair.arms)}, {pair.task}, {scores.metric}: no scores at all"
        return
    yield from _short_sets(scores, pair.task)
    for arm in pair.arms:
        yield from _arm_holes(scores, arm, pair.task)
    for problem in scores.table.problems:
        if _concerns(scores, pair, problem):
            yield str(problem)


def _short_sets(scores: JudgedScores, task: str) -> Iterator[str]:
    """Name data sets of which even all arms together lack queries."""
    for dataset in scores.datasets(task):
        block = scores.block(task, dataset)
        wanted = scores.expected.queries.get(dataset, 0)
        known = 0 if block is None else int(scores.asked(block).sum())
        if block is not None and known < wanted:
            place = f"every arm, {task}, {dataset}, {scores.metric}"
            yield f"{place}: {wanted - known:,} of {wanted:,} queries"


def _arm_holes(scores: JudgedScores, arm: str, task: str) -> Iterator[str]:
    """Name an arm's missing parts; what it lacks in every data set takes one line."""
    datasets, seeds = scores.datasets(task), scores.seeds(arm)
    empty = {seed: _empty_sets(scores, (arm, seed), task) for seed in seeds}
    what = f"{task}, {scores.metric}: all of {', '.join(datasets)}"
    if all(len(sets) == len(datasets) for sets in empty.values()):
        names = ", ".join(str(seed) for seed in seeds if seed is not None)
        plural = "s" if len(seeds) > 1 else ""
        yield f"{arm} seed{plural} {names}, {what}" if names else f"{arm}, {what}"
        return
    for seed, sets in empty.items():
        if len(sets) == len(datasets):
            yield f"{run_name((arm, seed))}, {what}"
        else:
            yield from _run_holes(scores, (arm, seed), task, sets)


def _empty_sets(scores: JudgedScores, run: Run, task: str) -> frozenset[str]:
    blocks = {dataset: scores.block(task, dataset) for dataset in scores.datasets(task)}
    return frozenset(
        dataset for dataset, block in blocks.items() if block is None or run not in block.row
    )


def _run_holes(scores: JudgedScores, run: Run, task: str, empty: frozenset[str]) -> Iterator[str]:
    for dataset in scores.datasets(task):
        block = scores.block(task, dataset)
        if block is None or dataset in empty:
            yield f"{run_name(run)}, {task}, {dataset}, {scores.metric}: all queries"
            continue
        asked = scores.asked(block)
        lacking = np.flatnonzero(asked & ~block.present[block.row[run]])
        if len(lacking):
            yield _lacking(block, run, lacking.tolist(), int(asked.sum()))


def _lacking(block: Block, run: Run, lacking: Sequence[int], wanted: int) -> str:
    names = count_of(len(lacking), tuple(block.queries[index] for index in lacking))
    place = f"{run_name(run)}, {block.task}, {block.dataset}, {block.metric}"
    return f"{place}: {names} of {wanted:,}"


def _concerns(scores: JudgedScores, pair: Contrast, problem: Problem) -> bool:
    return (
        (problem.task, problem.metric) == (pair.task, scores.metric)
        and problem.arm in pair.arms
        and problem.dataset in scores.datasets(pair.task)
        and problem.seed in scores.seeds(problem.arm)
    )
