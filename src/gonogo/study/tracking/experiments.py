"""Each experiment of a study in a row: what its trials came to, read from their files alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from gonogo.analysis.records.run_table import (
    Run,
    RunStatus,
    RunTable,
    SeedOfRun,
    Value,
    make_run,
    make_run_table,
)
from gonogo.spec.rule.summary import FactColumn
from gonogo.spec.study import Experiment
from gonogo.study.folder.looks import LogError
from gonogo.study.folder.states import read_result
from gonogo.study.planning.plan import Plan, PlannedTrial
from gonogo.study.tracking.run_ids import (
    RunRecord,
    current_record,
    has_runs,
    is_whole,
    new_record,
    read_records,
    rows_of,
    trials_of,
)
from gonogo.study.tracking.run_values import (
    NoFigureError,
    columns_of,
    measure,
    measured_columns,
    setting_values,
    warmup_taken,
)


def gather_runs(
    plan: Plan, *, dry_run: bool = False, names: Mapping[str, str] = {}
) -> RunTable | None:
    """Return the rows of a study's summary; None for a study that has none.

    The same files give the same rows: nothing is asked of the run that wrote them.

    Args:
        plan: of the whole study, or of a part of it: rows without all their trials are left out.
        dry_run: what is not finished is called ``dry_run``, and named as a run would name it now.
        names: names that a run would be given, by row.
    """
    if not has_runs(plan):
        return None
    records = read_records(plan)
    now = datetime.now(UTC)
    runs = []
    for name, row in rows_of(plan.study).items():
        if not is_whole(row, plan):
            continue
        record = current_record(name, row, plan, records)
        seeds = [_seed(trial, plan, dry_run=dry_run) for trial in trials_of(row, plan)]
        if dry_run and (record is None or name in names):
            record = new_record(name, row, plan, now, names.get(name, ""))
        runs.append(_run(name, row, record, seeds, plan))
    summary = plan.study.summary
    rank_by = summary.rank_by if summary else None
    return make_run_table(
        tuple(columns_of(plan.study)), measured_columns(plan.study), rank_by, runs
    )


def _run(
    name: str, row: Experiment, record: RunRecord | None, seeds: list[SeedOfRun], plan: Plan
) -> Run:
    run_id = record.run_id if record else ""
    run = make_run(name, run_id, {}, seeds, measured_columns(plan.study))
    facts: dict[str, Value] = {
        "timestamp": record.timestamp if record else None,
        "run_id": run_id or None,
        "experiment": name,
        "arm": row.arm,
        "seeds": ",".join(map(str, row.seeds or ())),
        "status": run.status,
        "tier": plan.study.tier,
        "warmup_steps": warmup_taken(plan.study.arms[row.arm], _steps(row, plan)),
    }
    values: dict[str, Value] = {**setting_values(plan.study, row.arm), **run.values}
    for column, spec in columns_of(plan.study).items():
        if isinstance(spec, FactColumn):
            values[column] = facts[spec.fact]
    ordered = {column: values[column] for column in columns_of(plan.study)}
    return run.model_copy(update={"values": ordered})


def _steps(row: Experiment, plan: Plan) -> int | None:
    """Return the optimiser steps that the row's trials have, where one of them has told."""
    told = [
        read_result(trial.folder).total_steps
        for trial in trials_of(row, plan)
        if trial.standing.state not in ("new", "stale")
    ]
    return next((steps for steps in told if steps), None)


def _seed(trial: PlannedTrial, plan: Plan, *, dry_run: bool) -> SeedOfRun:
    """Judge one trial from its files."""
    status, reason = _state(trial, dry_run=dry_run)
    figures: dict[str, float | None] = {}
    if status == "success":
        try:
            figures = measure(trial.folder, trial.config, columns_of(plan.study))
        except LogError as error:
            status, reason = error.status, str(error)
        except NoFigureError as error:
            status, reason = "no_eval", str(error)
    return SeedOfRun(seed=trial.seed, status=status, reason=reason, figures=figures)


def _state(trial: PlannedTrial, *, dry_run: bool) -> tuple[RunStatus, str]:
    """Return a trial's status and why, as far as its state tells."""
    state, reason = trial.standing.state, trial.standing.reason
    error = read_result(trial.folder).error or ""
    if dry_run and trial.action != "skip":
        return "dry_run", trial.reason
    if state == "finished":
        return "success", ""
    if state == "stale" or (state == "new" and not error):
        return "skipped", reason
    if error or state == "training":
        return "failed", error or f"unfinished: {reason}"
    return "no_eval", reason
