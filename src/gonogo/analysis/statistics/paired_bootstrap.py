"""Two-sided paired bootstrap test by the shift method (Noreen 1989; Smucker et al., CIKM 2007).

Each data set's differences are shifted so that their mean is zero, as it is where both rows are
equally good, and queries are drawn again within each data set. Beside the permutation test this one
asks the same of other queries of the same kind rather than of other assignments of these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gonogo.analysis.statistics.bootstrap import affordable_draws, resampled_seed_means

_ROUNDING = 1e-6
"""Of sums in single precision, relative to the mean size of a difference: what ties within it with
the observed mean counts."""


def bootstrap_p(
    blocks: Sequence[Float[np.ndarray, " _"]], *, draws: int = 10_000, seed: int = 0
) -> float | None:
    """Return P(|mean of resampled, shifted differences| >= |observed mean|).

    The mean is over data sets with equal weight, as in the permutation test.

    Args:
        blocks: differences of candidate and reference, one array of queries a data set.
        draws: resamples; fewer, but at least 1,000, where there are many queries.
        seed: of the resamples.

    Returns:
        (count + 1) / (draws + 1), never zero (Phipson & Smyth 2010); 1 where nothing differs; None
        where a data set has one query, which resampling cannot vary.
    """
    if any(len(block) < 2 for block in blocks):
        return None
    observed = abs(float(np.mean([block.mean() for block in blocks])))
    size = float(np.mean([np.abs(block).mean() for block in blocks]))
    if size == 0.0:
        return 1.0
    shifted = [(block - block.mean())[None, :] for block in blocks]
    taken = affordable_draws(shifted, draws)
    means = resampled_seed_means(shifted, taken, seed)[:, 0]
    reached = int((np.abs(means) >= observed - _ROUNDING * size).sum())
    return (reached + 1) / (taken + 1)
