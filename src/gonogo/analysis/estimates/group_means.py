"""Means over the data sets that training drew on, and over all others."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from gonogo.analysis.estimates.arm_scores import arm_scores
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.effects import GroupMean
from gonogo.analysis.tables.scores import ScoreTable
from gonogo.spec.rule.criteria import Group


def group_means(
    table: ScoreTable, expected: Expected, in_domain: Collection[str]
) -> tuple[GroupMean, ...]:
    """Return each arm's mean over all data sets, those in domain, and those out of it.

    As in :func:`gonogo.analysis.estimates.arm_scores.arm_scores`, a mean is over the data sets that
    *all* rows of a task and metric share; here each mean names them. A group without a shared data
    set has no mean.

    Args:
        table: scores of all arms and reference rows.
        expected: who is an arm and who a reference.
        in_domain: names of the data sets that some arm was trained on.
    """
    every = {dataset for _, dataset, _ in table.blocks}
    known = every & set(in_domain)
    groups: dict[Group, set[str]] = {"all": every}
    if known:
        groups |= {"in domain": known, "out of domain": every - known}
    return tuple(
        mean for name, sets in groups.items() for mean in _means(table, expected, name, sets)
    )


def _means(
    table: ScoreTable, expected: Expected, group: Group, datasets: set[str]
) -> list[GroupMean]:
    part = ScoreTable({key: b for key, b in table.blocks.items() if key[1] in datasets}, ())
    rows, _ = arm_scores(part, expected)
    return [
        GroupMean(**dict(row), group=group, datasets=shared_datasets(part, row.task, row.metric))
        for row in rows
        if row.dataset is None
    ]


def shared_datasets(table: ScoreTable, task: str, metric: str) -> tuple[str, ...]:
    """Return the data sets on which every row of a task and metric has a usable value, sorted."""
    blocks = [b for (t, _, m), b in table.blocks.items() if (t, m) == (task, metric)]
    usable = {
        block.dataset: {
            run[0]
            for run, values in zip(block.runs, block.values, strict=True)
            if np.isfinite(values).any()
        }
        for block in blocks
    }
    everyone = set().union(*usable.values())
    return tuple(sorted(dataset for dataset, arms in usable.items() if arms == everyone))
