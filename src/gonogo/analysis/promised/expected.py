"""What a study promised to score: the measure of what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from gonogo.analysis.tables.labels import outline
from gonogo.analysis.tables.measures import canonical
from gonogo.analysis.tables.scores import ScoreTable, pivot
from gonogo.spec.rule.gates import GateSpec


@dataclass(frozen=True)
class Expected:
    """Who was to be scored on what; empty fields are filled from the table itself."""

    study: str = ""
    question: str = ""
    tier: str = "full"
    note: str = ""
    """What the tier is for and can tell."""
    preliminary: bool = False
    arms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each arm of the study and the tasks that it was trained on; empty: unknown."""
    seeds: tuple[int, ...] = ()
    """Seeds that every arm was to be trained with; empty: all that the gate's arms have."""
    own_seeds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Seeds of single arms, where an arm was to be trained with fewer; absent: ``seeds``."""
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each task and the data sets it is scored on; absent: all that the gate's arms have."""
    references: tuple[str, ...] = ()
    """Comparison rows that are not arms, such as BM25."""
    untrained: str = ""
    """The row of the model without any training; empty: unknown."""
    off_task: bool = True
    """Whether arms are scored on tasks that others were trained on and they were not."""
    looked: tuple[int, int] | None = None
    """Seeds done and planned of a study that was looked at after each seed; None: only once."""
    queries: Mapping[str, int] = field(default_factory=dict)
    """Queries of each data set, where known; it alone tells a query that all arms lack."""

    def is_off_task(self, arm: str, task: str) -> bool:
        """Tell whether an arm is scored on what others were taught and it was not.

        An evaluated task under whose name no arm is trained looks at them all from outside.
        """
        taught = {each for tasks in self.arms.values() for each in tasks}
        return arm in self.arms and task in taught and task not in self.arms[arm]

    def not_scored(self) -> dict[str, tuple[str, ...]]:
        """Return by task the arms that were never to be scored on it."""
        if self.off_task:
            return {}
        found = {
            task: tuple(a for a in self.arms if self.is_off_task(a, task)) for task in self.tasks
        }
        return {task: arms for task, arms in found.items() if arms}


def expected_from_scores(frame: pl.DataFrame, gate: GateSpec) -> Expected:
    """Take a table from elsewhere at its word: its seeds and data sets were the plan.

    What one of the gate's arms has and another lacks is still a hole; what all lack cannot be
    seen.

    Raises:
        UserError: for absent columns or empty keys.
    """
    # One query stands for all: a plan names arms, seeds and data sets.
    return fill(Expected(), pivot(outline(frame)), gate)


def fill(expected: Expected, table: ScoreTable, gate: GateSpec) -> Expected:
    """Return ``expected`` with its empty seeds, tasks and references filled from the table."""
    arms = gate.arms
    seeds = {seed for arm in arms for seed in table.seeds.get(arm, ()) if seed is not None}
    tasks = {
        task: expected.tasks.get(task) or _scored(table, task, canonical(gate.metric), arms)
        for task in gate.tasks
    }
    unseeded = tuple(a for a in table.seeds if table.unseeded(a) and a not in expected.arms)
    return replace(
        expected,
        seeds=expected.seeds or tuple(sorted(seeds)),
        own_seeds=expected.own_seeds if expected.seeds else _own_seeds(table, arms),
        tasks={**expected.tasks, **tasks},
        references=expected.references or (unseeded if seeds or expected.arms else ()),
    )


def _own_seeds(table: ScoreTable, arms: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Return the seeds that arms of a table from elsewhere owe, where these are not all seeds.

    Arms that share a seed, with several each, were trained together: what one lacks is a hole. An
    arm that shares none with the others, or has a single run, has seeds of its own.
    """
    given = {arm: {s for s in table.seeds.get(arm, ()) if s is not None} for arm in arms}
    found: dict[str, tuple[int, ...]] = {}
    for arm, seeds in given.items():
        owed, grown = seeds, len(seeds) > 1
        while grown:
            met = [other for other in given.values() if len(other) > 1 and other & owed]
            wider = owed.union(*met)
            owed, grown = wider, wider != owed
        if seeds:
            found[arm] = tuple(sorted(owed))
    return found if len(set(found.values())) > 1 else {}


def _scored(table: ScoreTable, task: str, metric: str, arms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        dataset
        for dataset in table.datasets(task, metric)
        if any(run[0] in arms for run in table.blocks[task, dataset, metric].runs)
    )


def seeds_of(arm: str, expected: Expected, table: ScoreTable) -> tuple[int | None, ...]:
    """Return the seeds that an arm must have; ``(None,)`` for rows that have none by nature.

    An arm of the study owes every seed. Others, such as BM25, may have no seed at all and then
    stand for every seed.
    """
    absent_reference = arm in expected.references and arm not in table.seeds
    if arm not in expected.arms and (table.unseeded(arm) or absent_reference):
        return (None,)
    return expected.own_seeds.get(arm, expected.seeds) or (None,)
