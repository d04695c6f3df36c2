"""Time a whole decision, from the score file to everything in verdict.json, on one core.

    python benchmarks/decide.py [--queries 1000] [--growth] [--json FILE]

3 arms x 10 seeds x 15 data sets x QUERIES queries x 2 tasks, the rows shuffled, in one parquet
file: 0.9 million rows with 1,000 queries, 9 million with 10,000. A process of its own writes the
file and a second one, on one core, reads and judges it; seconds include imports. The goals are 5
seconds for 0.9 million rows, 15 seconds and 2.5 GB for 9 million, without importing torch.

``--growth`` also judges a tenth and a hundredth of the queries: the exponents say how seconds
beyond imports grow with rows (1 is linear).
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from record import write_record

from gonogo.core.seeds import generator

SEEDS, DATASETS = 10, 15
ARMS = {"emb_only": 1.0, "rank_only": 1.0, "joint_single": 0.97}
ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def scores(queries: int) -> pl.DataFrame:
    """Make a table of zero-inflated, bounded scores with 3 % interference."""
    rng = generator(0, "benchmark scores")
    names = [f"q{query}" for query in range(queries)]
    parts = []
    for task in ("embed", "rerank"):
        for dataset in range(DATASETS):
            base = rng.beta(0.6, 0.8, queries) * (rng.random(queries) > 0.3)
            for arm, share in ARMS.items():
                for seed in range(SEEDS):
                    noise = rng.normal(0, 0.05, queries) + rng.normal(0, 0.005)
                    parts.append(
                        pl.DataFrame(
                            {
                                "arm": arm,
                                "seed": seed,
                                "task": task,
                                "dataset": f"set_{dataset}",
                                "metric": "nDCG@10",
                                "query_id": names,
                                "value": np.clip(share * base + noise, 0, 1),
                            }
                        )
                    )
    return pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=1)


def judge(file: Path) -> dict[str, float | str]:
    """Decide once, cold; return what it took."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    wall, cpu = time.perf_counter(), time.process_time()
    from gonogo.analysis.deciding.decide import decide
    from gonogo.analysis.promised.expected import expected_from_scores
    from gonogo.analysis.records.verdict import FrozenGate
    from gonogo.spec.rule.gates import InterferenceGate
    from gonogo.study.deciding.decision import read_score_table

    specialists = {"embed": "emb_only", "rerank": "rank_only"}
    gate = InterferenceGate(joint="joint_single", specialists=specialists)
    frozen = FrozenGate(spec=gate, fingerprint="benchmark")

    def once(frame: pl.DataFrame) -> str:
        return decide(frame, frozen, expected_from_scores(frame, gate)).decision.sentence

    few = pl.col("query_id").is_in([f"q{query}" for query in range(20)])
    once(pl.scan_parquet(file).filter(few).collect())
    imports = time.process_time() - cpu
    frame = read_score_table(file)
    sentence = once(frame)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "rows": float(len(frame)),
        "seconds": wall,
        "processor seconds": cpu,
        "processor seconds beyond imports": cpu - imports,
        "peak memory (MB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "torch imported": float("torch" in sys.modules),
        "sentence": sentence,
    }


def measure(queries: int) -> dict[str, float | str]:
    """Write a table of so many queries and judge it, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "scores.parquet")
        this = [sys.executable, "-W", "ignore", __file__, "--queries", str(queries)]
        subprocess.run([*this, "--write", file], check=True)
        done = subprocess.run(
            [*this, "--judge", file],
            check=True,
            capture_output=True,
            env={**os.environ, **ONE_CORE},
        )
    found: dict[str, float | str] = json.loads(done.stdout)
    print(found.pop("sentence"))
    print(", ".join(f"{name} {figure:,.2f}" for name, figure in found.items()), flush=True)
    return found


def main() -> None:
    """Write, judge, or both in processes of their own, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--growth", action="store_true", help="fewer queries, too")
    parser.add_argument("--write", type=Path, help="only write the table there")
    parser.add_argument("--judge", type=Path, help="only judge the table there")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    if options.write:
        scores(options.queries).write_parquet(options.write)
        return
    if options.judge:
        print(json.dumps(judge(options.judge)))
        return
    start = time.perf_counter()
    shares = (100, 10, 1) if options.growth else (1,)
    found = [measure(options.queries // share) for share in shares]
    figures = {name: float(figure) for name, figure in found[-1].items()}
    for smaller in found[:-1]:
        fewer = f"processor seconds, {float(smaller['rows']):,.0f} rows"
        figures[fewer] = float(smaller["processor seconds"])
    for before, after in itertools.pairwise(found):
        beyond = "processor seconds beyond imports"
        times, rows = (float(after[n]) / float(before[n]) for n in (beyond, "rows"))
        name = f"growth exponent to {float(after['rows']):,.0f} rows"
        figures[name] = float(np.log(times) / np.log(rows))
        print(f"{name}: {figures[name]:.2f}")
    if options.json:
        question = f"How long does a decision over {figures['rows']:,.0f} scores take on one core?"
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg()) if os.name == "posix" else "?"
        hardware = f"one core of {os.cpu_count()}, {platform.machine()}, load then {load}"
        print(datetime.datetime.now(datetime.UTC).date(), hardware)
        minutes = (time.perf_counter() - start) / 60
        write_record(options.json, question, "", figures, minutes, hardware)


if __name__ == "__main__":
    main()
