"""The part of a score table that a gate looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from gonogo.analysis.promised.expected import Expected, fill, seeds_of
from gonogo.analysis.tables.measures import canonical
from gonogo.analysis.tables.scores import Block, Run, ScoreTable
from gonogo.spec.rule.gate_parts import Contrast
from gonogo.spec.rule.gates import GateSpec


@dataclass(frozen=True)
class Stratum:
    """Two arms' values of one data set: one row a seed, one column a query."""

    dataset: str
    queries: tuple[str, ...]
    reference: Float[np.ndarray, "_ queries"]
    candidate: Float[np.ndarray, "_ queries"]
    clusters: Int[np.ndarray, " queries"] | None = None
    """Cluster of each query, 0, 1, ...; None where every query is its own."""


@dataclass(frozen=True)
class JudgedScores:
    """A table beside the rule that judges it and what was promised."""

    table: ScoreTable
    gate: GateSpec
    promised: Expected

    @cached_property
    def expected(self) -> Expected:
        """Return the promise, with what it leaves open filled from the table."""
        return fill(self.promised, self.table, self.gate)

    @cached_property
    def metric(self) -> str:
        """Return the gate's measure in the spelling of the table."""
        return canonical(self.gate.metric)

    @cached_property
    def contrasts(self) -> tuple[Contrast, ...]:
        """Return what the gate needs to see."""
        return self.gate.contrasts

    @cached_property
    def runs(self) -> frozenset[Run]:
        """Return every run that the gate looks at."""
        return frozenset((arm, seed) for arm in self.gate.arms for seed in self.seeds(arm))

    def seeds(self, arm: str) -> tuple[int | None, ...]:
        """Return the seeds that an arm must have; ``(None,)`` for rows without any."""
        return seeds_of(arm, self.expected, self.table)

    def datasets(self, task: str) -> tuple[str, ...]:
        """Return the data sets that a task is judged on."""
        return self.expected.tasks.get(task, ())

    def block(self, task: str, dataset: str) -> Block | None:
        """Return the values of the gate's metric, None if the table has none."""
        return self.table.blocks.get((task, dataset, self.metric))

    def asked(self, block: Block) -> Bool[np.ndarray, " queries"]:
        """Return which queries any judged run was scored on: what all of them owe."""
        rows = [index for index, run in enumerate(block.runs) if run in self.runs]
        owed: Bool[np.ndarray, " queries"] = np.any(block.present[rows], axis=0)
        return owed

    def values(self, task: str, arm: str) -> Mapping[str, Float[np.ndarray, "seeds queries"]]:
        """Return an arm's values by data set.

        Raises:
            KeyError: if a part is missing; look for holes first.
        """
        found = {}
        for dataset in self.datasets(task):
            block = self.table.blocks[task, dataset, self.metric]
            found[dataset] = block.of(arm, self.seeds(arm))[:, self.asked(block)]
        return found

    def clusters(self, task: str) -> list[Int[np.ndarray, " queries"] | None] | None:
        """Return the clusters of each data set's queries; None where none are named at all.

        Raises:
            KeyError: if a part is missing; look for holes first.
        """
        blocks = [self.table.blocks[task, name, self.metric] for name in self.datasets(task)]
        found = [numbered(b.clusters, np.flatnonzero(self.asked(b))) for b in blocks]
        return None if all(one is None for one in found) else found

    def strata(self, contrast: Contrast) -> tuple[Stratum, ...]:
        """Return both arms' values, data set by data set.

        Rows without a seed, such as BM25's, stand beside every seed of the other arm: they have
        no seed noise of their own. Arms with other seeds keep a row for each of their own.

        Raises:
            KeyError: if a part is missing; look for holes first.
            ValueError: if the contrast has no reference.
        """
        if contrast.reference is None:
            raise ValueError(f"{contrast.candidate} is judged by its level, not against an arm")
        reference = self.values(contrast.task, contrast.reference)
        candidate = self.values(contrast.task, contrast.candidate)
        found = []
        for dataset in self.datasets(contrast.task):
            block = self.table.blocks[contrast.task, dataset, self.metric]
            asked = np.flatnonzero(self.asked(block))
            before, after = reference[dataset], candidate[dataset]
            if self.seeds_paired(contrast):
                shape = max(len(before), len(after)), len(asked)
                before, after = np.broadcast_to(before, shape), np.broadcast_to(after, shape)
            names = tuple(block.queries[index] for index in asked)
            found.append(Stratum(dataset, names, before, after, numbered(block.clusters, asked)))
        return tuple(found)

    def seeds_paired(self, contrast: Contrast) -> bool:
        """Return whether both arms have the same seeds, or one of them has none at all."""
        return len({self.seeds(arm) for arm in contrast.arms} - {(None,)}) <= 1

    def notes(self, contrast: Contrast) -> tuple[str, ...]:
        """Say that the arms' seeds are not paired."""
        if self.seeds_paired(contrast):
            return ()
        own = ", ".join(f"{arm} {len(self.seeds(arm))}" for arm in contrast.arms)
        return (
            f"{contrast.task}: the arms have seeds of their own ({own}), so that seeds are not "
            "paired; queries are",
        )

    def paired_seeds(self, contrast: Contrast) -> tuple[int, ...]:
        """Return the seeds of a contrast's strata, row by row; empty without a common one."""
        seeds = {self.seeds(arm) for arm in contrast.arms} - {(None,)}
        return tuple(s for s in seeds.pop() if s is not None) if len(seeds) == 1 else ()


def numbered(
    clusters: Int[np.ndarray, " queries"] | None, asked: Int[np.ndarray, " _"]
) -> Int[np.ndarray, " _"] | None:
    """Return the clusters of the queries that are looked at, numbered anew without gaps."""
    if clusters is None:
        return None
    return np.unique(clusters[asked], return_inverse=True)[1].astype(np.int64)
