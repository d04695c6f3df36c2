"""Where work is done and who watches it: what long work hands down from floor to floor."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gonogo.core.progress import Progress, Silent
from gonogo.core.types import Device, Precision


@dataclass(frozen=True)
class Workplace:
    """One place to work, the same for everything that is done in it.

    Nothing here names what is done: configurations, seeds and folders are arguments of their own.
    """

    beside: Path | None = None
    """Folder of the study file, where relative data are looked for first."""
    device: Device = "cpu"
    """Where models compute."""
    precision: Precision = "fp32"
    """Number format of their matrix products; each trial or row asks for its own."""
    progress: Progress = field(default_factory=Silent)
    """Shows bars and lines."""
    vectors: Path | None = None
    """Where vectors are kept of weights that come back, untrained or frozen; None keeps none."""


ANYWHERE = Workplace()
"""The CPU, no study file, nobody watching."""
