"""Rows for comparison that no arm trains: BM25 alone, and the backbone as it came."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from gonogo.core.files import cache_folder
from gonogo.core.progress import Progress
from gonogo.core.types import Device
from gonogo.models.build import build_model
from gonogo.models.devices import resolve_precision
from gonogo.study.evaluating import evaluate_bm25_into, evaluate_into
from gonogo.study.plan import PlannedReference


def score_reference(
    row: PlannedReference, *, device: Device, beside: Path, progress: Progress
) -> None:
    """Score one reference row into its folder."""
    spec, training = row.config.evaluation, row.config.training
    match row.name:
        case "bm25":
            evaluate_bm25_into(row.folder, spec, row.inputs, beside=beside, progress=progress)
        case "untrained":
            precision = resolve_precision(training.precision, device)
            model = build_model(row.config.model, row.seed, device=device, precision=precision)
            evaluate_into(
                row.folder,
                model,
                spec,
                row.inputs,
                arm=row.name,
                seed=None,
                beside=beside,
                progress=progress,
                vectors=cache_folder("vectors"),
            )
        case _:
            assert_never(row.name)
