"""Names of runs: given when a run is started, kept as long as its trials are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from gonogo.analysis.records.run_table import Value
from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint, safe_name, write_json
from gonogo.core.records import read_record
from gonogo.spec.study import Experiment, ResolvedStudy
from gonogo.study.folder.fingerprints import combine
from gonogo.study.planning.plan import Plan, PlannedTrial
from gonogo.study.tracking.run_values import named_run, setting_values


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A started run."""

    experiment: str
    run_id: str
    timestamp: str
    """ISO time, UTC."""
    fingerprint: str
    """Of everything that can change the weights of its trials."""


Records = Mapping[tuple[str, str], RunRecord]
"""By experiment and fingerprint: one with other settings is another run."""


def has_runs(plan: Plan) -> bool:
    """Tell whether a study has a summary by runs."""
    return plan.study.summary is not None or bool(plan.study.experiments)


def rows_of(study: ResolvedStudy) -> dict[str, Experiment]:
    """Return the rows of a study's summary: its experiments, or else each arm on all seeds."""
    if study.experiments:
        return dict(study.experiments)
    return {arm: Experiment(arm=arm, seeds=study.seeds) for arm in study.arms}


def trials_of(row: Experiment, plan: Plan) -> list[PlannedTrial]:
    """Return the trials of a row that are in a plan, in the order of its seeds."""
    known = {(trial.arm, trial.seed): trial for trial in plan.trials}
    places = [(row.arm, seed) for seed in row.seeds or ()]
    return [known[place] for place in places if place in known]


def is_whole(row: Experiment, plan: Plan) -> bool:
    """Tell whether all trials of a row are in a plan."""
    return len(trials_of(row, plan)) == len(row.seeds or ())


def read_records(plan: Plan) -> Records:
    """Return the runs that were started."""
    path, hint = plan.folder.runs, "take it away: runs are then named anew"
    records = read_record(path, tuple[RunRecord, ...], hint=hint) if path.exists() else ()
    return {(record.experiment, record.fingerprint): record for record in records}


def current_record(name: str, row: Experiment, plan: Plan, records: Records) -> RunRecord | None:
    """Return the record of a row whose trials are still what they were; the name matters not.

    A row whose trials other rows have brought along, and that was never started itself, dates
    from the last of them. A forced one is a new run.
    """
    trials = trials_of(row, plan)
    if any(trial.forced for trial in trials):
        return None
    record = records.get((name, _fingerprint(trials)))
    if record is not None:
        return record
    if not is_whole(row, plan) or any(t.standing.state != "finished" for t in trials):
        return None
    latest = max(trial.folder.evaluation.stat().st_mtime for trial in trials)
    return new_record(name, row, plan, datetime.fromtimestamp(latest, UTC))


def new_record(
    name: str, row: Experiment, plan: Plan, now: datetime, run_id: str = ""
) -> RunRecord:
    """Name a run, by the study's template unless a name is given."""
    summary = plan.study.summary
    template = summary.run_id if summary else "{study}_{experiment}_{timestamp}"
    values: dict[str, Value] = {
        **setting_values(plan.study, row.arm),
        "study": plan.study.study,
        "tier": plan.study.tier,
        "experiment": name,
        "arm": row.arm,
        "seeds": _joined(row.seeds or ()),
        "timestamp": now.strftime("%Y%m%d_%H%M%S"),
    }
    stamp = now.isoformat(timespec="seconds")
    made = run_id or named_run(template, values)
    return RunRecord(name, made, stamp, _fingerprint(trials_of(row, plan)))


def register_runs(plan: Plan, run_id: str | None = None) -> None:
    """Name every run that is about to start; those that go on, or are finished, keep theirs.

    Args:
        plan: what will run.
        run_id: the name of the one run that is asked for.

    Raises:
        UserError: as :func:`names_given`.
    """
    if not has_runs(plan):
        return
    names, before = names_given(plan, run_id), read_records(plan)
    records = dict(before)
    for name, row in rows_of(plan.study).items():
        trials = trials_of(row, plan)
        if not is_whole(row, plan) or all(trial.action == "skip" for trial in trials):
            continue
        if name in names or current_record(name, row, plan, before) is None:
            record = new_record(name, row, plan, datetime.now(UTC), names.get(name, ""))
            records[name, record.fingerprint] = record
    if records != before:
        write_json(plan.folder.runs, [asdict(record) for record in records.values()])


def names_given(plan: Plan, run_id: str | None) -> dict[str, str]:
    """Return the row that a name is given to, and the name; nothing where none is given.

    Raises:
        UserError: if a name is given and the plan is not one run, or another run has it.
    """
    if run_id is None:
        return {}
    place = f"run_id {run_id}"
    if not has_runs(plan):
        hint = "give it a block 'experiments' or 'summary'"
        raise UserError("this study has no runs to name", place=place, hint=hint)
    rows = rows_of(plan.study)
    whole = [name for name, row in rows.items() if is_whole(row, plan)]
    alike = {(rows[name].arm, rows[name].seeds): name for name in reversed(whole)}
    found = [plan.only] if plan.only in whole else [n for n in whole if n in alike.values()]
    if len(found) != 1:
        raise UserError(
            f"one name for {len(found)} runs: {', '.join(map(str, found)) or 'none'}",
            place=place,
            hint=f"choose one with `only`: {', '.join(rows)}",
        )
    taken = {record.run_id: record.experiment for record in read_records(plan).values()}
    if taken.get(safe_name(run_id), found[0]) != found[0]:
        raise UserError(f"the run of {taken[run_id]!r} is called so already", place=place)
    return {str(found[0]): run_id}


def finished_as(plan: Plan, names: Mapping[str, str]) -> dict[str, str]:
    """Return what rows are called that would be given another name but are finished already."""
    records, found = read_records(plan), {}
    for name in names:
        row = rows_of(plan.study)[name]
        record = current_record(name, row, plan, records)
        if record is not None and all(trial.action == "skip" for trial in trials_of(row, plan)):
            found[name] = record.run_id
    return found


def _joined(seeds: tuple[int, ...]) -> str:
    """Write seeds in a name: ``012``, or ``42-123`` where that could be read otherwise."""
    return ("" if all(seed < 10 for seed in seeds) else "-").join(map(str, seeds))


def _fingerprint(trials: list[PlannedTrial]) -> str:
    return fingerprint([[trial.arm, combine(trial.training)] for trial in trials])
