"""Contenders on the same work, each in a process of its own, and a table of what they took.

Each benchmark that uses this names its contenders, gonogo first; a contender prepares itself and
returns the call to be timed. Processor time is shown beside the clock: on a shared machine it is
the fairer number. With ``--json FILE`` the figures are also written for ``performance.py``.

Where a call returns an array (such as the rows that a search found), every contender's is kept, and
the share of gonogo's entries that the other one has in the same line is printed: a faster wrong
answer is no answer.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import peak
import psutil
import record
import torch

Prepare = Callable[[argparse.Namespace], Callable[[], object]]
Contenders = Mapping[str, Prepare]
Figures = dict[str, float]


@dataclass(frozen=True)
class Taken:
    seconds: float
    processor_seconds: float
    memory_mb: float
    """What `Memory` saw."""


@dataclass(frozen=True)
class Work:
    """How many floating-point operations a contender must do at least, and in which format."""

    flops: float
    form: peak.Format
    tokens: int | None = None
    """Without padding."""
    figures: Figures = field(default_factory=dict)
    """What else is to be said about it, by name."""


def main(
    parser: argparse.ArgumentParser,
    contenders: Contenders | Callable[[argparse.Namespace], Contenders],
    work: Callable[[argparse.Namespace], Work],
) -> None:
    """Run one contender (in the child process) or all of them, and print the table.

    Args:
        parser: its ``--device``, where it has one, says where the contenders run.
        contenders: by name, gonogo first; may depend on the options.
        work: what they all must do.
    """
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--answers", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    device: peak.Device = getattr(options, "device", "cpu")
    contenders = contenders(options) if callable(contenders) else contenders
    if options.contender:
        prepared = contenders[options.contender](options)
        taken = _fastest(prepared, options.repeats, options.answers, device)
        print(json.dumps(asdict(taken)))
        return
    start, measured = time.perf_counter(), peak.peaks(device)
    print(f"{peak.describe(measured)}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{n}.npy" for n, name in enumerate(contenders)}
        found = {name: _child(name, file) for name, file in files.items()}
        agreed = _agreement(files)
    done = {name: one for name, one in found.items() if one}
    if next(iter(contenders)) not in done:
        sys.exit("gonogo itself was not measured")
    print_table(done, agreed)
    rates = _rates(work(options), next(iter(done.values())).seconds, measured, device)
    figures = _figures(done, agreed, rates)
    print("\n" + "\n".join(f"{name}: {value:.3g}" for name, value in figures.items()))
    if options.json:
        minutes = (time.perf_counter() - start) / 60
        question = (parser.description or "").splitlines()[0]
        write_record(options.json, question, _best_peer(done), figures, minutes, measured)


def write_record(
    path: Path,
    question: str,
    peer: str,
    figures: Mapping[str, float],
    minutes: float,
    peaks: Mapping[peak.Format, float] | None = None,
) -> None:
    """Write what ``performance.py`` gathers.

    Args:
        path: the file of ``--json``.
        question: one line.
        peer: what gonogo was measured against; may be empty.
        figures: by name; ``ratio``, ``fraction of peak`` and ``MB`` get columns of their own.
        minutes: how long all of it took.
        peaks: GFLOP/s by format, where they were measured in this run.
    """
    rates = {str(form): rate for form, rate in (peaks or {}).items()}
    record.write_record(path, question, peer, figures, minutes, peak.machine(), rates)


def print_table(taken: Mapping[str, Taken], agreed: Mapping[str, float]) -> None:
    """Print every contender against the first, which is gonogo."""
    ours = next(iter(taken.values()))
    same = " same entries |" if agreed else ""
    print(f"| | seconds | processor seconds | MB | ratio | ratio of processor time |{same}")
    print("|---|--:|--:|--:|--:|--:|" + "--:|" * bool(agreed))
    for name, one in taken.items():
        share = f" {100 * agreed[name]:.3f} % |" if name in agreed else ""
        print(
            f"| {name} | {one.seconds:.2f} | {one.processor_seconds:.2f} | {one.memory_mb:.0f} |"
            f" {one.seconds / ours.seconds:.2f} |"
            f" {one.processor_seconds / ours.processor_seconds:.2f} |{share}"
        )


def _best_peer(taken: Mapping[str, Taken]) -> str:
    peers = list(taken)[1:]
    return min(peers, key=lambda name: taken[name].seconds) if peers else ""


def _figures(
    taken: Mapping[str, Taken],
    agreed: Mapping[str, float],
    rates: Figures,
) -> Figures:
    """Set gonogo against the fastest of its peers, beside its rates."""
    (own, ours), peer = next(iter(taken.items())), _best_peer(taken)
    figures: Figures = {}
    if peer:
        figures["ratio"] = taken[peer].seconds / ours.seconds
        figures["ratio of processor time"] = taken[peer].processor_seconds / ours.processor_seconds
    figures |= rates
    figures["MB"] = ours.memory_mb
    figures |= {f"seconds, {name}": one.seconds for name, one in taken.items()}
    figures |= {f"MB, {name}": one.memory_mb for name, one in taken.items() if name != own}
    figures |= {f"same entries, {name}": share for name, share in agreed.items() if name != own}
    return figures


def _rates(
    work: Work, seconds: float, measured: Mapping[peak.Format, float], device: peak.Device
) -> Figures:
    """Set what gonogo did in a second against what the machine can do."""
    gflops = work.flops / seconds / 1e9
    rates: dict[str, float] = {}
    if work.form in measured:  # else the format is emulated here
        rates["fraction of peak"] = gflops / measured[work.form]
    if published := peak.published_gflops(work.form, device):
        rates["model FLOP utilisation"] = gflops / published
    if work.tokens:
        rates["tokens per second"] = work.tokens / seconds
    return rates | work.figures


def _agreement(files: Mapping[str, Path]) -> dict[str, float]:
    """Return which share of the first contender's entries the others have in the same line."""
    kept = {name: np.load(path) for name, path in files.items() if path.exists()}
    if next(iter(files)) not in kept:
        return {}
    ours = kept[next(iter(files))]
    return {name: _share(ours, theirs) for name, theirs in kept.items()}


def _share(ours: np.ndarray, theirs: np.ndarray) -> float:
    lines = zip(ours, theirs, strict=True)
    return float(np.mean([np.isin(mine, other).mean() for mine, other in lines]))


def _child(name: str, answers: Path) -> Taken | None:
    own = ["--contender", name, "--answers", str(answers)]
    command = [sys.executable, "-W", "ignore", *sys.argv, *own]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        print(f"{name}: not measured (exit code {done.returncode})", file=sys.stderr)
        return None
    return Taken(**json.loads(lines[-1]))


def _fastest(
    call: Callable[[], object], repeats: int, answers: Path | None, device: peak.Device
) -> Taken:
    runs = []
    peak.finish(device)
    _hand_back_freed_memory()
    with Memory(device) as watched:
        for _ in range(repeats):
            processor, start = time.process_time(), time.perf_counter()
            answer = call()
            peak.finish(device)
            runs.append((time.perf_counter() - start, time.process_time() - processor))
    if answers and isinstance(answer, np.ndarray):
        np.save(answers, answer)
    return Taken(*min(runs), watched.grown_mb)


def _hand_back_freed_memory() -> None:
    """Let what a preparation has freed not hide what a run takes."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


class Memory:
    """Watches how much more memory is held than before, from a thread.

    On a processor it is this process's own, memory-mapped files left out; on a GPU what torch
    holds there.
    """

    def __init__(self, device: peak.Device = "cpu") -> None:
        self._on_gpu = device == "cuda"

    def __enter__(self) -> Memory:
        self._process, self._over = psutil.Process(), threading.Event()
        if self._on_gpu:
            torch.cuda.reset_peak_memory_stats()
        self._before = self._most = self._own()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._most = max(self._most, self._own())

    @property
    def grown_mb(self) -> float:
        return (self._most - self._before) / 2**20

    def _own(self) -> int:
        if self._on_gpu:
            return torch.cuda.max_memory_allocated()
        memory = self._process.memory_info()
        return int(memory.rss - memory.shared)

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, self._own())
