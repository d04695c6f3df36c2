"""Time a whole decision, from the tidy table to everything in verdict.json.

    POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/decide.py [--json FILE]

3 arms x 10 seeds x 15 data sets x 1,000 queries x 2 tasks, the rows shuffled, in a fresh process
on one core. The goal is under 5 seconds without importing torch. Measured on 2026-11-20 on a busy
x86-64 machine with 2 cores: 3.6 s of CPU time, imports included.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from gonogo.core.seeds import generator

SEEDS, DATASETS, QUERIES = 10, 15, 1_000
ARMS = {"emb_only": 1.0, "rank_only": 1.0, "joint_single": 0.97}


def scores() -> pl.DataFrame:
    """Make a table of zero-inflated, bounded scores with 3 % interference."""
    rng = generator(0, "benchmark scores")
    parts = []
    for task in ("embed", "rerank"):
        for dataset in range(DATASETS):
            base = rng.beta(0.6, 0.8, QUERIES) * (rng.random(QUERIES) > 0.3)
            for arm, share in ARMS.items():
                for seed in range(SEEDS):
                    noise = rng.normal(0, 0.05, QUERIES) + rng.normal(0, 0.005)
                    parts.append(
                        pl.DataFrame(
                            {
                                "arm": arm,
                                "seed": seed,
                                "task": task,
                                "dataset": f"set_{dataset}",
                                "metric": "nDCG@10",
                                "query_id": [f"q{query}" for query in range(QUERIES)],
                                "value": np.clip(share * base + noise, 0, 1),
                            }
                        )
                    )
    return pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=1)


def main() -> None:
    """Decide once, cold, and print the time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    frame = scores()
    wall, cpu = time.perf_counter(), time.process_time()
    from gonogo.analysis.deciding.decide import decide
    from gonogo.analysis.promised.expected import expected_from_scores
    from gonogo.analysis.records.verdict import FrozenGate
    from gonogo.spec.rule.gates import InterferenceGate

    specialists = {"embed": "emb_only", "rerank": "rank_only"}
    gate = InterferenceGate(joint="joint_single", specialists=specialists)
    frozen = FrozenGate(spec=gate, fingerprint="benchmark")
    found = decide(frame, frozen, expected_from_scores(frame, gate))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{len(frame):,} rows, imports included: {wall:.2f} s wall, {cpu:.2f} s CPU")
    print(f"torch imported: {'torch' in sys.modules}; {platform.machine()}, {os.cpu_count()} cores")
    print(found.decision.sentence)
    if options.json:
        import paired  # which imports torch

        figures = {"seconds, imports included": wall, "processor seconds": cpu}
        question = "How long does a decision over 900,000 scores take?"
        paired.write_record(options.json, question, peer="", figures=figures, minutes=wall / 60)


if __name__ == "__main__":
    main()
