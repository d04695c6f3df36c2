"""One log a trial for other programs: training lines and looks together, and what they come to.

While a trial runs, its lines are appended to ``train.jsonl`` and ``validation.jsonl``. When its
training ends, stops or fails they are joined into ``train_logs.jsonl`` and its parquet twin;
``gonogo summary`` does the same where the joined logs are gone or behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.core.files import read_json_lines, write_bytes, write_json, write_lines
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.looks import (
    LOOKS,
    MERGED,
    PREFIX,
    LogError,
    best_look,
    figure_of,
    read_looks,
    read_looks_file,
)
from gonogo.study.folder.states import read_result
from gonogo.study.planning.plan import Plan

SUMMARY = "train_summary.json"
TRAIN = "train.jsonl"


def write_run_logs(folder: TrialFolder) -> None:
    """Write ``train_logs.jsonl``, ``train_logs.parquet`` and ``train_summary.json`` of a trial.

    Every line has every figure; those of looks are null on all lines but theirs. A trial that
    was never looked at is left as it is, its ``train.jsonl`` says all.
    """
    if not folder.log(LOOKS).exists():
        return
    merged = folder.log(MERGED)
    write_lines(merged, (json.dumps(line, ensure_ascii=False) for line in _join(folder)))
    _write_parquet(merged)
    write_json(folder.log(SUMMARY), _summary(folder))


def restore_run_logs(plan: Plan) -> None:
    """Write the joined logs of started trials, whole or not, where they are gone or behind."""
    for trial in plan.trials:
        started = trial.standing.state in ("training", "trained", "finished")
        if started and not are_current(trial.folder):
            with suppress(LogError, UserError):  # the summary will say what is wrong with them
                write_run_logs(trial.folder)


def are_current(folder: TrialFolder) -> bool:
    """Tell whether the joined logs are there and hold all that the training has appended.

    A trial that was never looked at has none.
    """
    if not folder.log(LOOKS).exists():
        return True
    joined = [folder.log(name) for name in (MERGED, "train_logs.parquet", SUMMARY)]
    if not all(path.exists() for path in joined):
        return False
    appended = [path for path in (folder.log(TRAIN), folder.log(LOOKS)) if path.exists()]
    oldest = min(path.stat().st_mtime_ns for path in joined)
    return all(path.stat().st_mtime_ns < oldest for path in appended)


def write_twins(folder: TrialFolder) -> None:
    """Write the parquet twin of every log whose twin is gone or behind."""
    for path in sorted(folder.log("").glob("*.jsonl")):
        twin = path.with_suffix(".parquet")
        if not twin.exists() or twin.stat().st_mtime_ns < path.stat().st_mtime_ns:
            _write_parquet(path)


def _join(folder: TrialFolder) -> Iterator[dict[str, Any]]:
    """Yield the training lines, the figures of a look on the last line of its step."""
    looks = {look.step: look.figures for look in read_looks_file(folder.log(LOOKS))}
    train = folder.log(TRAIN)
    lines = list(read_json_lines(train)) if train.exists() else []
    taken = {line["step"] for line in lines}
    lines += [{"step": step} for step in looks if step not in taken]
    lines.sort(key=lambda line: line["step"])
    keys = dict.fromkeys(key for line in lines for key in line)
    names = dict.fromkeys(name for figures in looks.values() for name in figures)
    last = {line["step"]: place for place, line in enumerate(lines)}
    for place, line in enumerate(lines):
        figures = looks.get(line["step"], {}) if last[line["step"]] == place else {}
        yield {
            **{key: line.get(key) for key in keys},
            **{f"{PREFIX}{name}": figures.get(name) for name in names},
        }


def _write_parquet(path: Path) -> None:
    import polars as pl

    buffer = BytesIO()
    if path.stat().st_size:
        pl.read_ndjson(path, infer_schema_length=None).write_parquet(buffer)
        write_bytes(path.with_suffix(".parquet"), buffer.getvalue())


def _summary(folder: TrialFolder) -> dict[str, Any]:
    looks = read_looks(folder)
    names = dict.fromkeys(name for look in looks for name in look.figures)
    best = {name: best_look(looks, name) for name in names}
    result = read_result(folder)
    kept = ("steps", "total_steps", "examples", "train_seconds", "device", "precision")
    return {
        **{key: getattr(result, key) for key in kept},
        "looks": len(looks),
        "best": {
            name: {"value": look.figures[name], "step": look.step} if look else None
            for name, look in best.items()
        },
        "final": {name: figure_of(looks, name, "final") for name in names},
    }
