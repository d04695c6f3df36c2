"""Mean scores of every arm and reference row, and means over the data sets that all rows share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.mean_intervals import mean_interval
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.effects import ArmScore
from gonogo.analysis.tables.scores import Block, ScoreTable


def arm_scores(table: ScoreTable, expected: Expected) -> tuple[tuple[ArmScore, ...], list[str]]:
    """Return a row for each arm, task, data set and metric, and the mean over shared data sets.

    A mean over data sets (``dataset`` None) is taken over those that *all* rows of the task and
    metric share, so that no two means rest on different sets, and over the seeds that have all of
    them. Only usable values count; ``queries`` says how many a seed has at least.

    Returns:
        The rows, and warnings naming the sets that were left out of means.
    """
    rows: list[ArmScore] = []
    warnings: list[str] = []
    blocks = sorted(table.blocks.values(), key=lambda b: (b.task, b.metric, b.dataset))
    for (task, metric), group in groupby(blocks, key=lambda b: (b.task, b.metric)):
        own = {block.dataset: block for block in group}
        means = {dataset: _seed_means(block) for dataset, block in own.items()}
        arms = sorted({arm for sets in means.values() for arm in sets})
        shared = [d for d, sets in means.items() if all(arm in sets for arm in arms)]
        for arm in arms:
            for dataset, values in _rows_of(arm, means, shared):
                row = _row(arm, task, dataset, metric, values, table, expected)
                of = [own[name] for name in (shared if dataset is None else [dataset])]
                interval = mean_interval(of, arm, tuple(values))
                rows.append(row.model_copy(update={"interval": interval}))
        if len(shared) < len(means):
            apart = ", ".join(sorted(set(means) - set(shared)))
            warnings.append(
                f"{task}, {metric}: means over data sets leave out {apart}, which not every row has"
            )
    return tuple(rows), warnings


SeedMeans = dict[int | None, tuple[float, int]]
"""Mean value and number of queries, by seed."""


def _seed_means(block: Block) -> dict[str, SeedMeans]:
    """Return each arm's means over queries; runs without any usable value are left out."""
    found: dict[str, SeedMeans] = {}
    for (arm, seed), values in zip(block.runs, block.values, strict=True):
        usable = values[~np.isnan(values)]
        if usable.size:
            found.setdefault(arm, {})[seed] = float(usable.mean()), usable.size
    return found


def _rows_of(
    arm: str, means: dict[str, dict[str, SeedMeans]], shared: Sequence[str]
) -> Iterator[tuple[str | None, SeedMeans]]:
    for dataset, sets in means.items():
        if arm in sets:
            yield dataset, sets[arm]
    seeds = list(means[shared[0]][arm]) if shared else []
    whole = [seed for seed in seeds if all(seed in means[d][arm] for d in shared)]
    if whole:
        yield (
            None,
            {
                seed: (
                    math.fsum(means[d][arm][seed][0] for d in shared) / len(shared),
                    sum(means[d][arm][seed][1] for d in shared),
                )
                for seed in whole
            },
        )


def _row(
    arm: str,
    task: str,
    dataset: str | None,
    metric: str,
    values: SeedMeans,
    table: ScoreTable,
    expected: Expected,
) -> ArmScore:
    figures = np.array([value for value, _ in values.values()])
    return ArmScore(
        arm=arm,
        task=task,
        dataset=dataset,
        metric=metric,
        mean=math.fsum(figures) / len(figures),
        std=_sample_std(figures),
        seeds=sum(seed is not None for seed in values),
        queries=min(count for _, count in values.values()),
        off_task=expected.is_off_task(arm, task),
        reference=arm in expected.references or (arm not in expected.arms and table.unseeded(arm)),
    )


def _sample_std(values: Float[np.ndarray, " seeds"]) -> float | None:
    return float(values.std(ddof=1)) if len(values) > 1 else None
