"""A score table as a gate judges it: with everything that was handed in twice counted once."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.tables.duplicates import Distinct, distinct
from gonogo.analysis.tables.scores import pivot
from gonogo.spec.rule.gates import GateSpec


def judged_scores(
    frame: pl.DataFrame, gate: GateSpec, expected: Expected
) -> tuple[JudgedScores, tuple[str, ...]]:
    """Pivot a tidy table, leave copies out, and say what they were.

    Args:
        frame: as ``pivot`` takes it.
        gate: the rule.
        expected: what was to be scored; what repeats another seed or data set is no longer owed.

    Raises:
        UserError: for absent columns, empty keys, or a query in two clusters.
    """
    found = distinct(pivot(frame))
    return JudgedScores(found.table, gate, _still_owed(expected, found)), found.notes


def _still_owed(expected: Expected, found: Distinct) -> Expected:
    own = {
        arm: tuple(
            seed for seed in expected.own_seeds.get(arm, expected.seeds) if seed not in copies
        )
        for arm, copies in found.seeds.items()
    }
    tasks = {
        task: tuple(name for name in names if name not in found.datasets.get(task, ()))
        for task, names in expected.tasks.items()
    }
    known = {arm: seeds for arm, seeds in own.items() if seeds}
    return replace(expected, own_seeds={**expected.own_seeds, **known}, tasks=tasks)
