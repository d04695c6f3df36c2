"""Finished trials and references as one score table and one body of evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from gonogo.analysis.geometry.geometry_record import GeometryRecord, read_geometry
from gonogo.analysis.records.evidence import Conflict, Curve, Evidence, LookCurve, TrialRecord
from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.analysis.records.routing import Routing, RoutingFile
from gonogo.core.files import read_json_lines
from gonogo.core.records import read_record
from gonogo.data.files.score_table import write_scores
from gonogo.study.deciding.formats import format_differences
from gonogo.study.deciding.gathered import gathered
from gonogo.study.deciding.routing_logs import logged_routing
from gonogo.study.folder.fingerprints import combine
from gonogo.study.folder.judged import read_judged
from gonogo.study.folder.layout import StudyFolder, TrialFolder
from gonogo.study.folder.looks import LogError, read_looks
from gonogo.study.folder.scored import scored_as
from gonogo.study.folder.states import read_result
from gonogo.study.planning.plan import Plan, PlannedTrial

MOST_POINTS = 300

Row = TypeVar("Row")


def gather_scores(plan: Plan) -> pl.DataFrame:
    """Return the scores of all finished trials and current references, and write them down.

    CQADupStack counts once, and queries have clusters where data sets name them: see
    :func:`gonogo.study.deciding.gathered.gathered`.
    """
    folders = [trial.folder for trial in plan.trials if trial.action == "skip"]
    folders += [row.folder for row in plan.references if row.action == "skip"]
    tables = (folder.scores for folder in folders)
    table = gathered(tables, plan)
    write_scores(plan.folder.scores, table)
    return table


def gather_evidence(plan: Plan) -> Evidence:
    """Return what the trials cost, how their losses ran, and where their gradients disagreed."""
    started = [trial for trial in plan.trials if trial.folder.path.exists()]
    records, curves, routing = [], list[Curve](), list[Routing]()
    for trial in plan.trials:
        rows = _lines(trial.folder, "train.jsonl")
        records.append(_record(trial, rows))
        curves += _curves(trial, rows)
        routing += logged_routing(trial.arm, trial.seed, rows, _thin)
        if trial.folder.routing.exists():
            routing += read_record(trial.folder.routing, RoutingFile).routing
    return Evidence(
        trials=tuple(records),
        curves=tuple(curves),
        looks=tuple(look for trial in started for look in _looks(trial)),
        conflicts=tuple(conflict for trial in started for conflict in _conflicts(trial)),
        environment=_environment(started),
        files=_files(plan.folder, started),
        geometry=tuple(_geometry(plan)),
        judged_runs=tuple(_judged_runs(plan)),
        routing=tuple(routing),
        formats=tuple(format_differences(plan)),
    )


def _judged_runs(plan: Plan) -> Iterator[JudgedRun]:
    """Yield how far the rankings of finished rows met their judgements, under gathered names."""
    names = scored_as(plan.study.evaluation)
    folders = [row.folder for row in plan.references if row.action == "skip"]
    folders += [trial.folder for trial in plan.trials if trial.action == "skip"]
    for folder in folders:
        for run in read_judged(folder):
            yield run.model_copy(update={"dataset": names.get(run.dataset, run.dataset)})


def _geometry(plan: Plan) -> Iterator[GeometryRecord]:
    """Yield what finished reference rows and trials hold, where the evaluation asks for it."""
    if plan.study.evaluation.geometry is None:
        return
    folders = [row.folder for row in plan.references if row.action == "skip"]
    folders += [trial.folder for trial in plan.trials if trial.action == "skip"]
    for folder in folders:
        if folder.geometry.exists():
            yield read_geometry(folder.geometry)


def _record(trial: PlannedTrial, rows: list[dict[str, Any]]) -> TrialRecord:
    result = read_result(trial.folder)
    state = "missing" if trial.standing.state == "new" else str(trial.standing.state)
    if result.state in ("failed", "aborted") and state != "finished":
        state = result.state
    known = {key: v for key, v in result.known().items() if key in TrialRecord.model_fields}
    if trial.standing.state not in ("new", "stale"):
        known["fingerprint"] = combine(trial.training)
    own = {"arm": trial.arm, "seed": trial.seed, "state": state, "padding": _padding(rows)}
    return TrialRecord(**{**known, **own})


def _padding(rows: list[dict[str, Any]]) -> float | None:
    """Return which share of all tokens in the logged steps was padding; None where none passed."""
    counted = [(int(row["tokens"]), float(row["padding"])) for row in rows if row.get("tokens")]
    padded = sum(tokens / (1.0 - padding) for tokens, padding in counted)
    return 1.0 - sum(tokens for tokens, _ in counted) / padded if padded else None


def _environment(trials: list[PlannedTrial]) -> dict[str, str]:
    """Return what the trials ran on; where they differ, each value that there is."""
    found: dict[str, list[str]] = {}
    for trial in trials:
        if trial.folder.environment.exists():
            for key, value in read_record(trial.folder.environment, dict[str, str]).items():
                if key != "command" and str(value) not in found.setdefault(key, []):
                    found[key].append(str(value))
    return {key: "; ".join(values) for key, values in found.items() if values}


def _thin(rows: Sequence[Row]) -> list[Row]:
    """Keep at most MOST_POINTS rows, evenly, the first and the last one always."""
    if len(rows) <= MOST_POINTS:
        return list(rows)
    stride = -(-(len(rows) - 1) // (MOST_POINTS - 1))
    return [*rows[::stride], *([rows[-1]] if (len(rows) - 1) % stride else [])]


def _lines(folder: TrialFolder, name: str) -> list[dict[str, Any]]:
    path = folder.log(name)
    return list(read_json_lines(path)) if path.exists() else []


def _curves(trial: PlannedTrial, rows: list[dict[str, Any]]) -> Iterator[Curve]:
    """Yield one curve for each task: of the objective alone, where regularisers are added to it.

    A loss that holds their weighted terms cannot be compared between arms.
    """
    rows = [row for row in rows if row.get("loss") is not None]
    for task in dict.fromkeys(str(row["task"]) for row in rows):
        kept = _thin([row for row in rows if row["task"] == task])
        apart = "objective" in kept[0]
        yield Curve(
            arm=trial.arm,
            seed=trial.seed,
            task=task,
            steps=tuple(int(row["step"]) for row in kept),
            loss=tuple(float(row["objective" if apart else "loss"]) for row in kept),
            terms_left_out=apart,
        )


def _looks(trial: PlannedTrial) -> Iterator[LookCurve]:
    """Yield the figures of the trial's looks, if it has taken any that can be read.

    A verdict rests on scores: a broken log keeps nobody from it, and ``gonogo summary`` names it.
    """
    try:
        looks = _thin(read_looks(trial.folder))
    except LogError:
        return
    names = dict.fromkeys(name for look in looks for name in look.figures)
    if names:
        yield LookCurve(
            arm=trial.arm,
            seed=trial.seed,
            steps=tuple(look.step for look in looks),
            figures={name: tuple(look.figures.get(name) for look in looks) for name in names},
        )


def _conflicts(trial: PlannedTrial) -> Iterator[Conflict]:
    """Yield one conflict for each pair of tasks."""
    lines = _lines(trial.folder, "gradient_conflicts.jsonl")
    for first, second in dict.fromkeys(tuple(line["tasks"]) for line in lines):
        every = [line for line in lines if tuple(line["tasks"]) == (first, second)]
        rows = _thin(every)
        layers = tuple(dict.fromkeys(layer for row in rows for layer in row["layers"]))
        grid = tuple(tuple(row["layers"].get(layer) for row in rows) for layer in layers)
        defined = [v for row in every for v in row["layers"].values() if v is not None]
        yield Conflict(
            arm=trial.arm,
            seed=trial.seed,
            tasks=(first, second),
            steps=tuple(int(row["step"]) for row in rows),
            mean_cosine=tuple(row["mean_cosine"] for row in rows),
            layers=layers,
            layer_cosine=grid,
            fraction_negative=_share_negative(defined),
        )


def _share_negative(values: list[float]) -> float | None:
    return sum(value < 0 for value in values) / len(values) if values else None


def _files(folder: StudyFolder, trials: list[PlannedTrial]) -> dict[str, str]:
    """Return every hand-over file that exists, by a readable label, relative to the folder."""
    files: dict[str, Path] = {
        "scores of every query": folder.scores,
        "frozen study": folder.study,
        "frozen gate": folder.gate,
    }
    for trial in trials:
        place = trial.folder
        files[f"{trial.name}: configuration"] = place.config
        files[f"{trial.name}: environment"] = place.environment
        files[f"{trial.name}: training log"] = place.log("train.jsonl")
        files[f"{trial.name}: gradient conflicts"] = place.log("gradient_conflicts.jsonl")
        for run in sorted(place.path.glob("runs/*/*.trec")):
            files[f"{trial.name}: ranking {run.parent.name}/{run.stem}"] = run
    present = {label: path for label, path in files.items() if path.exists()}
    return {label: str(path.relative_to(folder.path)) for label, path in present.items()}
