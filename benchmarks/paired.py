"""Contenders on the same work, each in a process of its own, and a table of what they took.

Each benchmark that uses this names its contenders; a contender prepares itself and returns the call
to be timed. Processor time is shown beside the clock: on a shared machine it is the fairer number.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import psutil
import torch

Prepare = Callable[[argparse.Namespace], Callable[[], object]]


@dataclass(frozen=True)
class Taken:
    seconds: float
    processor_seconds: float
    memory_mb: float
    """Memory of the process beyond what it held before, memory-mapped files left out."""


def main(parser: argparse.ArgumentParser, contenders: Mapping[str, Prepare]) -> None:
    """Run one contender (in the child process) or all of them, and print the table."""
    parser.add_argument("--only", choices=contenders, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=2, help="the fastest of so many counts")
    options = parser.parse_args()
    if options.only:
        call = contenders[options.only](options)
        print(json.dumps(asdict(_fastest(call, options.repeats))))
        return
    taken = {name: _child(name) for name in contenders}
    print(f"{hardware()}\n")
    print_table({name: result for name, result in taken.items() if result})


def hardware() -> str:
    """Describe the machine and its matrix-product peaks, measured now."""
    peaks = ", ".join(
        f"{peak_gflops(dtype):.0f} GFLOP/s {name}"
        for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))
    )
    return (
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads,"
        f" torch {torch.__version__}; peak {peaks}; load {os.getloadavg()[0]:.1f}"
    )


def peak_gflops(dtype: torch.dtype, size: int = 2048) -> float:
    """Measure the fastest of five square products."""
    left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    fastest = min(_clock(lambda: left @ right) for _ in range(5))
    return 2 * size**3 / fastest / 1e9


def print_table(taken: Mapping[str, Taken]) -> None:
    """Print every contender against the first, which is gonogo."""
    ours = next(iter(taken.values()))
    print("| | seconds | processor seconds | MB | ratio | ratio of processor time |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, one in taken.items():
        print(
            f"| {name} | {one.seconds:.2f} | {one.processor_seconds:.2f} | {one.memory_mb:.0f} |"
            f" {one.seconds / ours.seconds:.2f} |"
            f" {one.processor_seconds / ours.processor_seconds:.2f} |"
        )


def _child(name: str) -> Taken | None:
    command = [sys.executable, "-W", "ignore", *sys.argv, "--only", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines: Sequence[str] = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        print(f"{name}: not measured (exit code {done.returncode})", file=sys.stderr)
        return None
    return Taken(**json.loads(lines[-1]))


def _fastest(call: Callable[[], object], repeats: int) -> Taken:
    with _Peak() as peak:
        runs = []
        for _ in range(repeats):
            processor = time.process_time()
            clock = _clock(call)
            runs.append((clock, time.process_time() - processor))
    return Taken(*min(runs), peak.grown_mb)


def _clock(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class _Peak:
    """Watches this process's own memory from a thread."""

    def __enter__(self) -> _Peak:
        self._process, self._over = psutil.Process(), threading.Event()
        self._before = self._most = self._own()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def grown_mb(self) -> float:
        return (self._most - self._before) / 2**20

    def _own(self) -> int:
        memory = self._process.memory_info()
        return int(memory.rss - memory.shared)

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, self._own())
