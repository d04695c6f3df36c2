"""How far each ranking met its judgements: written beside its scores, gathered into the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.core.records import read_record
from gonogo.data.judged.coverage import Coverage
from gonogo.study.folder.layout import TrialFolder


def judged_run(found: Coverage, arm: str, seed: int | None, task: str, dataset: str) -> JudgedRun:
    """Return what is kept of a ranking beside its judgements."""
    return JudgedRun(
        arm=arm,
        seed=seed,
        task=task,
        dataset=dataset,
        judged=found.judged,
        ranked=found.ranked,
        depth=found.depth,
        documents=found.documents,
        found=found.found,
        judged_at=found.judged_at,
        pooled=found.pooled,
    )


def write_judged(path: Path, run: JudgedRun) -> None:
    """Write it atomically."""
    write_json(path, run.model_dump(mode="json"))


def read_judged(folder: TrialFolder) -> Iterator[JudgedRun]:
    """Yield what stands beside a trial's scores; those of older versions have nothing."""
    for path in sorted(folder.path.glob("parts/*/*.judged.json")):
        try:
            yield read_record(path, JudgedRun)
        except UserError:  # a verdict rests on scores: this is only told beside them
            continue
