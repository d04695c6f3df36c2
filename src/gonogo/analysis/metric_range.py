"""The range that a metric's values can lie in, by its ir-measures name."""

from __future__ import annotations

import math
import re

_UNIT = {
    "nDCG", "R", "Recall", "P", "RR", "MRR", "AP", "MAP", "Success", "Accuracy", "Judged", "RBP",
    "ERR", "nERR", "Bpref", "infAP", "Rprec", "IPrec", "SetP", "SetR", "SetF", "SetAP",
    "alpha_nDCG",
}  # fmt: skip
_COUNT = {"DCG", "NumRet", "NumRel", "NumRelRet", "NumQ"}

TOLERANCE = 1e-9
"""Slack for values that rounding put just outside their range, and for thresholds."""


def metric_range(metric: str) -> tuple[float, float]:
    """Return the lowest and the highest possible value of a per-query metric.

    Args:
        metric: such as ``nDCG@10`` or ``AP(rel=2)@100``; cutoff and arguments do not matter.

    Returns:
        ``(0, 1)`` for the rank metrics in common use, ``(0, inf)`` for counts and gains, and the
        whole line for metrics that are not known here.
    """
    base = re.split(r"[@(]", metric, maxsplit=1)[0].strip()
    if base in _UNIT:
        return 0.0, 1.0
    if base in _COUNT:
        return 0.0, math.inf
    return -math.inf, math.inf
