"""Whether scores tell how likely a document is relevant: a monotone map, and how far it is off.

The map is isotonic regression (Zadrozny and Elkan, KDD 2002), by the pool-adjacent-violators
algorithm of scipy: any scale of scores will do, as long as higher means likelier. How far its
probabilities are off is the expected calibration error over bins of equal mass (Naeini et al., AAAI
2015), with a percentile interval over resampled queries, for documents of one query hang together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from gonogo.core.seeds import generator

BINS = 15
"""Of equal mass; fewer where probabilities tie."""


@dataclass(frozen=True)
class MonotoneMap:
    """A step-free monotone map: linear between the scores that it was fitted on, flat outside.

    Attributes:
        scores: ascending (m).
        probabilities: at these, never falling (m).
    """

    scores: Float[np.ndarray, " m"]
    probabilities: Float[np.ndarray, " m"]

    def __call__(self, scores: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return the probability of each score."""
        values: Float[np.ndarray, " n"] = np.interp(scores, self.scores, self.probabilities)
        return values


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability figure."""

    count: int
    predicted: float
    """Mean probability."""
    observed: float
    """Share of relevant ones."""


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are off."""

    error: float
    """Expected calibration error: mean over documents of how far their bin is off (0 to 1)."""
    low: float
    high: float
    """95 % percentile interval over resampled queries."""
    bins: tuple[Bin, ...]
    queries: int
    documents: int
    share: float
    """Of relevant documents among them: what a constant would predict."""


def fit_monotone(scores: Float[np.ndarray, " n"], relevant: Bool[np.ndarray, " n"]) -> MonotoneMap:
    """Fit the map from scores to the share of relevant documents.

    Raises:
        ValueError: if there is nothing to fit, or all or none are relevant.
    """
    from scipy.optimize import isotonic_regression

    if len(scores) == 0 or relevant.all() or not relevant.any():
        raise ValueError("a map needs relevant and other documents")
    distinct, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    shares = np.bincount(places, weights=relevant) / counts  # equal scores are one point
    fitted = isotonic_regression(shares, weights=counts).x
    return MonotoneMap(distinct.astype(np.float64), np.clip(fitted, 0.0, 1.0))


def calibration_error(
    probabilities: Float[np.ndarray, " n"],
    relevant: Bool[np.ndarray, " n"],
    queries: Int[np.ndarray, " n"],
    *,
    bins: int = BINS,
    draws: int = 1_000,
    seed: int = 0,
) -> Calibration:
    """Return the expected calibration error with its interval.

    Bins are cut once, at the quantiles of all probabilities; resamples keep them.

    Args:
        probabilities: that a document is relevant (n).
        relevant: whether it is (n).
        queries: the number of its query, from 0 without gaps (n).
        bins: most bins.
        draws: resamples of the queries.
        seed: of the resamples.

    Raises:
        ValueError: if there are no documents.
    """
    if len(probabilities) == 0:
        raise ValueError("no documents")
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, probabilities, side="left")
    count, width = int(queries.max()) + 1, len(edges) + 1
    sums = np.zeros((3, count, width))  # documents, probabilities and hits of each query and bin
    for part, weight in zip(sums, (None, probabilities, relevant), strict=True):
        flat = np.bincount(queries * width + place, weights=weight, minlength=count * width)
        part += flat.reshape(count, width)
    rng = generator(seed, "calibration", count)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)
    resampled = _errors(np.stack([drawn @ part for part in sums]))
    whole = sums.sum(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    filled = [Bin(int(n), float(p / n), float(hits / n)) for n, p, hits in whole.T if n > 0]
    return Calibration(
        error=float(_errors(whole[:, None, :])[0]),
        low=float(low),
        high=float(high),
        bins=tuple(filled),
        queries=count,
        documents=len(probabilities),
        share=float(relevant.mean()),
    )


def _errors(sums: Float[np.ndarray, "3 r b"]) -> Float[np.ndarray, " r"]:
    """Return Σ_b |Σ p - Σ hits| / n of each resample."""
    documents, probabilities, hits = sums
    off: Float[np.ndarray, " r"] = np.abs(probabilities - hits).sum(axis=1) / documents.sum(axis=1)
    return off


def concatenated(
    parts: Sequence[tuple[Float[np.ndarray, " _"], Bool[np.ndarray, " _"]]],
) -> tuple[Float[np.ndarray, " n"], Bool[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Put the (scores, relevant) of each query together; the third array numbers the queries."""
    scores = np.concatenate([one for one, _ in parts]) if parts else np.zeros(0)
    relevant = np.concatenate([one for _, one in parts]) if parts else np.zeros(0, dtype=bool)
    numbers = np.repeat(np.arange(len(parts)), [len(one) for one, _ in parts])
    return scores, relevant, numbers
