"""Whether the verdict on file still follows from what a study's folder holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint, write_json
from gonogo.core.records import read_record
from gonogo.core.version import __version__
from gonogo.study.folder.looks import SOURCES
from gonogo.study.planning.plan import Plan


def is_decided(plan: Plan) -> bool:
    """Tell whether nothing that a verdict or its report rests on has changed since the last one.

    Files are compared by size and time of change.
    """
    path = _path(plan)
    written = plan.folder.verdict.exists() and plan.folder.report.exists()
    if not written or not path.exists():
        return False
    try:
        return read_record(path, dict[str, str]) == _state(plan)
    except UserError:  # decided again, which writes it anew
        return False


def mark_decided(plan: Plan) -> None:
    """Remember what the verdict that was just written rests on."""
    write_json(_path(plan), _state(plan))


def _path(plan: Plan) -> Path:
    return plan.folder.path / "decided.json"


def _state(plan: Plan) -> dict[str, str]:
    study = plan.study.model_dump(mode="json", by_alias=True)
    files = [
        [str(path.relative_to(plan.folder.path)), path.stat().st_size, path.stat().st_mtime_ns]
        for path in _files(plan)
        if path.exists()
    ]
    standing = [[trial.name, trial.standing.state] for trial in plan.trials]
    return {"rests_on": fingerprint([__version__, study, standing, files])}


def _files(plan: Plan) -> Iterator[Path]:
    folder = plan.folder
    yield from (folder.gate, folder.stopped, folder.runs, folder.verdict, folder.report)
    for place in (*(t.folder for t in plan.trials), *(row.folder for row in plan.references)):
        yield from (place.scores, place.evaluation, place.result, place.environment)
        yield from (place.log("train.jsonl"), place.log("gradient_conflicts.jsonl"))
        yield from (place.log(name) for name in SOURCES)
