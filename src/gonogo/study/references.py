"""Rows for comparison that no arm trains: BM25, the model as it came, and what it must beat."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from gonogo.core.files import cache_folder
from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.models.build import AnyModel, build_model
from gonogo.models.devices import resolve_precision
from gonogo.spec import references as rows
from gonogo.study.evaluating import evaluate_bm25_into, evaluate_into
from gonogo.study.plan import PlannedReference


def score_reference(
    row: PlannedReference, *, device: Device, beside: Path, progress: Progress
) -> None:
    """Score one reference row into its folder."""
    if isinstance(row.row, rows.Bm25Row):
        evaluate_bm25_into(
            row.folder, row.config.evaluation, row.inputs, beside=beside, progress=progress
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


def _model(row: PlannedReference, device: Device, beside: Path, progress: Progress) -> AnyModel:
    """Return what a row scores."""
    precision = resolve_precision(row.config.training.precision, device)
    model = build_model(row.config.model, row.seed, device=device, precision=precision)
    match row.row:
        case rows.UntrainedRow():
            return model
        case (
            rows.TeacherRow()
            | rows.SvdRow()
            | rows.PcaRow()
            | rows.RandomProjectionRow()
            | rows.TruncationRow()
        ):
            raise NotImplementedError
        case (
            rows.LastVectorRow()
            | rows.ContextMeanRow()
            | rows.WeightedMeanRow()
            | rows.OracleRow()
            | rows.RandomVectorRow()
        ):
            raise NotImplementedError
        case rows.Bm25Row():
            raise AssertionError("BM25 is no model")
        case _:
            assert_never(row.row)
