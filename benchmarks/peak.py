"""The machine that a measurement ran on: its parts, and the matrix-product rate it reaches.

    python benchmarks/peak.py                    the processor, ten seconds
    python benchmarks/peak.py --device cuda      the GPU, seconds

A processor's published peak is no yardstick: clock rates fall under wide vectors and shared cores.
The peak meant in every benchmark here is the fastest of several square products on the device that
the benchmark runs on, measured in the same run, so "a fraction of the peak" is a fraction of what
this machine did that minute. Model FLOP utilisation is the same against the rate that a GPU's maker
publishes. A format that the device only emulates has no peak: one product would take minutes.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Literal

import psutil
import torch
from record import write_record

Device = Literal["cpu", "cuda"]
Format = Literal["fp32", "bf16"]
FORMATS: tuple[Format, ...] = ("fp32", "bf16")
SIZES: dict[Device, tuple[int, ...]] = {
    "cpu": (1024, 2048, 4096),
    "cuda": (4096, 8192, 16_384),  # smaller ones leave multiprocessors idle
}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
PUBLISHED: dict[str, dict[Format, float]] = {
    "H200": {"fp32": 67e3, "bf16": 989e3},
    "A100": {"fp32": 19.5e3, "bf16": 312e3},
}
"""GFLOP/s of dense products by NVIDIA's data sheets; fp32 without TF32."""


def formats(device: Device) -> tuple[Format, ...]:
    """Return the formats that a device multiplies in hardware, the slowest first."""
    from gonogo.evaluation.search.search_products import formats_here

    if device == "cuda":
        return FORMATS if torch.cuda.is_bf16_supported(including_emulation=False) else ("fp32",)
    return tuple(form for form in FORMATS if form in formats_here())


def fastest_here() -> Format:
    """Return the fastest of the formats that this processor multiplies in hardware."""
    return formats("cpu")[-1]


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``: where the contenders run and the peak is measured."""
    here = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    parser.add_argument("--device", choices=here, default="cpu")


def peak_gflops(form: Format, size: int, device: Device, repeats: int = 5) -> float:
    """Measure the fastest of some square products."""
    left, right = (torch.randn(size, size, device=device).to(DTYPES[form]) for _ in range(2))
    fastest = min(_seconds(left, right) for _ in range(repeats + 1))
    return 2 * size**3 / fastest / 1e9


def peaks(device: Device) -> dict[Format, float]:
    """Return the best of all sizes, in GFLOP/s by format; emulated formats are left out."""
    return {
        form: max(peak_gflops(form, size, device) for size in SIZES[device])
        for form in formats(device)
    }


def published_gflops(form: Format, device: Device) -> float | None:
    """Return what the maker of the GPU publishes; None for a processor or an unknown GPU."""
    name = torch.cuda.get_device_name() if device == "cuda" else ""
    return next((rates[form] for gpu, rates in PUBLISHED.items() if gpu in name), None)


def finish(device: Device) -> None:
    """Wait for what a GPU still has to do; its functions return before the work is done."""
    if device == "cuda":
        torch.cuda.synchronize()


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    device: Device = "cuda" if left.is_cuda else "cpu"
    finish(device)
    start = time.perf_counter()
    torch.mm(left, right)
    finish(device)
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
    rates = ", ".join(
        f"{measured[form]:.0f} GFLOP/s {form}" if form in measured else f"– {form}"
        for form in FORMATS
    )
    return f"{machine()}; peak {rates}; load {os.getloadavg()[0]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_device(parser)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    start, figures, sizes = time.perf_counter(), dict[str, float](), SIZES[options.device]
    print(f"{machine()}\n\n| format | " + " | ".join(f"{size}" for size in sizes) + " |")
    print("|---|" + "--:|" * len(sizes))
    for form in FORMATS:
        if form not in formats(options.device):
            print(f"| {form}, GFLOP/s | " + " | ".join("–" for _ in sizes) + " |")
            continue
        rates = [peak_gflops(form, size, options.device) for size in sizes]
        print(f"| {form}, GFLOP/s | " + " | ".join(f"{rate:.0f}" for rate in rates) + " |")
        figures[f"GFLOP/s {form}"] = max(rates)
    if options.json:
        minutes = (time.perf_counter() - start) / 60
        question = "How fast are square matrix products on this machine?"
        write_record(options.json, question, "", figures, minutes, machine())


if __name__ == "__main__":
    main()
