"""The rows of a study's summary: each run with its figures, and each of its seeds."""

from __future__ import annotations

from gonogo.analysis.records.run_table import Run, RunTable, SeedOfRun
from gonogo.report.cells.formats import UNDEFINED, one_line
from gonogo.report.cells.table_csv import csv_text
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text, columns

_FIRST = ("experiment", "arm", "seeds", "status")


def runs_csv(runs: RunTable) -> str:
    """Write the study's own columns, in full precision; what is unknown is empty."""
    rows = [[run.values[column] for column in runs.columns] for run in runs.runs]
    return csv_text(runs.columns, rows)


def run_tables(runs: RunTable | None) -> tuple[Table, ...]:
    """Make the table of runs and that of their seeds."""
    return () if runs is None else (run_table(runs), seed_of_run_table(runs))


def run_table(runs: RunTable) -> Table:
    """One line a run: what it came to first, then its settings and its name."""
    first = [name for name in _FIRST if name in runs.columns and name != "experiment"]
    rest = [name for name in runs.columns if name not in (*_FIRST, *runs.measured)]
    return Table(
        name="runs",
        title="Runs",
        columns=(
            *columns("experiment", *first),
            *(Column(name, group=name) for name in runs.measured),
            *columns(*rest),
        ),
        rows=tuple(
            Row(
                (
                    Text(run.experiment),
                    *(_cell(run, name) for name in first),
                    *(_figure(run, name) for name in runs.measured),
                    *(_cell(run, name) for name in rest),
                )
            )
            for run in runs.runs
        ),
        caption="Mean ± standard deviation over the seeds of a run, where it has several; figures "
        "only of runs whose seeds are all finished. Runs may share trials.",
        down=True,
    )


def _figure(run: Run, name: str) -> Number:
    value = run.values[name]
    return Number(
        float(value) if isinstance(value, int | float) else None, "score", std=run.stds.get(name)
    )


def _cell(run: Run, name: str) -> Cell:
    value = run.values[name]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Number(value, "plain")
    return Text(UNDEFINED if value is None else str(value))


def seed_of_run_table(runs: RunTable) -> Table:
    """One line for each seed of each run."""
    return Table(
        name="runs_by_seed",
        title="Runs, seed by seed",
        columns=columns("experiment", "seed", "status", *runs.measured, "reason"),
        rows=tuple(
            Row(_seed_cells(run, seed, runs.measured)) for run in runs.runs for seed in run.seeds
        ),
    )


def _seed_cells(run: Run, seed: SeedOfRun, measured: tuple[str, ...]) -> tuple[Cell, ...]:
    return (
        Text(run.experiment),
        Number(seed.seed, "plain"),
        Text(seed.status),
        *(Number(seed.figures.get(name), "score") for name in measured),
        Text(seed.reason),
    )


def run_lines(runs: RunTable) -> list[str]:
    """Say which runs are best, what they are on average, and which have failed or are open."""
    done = [run for run in runs.runs if run.status == "success"]
    left = [run for run in runs.runs if run.status != "success"]
    parts = [
        (
            f"Averages over {len(done)} successful run{'s' * (len(done) != 1)}",
            [f"{name}: {Number(mean, 'score').main}" for name, mean in runs.averages.items()],
        ),
        (
            "Failed or incomplete",
            [f"{run.experiment}: {run.status}: {run.reason}" for run in left],
        ),
    ]
    if runs.rank_by is not None:
        parts.insert(0, (f"Best by {runs.rank_by}", _ranking(runs, runs.rank_by)))
    return [line for title, found in parts for line in _part(title, found)]


def _part(title: str, found: list[str]) -> list[str]:
    return [one_line(title), *(f"  {one_line(line)}" for line in found or ["none"]), ""]


def _ranking(runs: RunTable, column: str) -> list[str]:
    named = {run.experiment: run for run in runs.runs}
    return [
        f"{place}. {name}: {_words(named[name], column)} ({named[name].run_id})"
        for place, name in enumerate(runs.best, start=1)
    ]


def _words(run: Run, name: str) -> str:
    cell = _figure(run, name)
    return f"{cell.main} ± {cell.spread}" if cell.spread else cell.main
