"""Memory of cutting, checking and expanding 50,000 pairs of 100 x 768.

    python benchmarks/preflight_memory.py [--rows 500000] [--pairs 50000] [--keep FOLDER]

Every step runs in a process of its own on a made-up bank (fp16, memory-mapped) and tells its
largest resident set, pages of the map included, and the seconds it took. ``expand`` reads every
context as vectors, 512 pairs at a time, as training does: 15 GB in all, never at once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from gonogo.data.files.manifest import write_manifest
from gonogo.data.next_vector.bank import CHUNKS, VECTORS, open_bank
from gonogo.data.next_vector.chunks import Chunks, write_chunks, write_rows
from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
from gonogo.data.next_vector.sequences import open_pairs
from gonogo.data.next_vector.windows import WindowRule
from gonogo.data.vectors.vectors import unit_length
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.study.next_vector.preflight import PreflightSettings, run_preflight

GOAL_GB = 4.0
WIDTH, ARTICLE, CONTEXT, BATCH = 768, 400, 100, 512
CURRICULUM = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"


def make_bank(folder: Path, rows: int) -> None:
    """Write articles that drift: neighbours resemble each other, far rows do not."""
    (folder / "bank").mkdir()

    def blocks() -> Iterator[np.ndarray]:
        draws = np.random.default_rng(0)
        for start in range(0, rows, ARTICLE):
            count = min(ARTICLE, rows - start)
            noise = draws.standard_normal((count, WIDTH), dtype=np.float32)
            yield unit_length(draws.standard_normal(WIDTH, dtype=np.float32) + noise)

    write_rows(folder / "bank" / VECTORS, blocks(), (rows, WIDTH), "fp16")
    places = [divmod(row, ARTICLE) for row in range(rows)]
    names = [f"article {article}" for article, _ in places]
    chunks = Chunks(names, [place for _, place in places], [f"text {row}" for row in range(rows)])
    write_chunks(folder / "bank", chunks)
    write_manifest(folder / "bank", "bank", outputs=(VECTORS, CHUNKS), rows=rows, dimension=WIDTH)


def cut(folder: Path, pairs: int) -> None:
    """Cut and write the pairs, as ``gonogo data pairs`` does."""
    rule = WindowRule(context=CONTEXT, stride=5, most=60)
    settings = PairSettings(rule=rule, target_pairs=pairs)
    bank = open_bank(folder / "bank")
    made = make_pairs(bank, settings)
    print(f"{len(made):,} pairs of {CONTEXT} x {WIDTH}")
    write_pairs(folder / "pairs", bank, made, settings)


def check(folder: Path, pairs: int) -> None:
    """Run all six checks, as ``gonogo data preflight`` does."""
    del pairs
    settings = PreflightSettings(curriculum=parse_curriculum(CURRICULUM), epochs=30)
    print(f"preflight: {run_preflight(folder / 'pairs', settings).status}")


def expand(folder: Path, pairs: int) -> None:
    """Read the vectors of every context and target once, batch by batch."""
    del pairs
    opened = open_pairs(folder / "pairs")
    bank, total = open_bank(opened.bank_path), 0.0
    for start in range(0, len(opened), BATCH):
        total += float(bank.take(opened.contexts[start : start + BATCH]).sum())
        total += float(bank.take(opened.targets[start : start + BATCH]).sum())
    print(f"sum of all vectors {total:.1f}")


def measured(step: Callable[[Path, int], None], folder: Path, pairs: int) -> dict[str, float]:
    """Run a step in a fresh process; return its seconds and its largest resident set."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(step, folder, pairs, theirs))
    process.start()
    figures: dict[str, float] = ours.recv()
    process.join()
    return figures


def _run(step: Callable[[Path, int], None], folder: Path, pairs: int, pipe: Connection) -> None:
    started = time.perf_counter()
    step(folder, pairs)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    pipe.send({"seconds": time.perf_counter() - started, "largest_gb": largest})


def main() -> None:
    """Measure the three steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--keep", type=Path, help="Folder that the data stay in.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "bank").exists():
            make_bank(folder, options.rows)
        figures = {
            step.__name__: measured(step, folder, options.pairs) for step in (cut, check, expand)
        }
    for name, one in figures.items():
        verdict = "below" if one["largest_gb"] < GOAL_GB else "ABOVE"
        print(
            f"{name:8} {one['largest_gb']:.2f} GB, {verdict} {GOAL_GB:g} GB; {one['seconds']:.0f} s"
        )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
