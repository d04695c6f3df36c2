"""What machine and which packages a result was made with."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gonogo.core.version import __version__

PACKAGES = (
    "torch", "transformers", "tokenizers", "peft", "accelerate", "numpy", "scipy", "polars",
    "bm25s", "ir-measures", "safetensors", "pydantic",
)  # fmt: skip


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that can touch a number."""
    found = {"gonogo": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def processor_name() -> str:
    """Return the processor's name, as well as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe_environment(**more: str) -> dict[str, str]:
    """Return a flat description of this machine and its packages."""
    import psutil

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": str(os.cpu_count()),
        "memory_gb": f"{psutil.virtual_memory().total / 2**30:.0f}",
        "command": " ".join(["gonogo", *sys.argv[1:]]),
        **package_versions(),
        **more,
    }
