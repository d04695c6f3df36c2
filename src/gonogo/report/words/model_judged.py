"""Differences by a model's judgements beside people's, in words."""

from __future__ import annotations

from collections.abc import Sequence

from gonogo.analysis.records.model_judged import ModelJudged
from gonogo.report.cells.formats import bounds, number


def model_judged_lines(found: Sequence[ModelJudged]) -> list[str]:
    """Return a few lines a difference: debiased, by people alone, by the model alone."""
    lines = []
    for one in found:
        span = bounds(one.low, one.high, "signed")
        alone = bounds(one.human_low, one.human_high, "signed")
        weights = ", ".join(f"{weight:.2f}" for weight in one.weights)
        lines += [
            "",
            f"{one.candidate} - {one.reference}: {one.metric} on {one.task}, judged by people on "
            f"{one.human_queries:,} of {one.model_queries:,} queries and by a model on all",
            f"  debiased     {number(one.value, 'signed')}  95 % {span} (PPI++, lambda {weights}; "
            "holds if people's queries are a random part of all)",
            f"  people alone {number(one.human_value, 'signed')}  95 % {alone}",
            f"  model alone  {number(one.model_value, 'signed')}, which its bias moves",
        ]
    return lines
