"""The number format that a trial asks for, settled for the device at hand."""

from __future__ import annotations

from dataclasses import replace

from gonogo.core.workplace import Workplace
from gonogo.models.parts.devices import resolve_precision
from gonogo.spec.study import TrialConfig


def workplace_of(config: TrialConfig, workplace: Workplace) -> Workplace:
    """Return the workplace of one trial or row: with the number format of its configuration."""
    precision = resolve_precision(config.training.precision, workplace.device)
    return replace(workplace, precision=precision)
