"""Two-sided paired permutation test by sign flips (Fisher 1935; Smucker et al., CIKM 2007).

Few terms are enumerated, more are drawn, and so many that draws cost more than everything else in
a decision have the saddlepoint tail, which needs none.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from gonogo.analysis.statistics.saddlepoint import effective_terms, signed_sum_p
from gonogo.core.seeds import generator

EXACT_UP_TO = 14
"""Non-zero differences up to which all 2^n sign patterns are enumerated."""
DRAWN_UP_TO = 2_000
"""Non-zero differences up to which signs are drawn, whatever the terms are."""
FEWEST_EFFECTIVE = 500
"""Equal terms that more differences must be worth for the saddlepoint; else signs are drawn."""


def _exact(terms: Float[np.ndarray, " n"], least: float) -> float:
    sums = np.zeros(1)
    for term in terms:
        sums = np.concatenate([sums + term, sums - term])
    return float(np.mean(np.abs(sums) >= least))


def _sampled(terms: Float[np.ndarray, " n"], least: float, draws: int, seed: int) -> float:
    """Draw eight signs at once: a random byte looks up the sum of eight signed terms."""
    groups = -(-len(terms) // 8)
    padded = np.zeros(groups * 8)
    padded[: len(terms)] = terms
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    tables = padded.reshape(groups, 8) @ (2.0 * bits - 1.0).T
    rng = generator(seed, "sign flips", len(terms))
    sums = np.zeros(draws)
    for table in tables:
        sums += table[rng.integers(0, 256, size=draws, dtype=np.uint8)]
    return (int((np.abs(sums) >= least).sum()) + 1) / (draws + 1)


def sign_flip_p(terms: Float[np.ndarray, " n"], *, draws: int = 10_000, seed: int = 0) -> float:
    """Return P(|sum of randomly signed terms| >= |sum of terms|) under symmetry about zero.

    Args:
        terms: each query's contribution to the statistic (difference times its weight).
        draws: random sign patterns where there are too many to enumerate; the p-value is then
            (count + 1) / (draws + 1), never zero (Phipson & Smyth 2010). Beyond 2,000
            terms there are none.
        seed: of the patterns.
    """
    moving = terms[terms != 0]
    # Patterns that tie with the observed one must count although their sums round differently.
    least = abs(float(moving.sum())) - 1e-12 * float(np.abs(moving).sum())
    if len(moving) <= EXACT_UP_TO:
        return _exact(moving, least)
    if len(moving) > DRAWN_UP_TO and effective_terms(moving) >= FEWEST_EFFECTIVE:
        return signed_sum_p(moving)
    return _sampled(moving, least, draws, seed)
