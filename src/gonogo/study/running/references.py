"""Rows for comparison that no arm trains: BM25, the backbone, and whatever must be beaten."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import assert_never

from gonogo.core.files import cache_folder, write_json
from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.data.next_vector.next_vectors import open_next_vectors
from gonogo.evaluation.next_vector.next_vector import QuerySource
from gonogo.evaluation.next_vector.next_vector_heuristics import (
    oracle_queries,
    random_queries,
    tune_alpha,
    weighted_mean_queries,
)
from gonogo.models.build.build import AnyModel, build_model
from gonogo.models.parts.devices import resolve_precision
from gonogo.spec.evaluation import references as rows
from gonogo.spec.evaluation.evaluation_tasks import NextVectorEvaluation
from gonogo.study.neighbours.linear_rows import linear_row, with_head
from gonogo.study.planning.plan import PlannedReference
from gonogo.study.running.evaluating import evaluate_bm25_into, evaluate_into, evaluate_queries_into


def score_reference(
    row: PlannedReference, *, device: Device, beside: Path, progress: Progress
) -> None:
    """Score one reference row into its folder."""
    if isinstance(row.row, rows.Bm25Row):
        evaluate_bm25_into(
            row.folder, row.config.evaluation, row.inputs, beside=beside, progress=progress
        )
        return
    if source := _queries(row, beside, progress):
        evaluate_queries_into(
            row.folder,
            source,
            row.config.evaluation,
            row.inputs,
            arm=row.name,
            beside=beside,
            progress=progress,
        )
        return
    evaluate_into(
        row.folder,
        _model(row, device, beside, progress),
        row.config.evaluation,
        row.inputs,
        arm=row.name,
        seed=None,
        beside=beside,
        progress=progress,
        vectors=cache_folder("vectors"),
    )


def _queries(row: PlannedReference, beside: Path, progress: Progress) -> QuerySource | None:
    """Return what makes a row's queries where no model does."""
    match row.row:
        case rows.LastVectorRow():
            return weighted_mean_queries(1.0)
        case rows.ContextMeanRow():
            return weighted_mean_queries(0.0)
        case rows.WeightedMeanRow(alpha="tuned"):
            return weighted_mean_queries(_tuned(row, row.row.tuned_at, beside, progress))
        case rows.WeightedMeanRow():
            return weighted_mean_queries(float(row.row.alpha))
        case rows.OracleRow():
            return oracle_queries()
        case rows.RandomVectorRow():
            return random_queries(row.seed)
        case _:
            return None


def _tuned(row: PlannedReference, cutoff: int, beside: Path, progress: Progress) -> float:
    """Tune the weight on the training pairs of every task, and write down what was tried."""
    scored = row.config.evaluation.tasks.values()
    asked = [task for task in scored if isinstance(task, NextVectorEvaluation)]
    pairs = asked[0].data[0]
    data = open_next_vectors(pairs.folder, bank=pairs.bank, beside=beside)
    found = tune_alpha(data, cutoff=cutoff, mask_context=asked[0].mask_context)
    progress.say(
        f"{row.name}: alpha {found.alpha:g} has the best recall at {cutoff},"
        f" {found.tried[found.alpha]:.3f} on {found.pairs} training pairs"
    )
    write_json(row.folder.path / "tuned.json", asdict(found))
    return found.alpha


def _model(row: PlannedReference, device: Device, beside: Path, progress: Progress) -> AnyModel:
    """Return what a row scores."""
    precision = resolve_precision(row.config.training.precision, device)
    spec = row.config.model
    if isinstance(row.row, rows.TeacherRow):
        spec = spec.model_copy(update={"similarity": "cosine"})
    model = build_model(spec, row.seed, device=device, precision=precision)
    match row.row:
        case rows.UntrainedRow():
            return model
        case rows.TeacherRow():
            return with_head(model, None)
        case (
            rows.SvdRow() | rows.PcaRow() | rows.RandomProjectionRow() | rows.TruncationRow()
        ) as linear:
            return linear_row(model, linear, row.config, beside=beside, progress=progress)
        case (
            rows.LastVectorRow()
            | rows.ContextMeanRow()
            | rows.WeightedMeanRow()
            | rows.OracleRow()
            | rows.RandomVectorRow()
        ):
            raise AssertionError("no model makes these queries")
        case rows.Bm25Row():
            raise AssertionError("BM25 is no model")
        case _:
            assert_never(row.row)
