"""The machine that a measurement ran on: its parts, and the matrix-product rate it reaches.

    python benchmarks/peak.py [--json FILE]      ten seconds

A processor's published peak is no yardstick: clock rates fall under wide vectors and shared cores.
The peak meant in every benchmark here is the fastest of several square products, measured in the
same run, so "a fraction of the peak" is a fraction of what this machine did that minute.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Literal

import psutil
import torch

Format = Literal["fp32", "bf16"]
FORMATS: tuple[Format, ...] = ("fp32", "bf16")
SIZES = (1024, 2048, 4096)
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def peak_gflops(form: Format, size: int = 2048, repeats: int = 5) -> float:
    """Measure the fastest of some square products, on the accelerator where there is one."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    left, right = (torch.randn(size, size, device=device).to(DTYPES[form]) for _ in range(2))
    fastest = min(_seconds(left, right) for _ in range(repeats + 1))
    return 2 * size**3 / fastest / 1e9


def peaks() -> dict[Format, float]:
    """Return the best of all sizes, in GFLOP/s by format."""
    return {form: max(peak_gflops(form, size) for size in SIZES) for form in FORMATS}


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    start = time.perf_counter()
    torch.mm(left, right)
    if left.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def machine() -> str:
    """Describe processor, formats, memory and accelerator in one line."""
    flags, name = set[str](), os.uname().machine
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        name = value.strip() if key.strip() == "model name" else name
        flags = set(value.split()) if key.strip() == "flags" else flags
    known = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "bf16", "amx_bf16": "AMX"}
    has = ", ".join(word for flag, word in known.items() if flag in flags)
    memory = psutil.virtual_memory().total / 2**30
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    cores = f"{torch.get_num_threads()} cores of an {name} ({has})"
    return f"{cores}, {memory:.0f} GB, {accelerator}; torch {torch.__version__}"


def describe(measured: dict[Format, float]) -> str:
    """Put the machine and its peaks, as of now, on one line."""
    rates = ", ".join(f"{rate:.0f} GFLOP/s {form}" for form, rate in measured.items())
    return f"{machine()}; peak {rates}; load {os.getloadavg()[0]:.1f}"


def main() -> None:
    import paired  # which imports this module

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    start, figures = time.perf_counter(), dict[str, float]()
    print(f"{machine()}\n\n| format | " + " | ".join(f"{size}" for size in SIZES) + " |")
    print("|---|" + "--:|" * len(SIZES))
    for form in FORMATS:
        rates = [peak_gflops(form, size) for size in SIZES]
        print(f"| {form}, GFLOP/s | " + " | ".join(f"{rate:.0f}" for rate in rates) + " |")
        figures[f"GFLOP/s {form}"] = max(rates)
    if options.json:
        minutes = (time.perf_counter() - start) / 60
        question = "How fast are square matrix products on this machine?"
        paired.write_record(options.json, question, peer="", figures=figures, minutes=minutes)


if __name__ == "__main__":
    main()
