"""The rows of a study's summary: each experiment with its settings, its status and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Literal

from gonogo.spec.base import Spec

RunStatus = Literal[
    "success", "failed", "skipped", "missing_logs", "parse_error", "dry_run", "no_eval"
]
GRAVEST: tuple[RunStatus, ...] = (
    "failed",
    "parse_error",
    "missing_logs",
    "no_eval",
    "skipped",
    "dry_run",
    "success",
)
"""A run has the gravest status of its seeds: it is a success only if all of them are."""
Value = str | int | float | bool | None


class SeedOfRun(Spec):
    """One seed of a run."""

    seed: int
    status: RunStatus
    reason: str = ""
    """What keeps it from being a success."""
    figures: dict[str, float | None] = {}
    """Measured columns; empty unless this seed is a success."""


class Run(Spec):
    """One row."""

    experiment: str
    run_id: str
    """Empty where nothing was started yet."""
    status: RunStatus
    reason: str = ""
    values: dict[str, Value]
    """Every column; measured ones are means over the seeds, None unless the run is a success."""
    stds: dict[str, float]
    """Sample standard deviation over the seeds (n - 1), where there are several."""
    seeds: tuple[SeedOfRun, ...]


class RunTable(Spec):
    """All rows of a study's summary."""

    columns: tuple[str, ...]
    """In the order of ``summary.csv``."""
    measured: tuple[str, ...]
    """Those that hold figures or scores."""
    rank_by: str | None = None
    runs: tuple[Run, ...]
    best: tuple[str, ...] = ()
    """Experiments with the largest values of ``rank_by``, at most three, the best first."""
    averages: dict[str, float] = {}
    """Means of the measured columns over the successful runs."""


def gravest(statuses: Iterable[RunStatus]) -> RunStatus:
    """Return the status of a run from those of its seeds."""
    return min(statuses, key=GRAVEST.index)


def make_run(
    experiment: str,
    run_id: str,
    values: Mapping[str, Value],
    seeds: Sequence[SeedOfRun],
    measured: Sequence[str],
) -> Run:
    """Bring the seeds of a run together; figures are given only if every seed is a success.

    Args:
        experiment: name of the row.
        run_id: of its run.
        values: facts and settings by column.
        seeds: at least one.
        measured: columns to average over the seeds.
    """
    status = gravest(seed.status for seed in seeds)
    given = {name: [seed.figures.get(name) for seed in seeds] for name in measured}
    whole = {name: each for name, each in given.items() if status == "success"}
    numbers = {name: [v for v in each if v is not None] for name, each in whole.items()}
    full = {name: each for name, each in numbers.items() if len(each) == len(seeds)}
    means = {name: fmean(full[name]) if name in full else None for name in measured}
    return Run(
        experiment=experiment,
        run_id=run_id,
        status=status,
        reason="; ".join(f"seed {s.seed}: {s.reason}" for s in seeds if s.reason),
        values={**values, **means},
        stds={name: stdev(each) for name, each in full.items() if len(each) > 1},
        seeds=tuple(seeds),
    )


def make_run_table(
    columns: Sequence[str], measured: Sequence[str], rank_by: str | None, runs: Sequence[Run]
) -> RunTable:
    """Rank the successful runs and average over them; equal ones keep their order."""
    done = [run for run in runs if run.status == "success"]
    found = {name: _known(done, name) for name in measured}
    ranked = sorted(found.get(rank_by or "", []), key=lambda one: -one[1])
    return RunTable(
        columns=tuple(columns),
        measured=tuple(measured),
        rank_by=rank_by,
        runs=tuple(runs),
        best=tuple(name for name, _ in ranked[:3]),
        averages={name: fmean(v for _, v in each) for name, each in found.items() if each},
    )


def _known(runs: Iterable[Run], column: str) -> list[tuple[str, float]]:
    """Return (experiment, value) of the runs that have one."""
    found = ((run.experiment, run.values.get(column)) for run in runs)
    return [(name, float(value)) for name, value in found if isinstance(value, int | float)]
