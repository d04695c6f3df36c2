"""Measures in tables from anywhere: one spelling, and the range of their values."""

from __future__ import annotations

import math
import re

from gonogo.core.errors import UserError
from gonogo.core.metrics import canonical_metric, metric_range

TOLERANCE = 1e-9
"""Slack for values that rounding put just outside their range, and for thresholds."""

# What our own evaluation does not compute but tables from elsewhere hold.
_UNIT = {
    "Accuracy", "Bpref", "Compat", "ERR", "IPrec", "Judged", "RBP", "SetAP", "SetF", "SetP", "SetR",
    "accuracy", "alpha_nDCG", "infAP", "nERR", "nDCG", "R", "RR", "AP", "P", "Success",
}  # fmt: skip
_COUNT = {"DCG", "NumRet", "NumRel", "NumRelRet", "NumQ"}


def canonical(metric: str) -> str:
    """Return the one spelling of a measure (``MRR@10`` is ``RR@10``); others stay as they are."""
    try:
        return canonical_metric(metric)
    except UserError:
        return metric


def value_range(metric: str) -> tuple[float, float]:
    """Return the lowest and the highest possible value of a per-query measure.

    Args:
        metric: such as ``nDCG@10`` or ``AP(rel=2)@100``; cutoff and arguments do not matter.

    Returns:
        ``(0, 1)`` for the rank measures in common use, ``(0, inf)`` for counts and gains, and the
        whole line for measures that are not known here.
    """
    base = re.split(r"[@(]", metric, maxsplit=1)[0].strip()
    if base in _UNIT:
        return 0.0, 1.0
    return (0.0, math.inf) if base in _COUNT else metric_range(metric)


def higher_is_better(metric: str) -> bool:
    """Return whether a larger value is known to be better; of a loss or a latency it is not."""
    base = re.split(r"[@(]", metric, maxsplit=1)[0].strip()
    return base in _UNIT or value_range(metric)[0] == 0.0
