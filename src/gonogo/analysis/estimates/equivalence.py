"""When "no interference" may be said: absence is shown only by an interval below the line.

This is the one-sided half of two one-sided tests (Schuirmann 1987): rejecting "TIR >= line" at
level alpha is the same as a (1 - 2 alpha) interval that ends below the line.
"""

from __future__ import annotations

from gonogo.analysis.records.effects import Estimate


def absence_shown(estimate: Estimate, line: float) -> bool | None:
    """Say whether the whole interval lies below ``line``; None where there is no interval."""
    return None if estimate.interval is None else estimate.interval.high < line


def presence_shown(estimate: Estimate, line: float) -> bool | None:
    """Say whether the whole interval lies at or above ``line``; None where there is none."""
    return None if estimate.interval is None else estimate.interval.low >= line
