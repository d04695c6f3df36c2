"""The cascade: how long one query takes on a bank of 500,000 vectors, stage by stage.

    python benchmarks/cascade.py --rows 500000 --dimension 384 --queries 200

Retrieval of 500 by tower and weighted mean in one pass, fused by rank; 50 of them by a second
tower; 10 by lanes. No cross-encoder. Random vectors: latency does not depend on them, and the
recall that is printed is that of a target planted near the query.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import paired

from gonogo.evaluation.cascade.cascade import Asked, Cascade, LaneStage, Ranker, Stage, VectorStage
from gonogo.evaluation.cascade.cascade_report import measure
from gonogo.evaluation.cascade.lanes import LaneBoost
from gonogo.evaluation.search.bank_index import BankIndex
from gonogo.models.build.build import build_model
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.next_vector.towers import GruContext, ResidualMeanContext
from gonogo.spec.next_vector.towers import QueryTower as TowerSpec
from gonogo.study.next_vector.searching import predict_with, weighted_mean_of

CONTEXT = 30


def tower(encoder: GruContext | ResidualMeanContext, dimension: int) -> QueryTower:
    model = build_model(TowerSpec(dimension=dimension, encoder=encoder), 1)
    assert isinstance(model, QueryTower)
    return model


def cascade_on(bank: np.ndarray, codes: np.ndarray) -> Cascade:
    dimension, index = bank.shape[1], BankIndex(bank)
    stages: list[Stage] = [
        VectorStage(Ranker(predict_with(tower(GruContext(), dimension))), index, keep=50),
        LaneStage(codes, LaneBoost(), keep=10),
    ]
    retriever = Ranker(predict_with(tower(ResidualMeanContext(), dimension)))
    return Cascade(index, retriever, Ranker(weighted_mean_of(0.3)), depth=500, stages=stages)


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rows", type=int, default=500_000)
    options.add_argument("--dimension", type=int, default=384)
    options.add_argument("--queries", type=int, default=200)
    options.add_argument("--json", type=Path, help="write the figures there")
    given, started = options.parse_args(), time.perf_counter()
    draws = np.random.default_rng(1)
    bank = draws.standard_normal((given.rows, given.dimension), dtype=np.float32)
    targets = draws.integers(0, given.rows, given.queries).tolist()
    noise = draws.standard_normal((given.queries, CONTEXT, given.dimension), dtype=np.float32)
    codes = draws.integers(0, 4, (given.rows, 3))
    asked = [
        Asked(bank[row] + one, code=codes[row]) for row, one in zip(targets, noise, strict=True)
    ]
    print(f"{given.rows:,} x {given.dimension}, {given.queries} queries, one at a time")
    with paired.Memory() as watched:
        reports = measure(cascade_on(bank, codes), asked, targets)
    figures = {"MB": watched.grown_mb}
    for row in reports:
        figures[f"recall, {row.name}"] = row.recall
        figures |= {f"p50 ms, {row.name}": row.p50, f"p95 ms, {row.name}": row.p95}
        print(
            f"{row.name:12} keeps {row.kept:4}  recall {row.recall:.2f}  "
            f"p50 {row.p50:7.2f} ms  p95 {row.p95:7.2f} ms"
        )
    if given.json:
        minutes = (time.perf_counter() - started) / 60
        question = "How long does the cascade take for one query on a large bank?"
        paired.write_record(given.json, question, peer="", figures=figures, minutes=minutes)


if __name__ == "__main__":
    main()
