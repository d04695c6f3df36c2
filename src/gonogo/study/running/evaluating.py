"""Score a model on every task and data set; a crash loses one part at most."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import polars as pl
from pydantic import JsonValue

from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.core.records import read_record, write_record
from gonogo.core.types import Precision
from gonogo.core.workplace import Workplace
from gonogo.data.files.score_table import SCHEMA, read_scores, write_scores
from gonogo.data.files.trec import write_run
from gonogo.evaluation.next_vector.next_vector import QuerySource
from gonogo.evaluation.protocols import (
    Evaluated,
    Setting,
    evaluate_bm25_part,
    evaluate_part,
    evaluate_queries_part,
)
from gonogo.models.build.build import AnyModel
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.evaluation.evaluation_tasks import AnyData, EvaluationTask
from gonogo.study.folder.fingerprints import Inputs
from gonogo.study.folder.judged import judged_run, write_judged
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.records import EvaluationRecord
from gonogo.study.folder.states import is_scored
from gonogo.study.running.isotropy_probe import probe_dataset, write_geometry
from gonogo.study.running.routing_probe import write_routing

Score = Callable[[str, EvaluationTask, AnyData], Evaluated | None]
"""Scores a task, by its name and protocol, on a data set; None where it has nothing to say."""


def evaluate_into(
    folder: TrialFolder,
    model: AnyModel,
    spec: EvaluationSpec,
    inputs: Inputs,
    workplace: Workplace,
    *,
    arm: str,
    seed: int | None,
) -> None:
    """Score a model into a trial's folder; what is there already is kept."""
    started = time.perf_counter()
    _drop_foreign_parts(folder, inputs)
    look, done = spec.geometry, folder.geometry.exists()
    if look is not None and not done and isinstance(model, RetrievalModel):
        # Before the scores, which say that a trial is complete.
        record = probe_dataset(model, look, spec.split, workplace, arm=arm, seed=seed)
        write_geometry(folder.geometry, record)
    setting = Setting(spec, workplace)
    if isinstance(model, RetrievalModel) and not folder.routing.exists():
        write_routing(folder.routing, model, setting, arm=arm, seed=seed)
    score = partial(evaluate_part, model, setting)
    score_into(folder, score, spec, inputs, arm=arm, seed=seed, started=started)


def evaluate_formats_into(
    folder: TrialFolder,
    load: Callable[[Precision], AnyModel],
    spec: EvaluationSpec,
    inputs: Inputs,
    workplace: Workplace,
    *,
    arm: str,
    seed: int | None,
) -> None:
    """Score a model in the format that its trial states, and first in fp32 where that is wanted.

    Args:
        folder: of the trial or reference row.
        load: returns the model in a number format.
        spec: what is scored.
        inputs: what the scores depend on.
        workplace: with the stated format.
        arm: the trial's arm, or the row.
        seed: the trial's seed; None for rows.
    """
    if spec.fp32_beside and workplace.precision != "fp32":
        alone = spec.model_copy(update={"geometry": None})
        at = replace(workplace, precision="fp32")
        if not is_scored(folder.in_fp32, inputs):
            evaluate_into(folder.in_fp32, load("fp32"), alone, inputs, at, arm=arm, seed=seed)
    model = load(workplace.precision)
    evaluate_into(folder, model, spec, inputs, workplace, arm=arm, seed=seed)


def evaluate_bm25_into(
    folder: TrialFolder, spec: EvaluationSpec, inputs: Inputs, workplace: Workplace
) -> None:
    """Score BM25 alone into a reference's folder."""
    setting = Setting(spec, workplace)
    score_into(folder, partial(evaluate_bm25_part, setting), spec, inputs, arm="bm25", seed=None)


def evaluate_queries_into(
    folder: TrialFolder,
    source: QuerySource,
    spec: EvaluationSpec,
    inputs: Inputs,
    workplace: Workplace,
    *,
    arm: str,
) -> None:
    """Score queries that no model makes into a reference's folder."""
    setting = Setting(spec, workplace)
    score_into(
        folder, partial(evaluate_queries_part, source, setting), spec, inputs, arm=arm, seed=None
    )


def score_into(
    folder: TrialFolder,
    score: Score,
    spec: EvaluationSpec,
    inputs: Inputs,
    *,
    arm: str,
    seed: int | None,
    started: float | None = None,
) -> None:
    """Write rankings and scores of every (task, data set), then the whole table and its record.

    The seconds since ``started`` (of ``time.perf_counter``) go into the record itself: nothing
    has to be noted once that is in place.
    """
    started = time.perf_counter() if started is None else started
    _drop_foreign_parts(folder, inputs)
    frames = [pl.DataFrame(schema=SCHEMA)]
    for task, protocol, data in spec.parts:
        path = folder.part(task, data.name)
        if not path.exists():
            evaluated = score(task, protocol, data)
            if evaluated is None:
                continue
            tag = arm if seed is None else f"{arm}.{seed}"
            write_run(folder.run(task, data.name), evaluated.ranking, tag)
            judged = judged_run(evaluated.coverage, arm, seed, task, data.name)
            write_judged(folder.judged(task, data.name), judged)
            write_scores(path, _frame(evaluated, data.name, arm, seed))
        frames.append(read_scores(path))
    write_scores(folder.scores, pl.concat(frames))
    seconds = time.perf_counter() - started
    record = EvaluationRecord(inputs=inputs, parts=len(frames) - 1, seconds=seconds)
    write_record(folder.evaluation, record)


def _drop_foreign_parts(folder: TrialFolder, inputs: Inputs) -> None:
    """Remove parts, and looks at geometry and routing, that another evaluation has left."""
    marker = folder.path / "parts" / "inputs.json"
    with suppress(UserError):  # parts of which nobody can tell what they are are no parts
        if read_record(marker, dict[str, JsonValue]) == inputs:
            return
    for name in ("parts", "runs"):
        shutil.rmtree(folder.path / name, ignore_errors=True)
    for path in (folder.geometry, folder.routing, folder.evaluation):
        path.unlink(missing_ok=True)
    write_json(marker, inputs)


def _frame(evaluated: Evaluated, dataset: str, arm: str, seed: int | None) -> pl.DataFrame:
    metrics, queries, values = zip(*evaluated.values, strict=True)
    count = len(values)
    columns = {
        "arm": [arm] * count,
        "seed": [seed] * count,
        "task": [evaluated.task] * count,
        "dataset": [dataset] * count,
        "metric": metrics,
        "query_id": queries,
        "value": values,
    }
    return pl.DataFrame(columns, schema=SCHEMA)
