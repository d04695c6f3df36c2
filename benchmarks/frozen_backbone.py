"""Frozen backbones: an epoch of a head on kept vectors against running the backbone each time.

    python benchmarks/frozen_backbone.py              two minutes on 2 cores

Both train the same projection on the same batches from the same start. The peer runs the frozen
backbone without a graph, as a careful trainer would. Without dropout, whose masks would fall on
other rows, losses are equal; in bf16 that cannot be asked for, since other blocks of texts round
otherwise. The vectors' one encoding is timed apart. The fraction of the peak is that of the head's
products alone; memory is what the kept vectors take.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import paired
import peak
import small_study
import torch
from forward_work import distinct_rows, linear_flops
from torch import Tensor

import gonogo.training.text.text_tasks as text_tasks
from gonogo.models.heads.projections import Mlp
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.training.text.retrieval_task import RetrievalTask


def epoch(steps: small_study.Steps, count: int) -> float:
    return sum(steps.take(number) for number in range(count))


def kept_mb(steps: small_study.Steps) -> float:
    vectors: Tensor = steps.task._frozen._base  # type: ignore[attr-defined]
    return vectors.nbytes / 2**20


def head_flops(steps: small_study.Steps, count: int) -> float:
    """Count three passes through the head for every distinct row; its input needs no gradient."""
    model, task = steps.model, steps.task
    assert isinstance(model, RetrievalModel)
    assert isinstance(task, RetrievalTask)
    head = model.bi_encoder.projection
    assert isinstance(head, Mlp)
    rows = sum(len(distinct_rows(task, number)) for number in range(count))
    return rows * (3 * linear_flops(head) - linear_flops(head.inner))


def kept(queries: int, precision: str) -> tuple[small_study.Steps, float]:
    """Return the trial on kept vectors, none of them kept before, and its preparation's seconds."""
    started = time.perf_counter()
    steps = small_study.Steps(
        small_study.config("frozen", precision=precision, dropout=0.0, max_queries=queries)
    )
    return steps, time.perf_counter() - started


def run_each_time(queries: int, precision: str) -> small_study.Steps:
    """Return the same trial, whose batches go through the backbone, without a graph in it."""
    steps = small_study.Steps(
        small_study.config("frozen", precision=precision, dropout=0.0, max_queries=queries)
    )
    model = steps.model
    assert isinstance(model, RetrievalModel)
    encoder = model.bi_encoder

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        with torch.no_grad():
            base = encoder.base(ids, mask)
        return encoder.project(base)

    steps.task._frozen = None  # type: ignore[attr-defined]
    steps.task._forward = forward  # type: ignore[attr-defined]
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    started, measured = time.perf_counter(), peak.peaks("cpu")
    with tempfile.TemporaryDirectory() as folder:
        fresh: Callable[..., Path] = lambda *_: Path(folder)  # noqa: E731
        text_tasks.cache_folder = fresh  # type: ignore[attr-defined]
        ours, preparation = kept(options.queries, options.precision)
        theirs = run_each_time(options.queries, options.precision)
    count = -(-ours.task.examples_per_epoch // ours.task.batch_size)
    epoch(ours, 1), epoch(theirs, 1)  # load kernels
    ours.losses.clear()
    theirs.losses.clear()
    fast, slow = epoch(ours, count), epoch(theirs, count)
    apart = max(abs(a - b) for a, b in zip(ours.losses, theirs.losses, strict=True))
    rate = measured.get(options.precision)  # None where the format is emulated
    figures = {
        "ratio": slow / fast,
        **({"fraction of peak": head_flops(ours, count) / fast / 1e9 / rate} if rate else {}),
        "MB": kept_mb(ours),
        "seconds an epoch, kept vectors": fast,
        "seconds an epoch, backbone each time": slow,
        "seconds to prepare, encoding included": preparation,
        "largest difference of a loss": apart,
        "batches": float(count),
    }
    print("\n".join(f"{name}: {value:.3g}" for name, value in figures.items()))
    if options.json:
        minutes = (time.perf_counter() - started) / 60
        question = "What does a head on a frozen backbone save by keeping its vectors?"
        peer = "the backbone each time"
        paired.write_record(options.json, question, peer, figures, minutes, measured)


if __name__ == "__main__":
    main()
