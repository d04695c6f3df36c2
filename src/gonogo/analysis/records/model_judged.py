"""A paired difference by a model's judgements, made unbiased by those of people."""

from __future__ import annotations

from gonogo.spec.base import Spec


class ModelJudged(Spec):
    """candidate - reference on one task, over data sets of equal weight (PPI++)."""

    task: str
    metric: str
    reference: str
    candidate: str
    human_queries: int
    """Queries judged by people and by the model."""
    model_queries: int
    """All queries that the model judged."""
    seeds: int
    weights: tuple[float, ...]
    """How much of the model's judgements counts, 0 to 1, by data set."""
    value: float
    low: float
    high: float
    """The debiased difference and its 95 % interval."""
    human_value: float
    human_low: float
    human_high: float
    """By the queries of people alone."""
    model_value: float
    """By the model's judgements alone: what it would be if they were believed."""
