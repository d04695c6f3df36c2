"""Centred kernel alignment with linear kernels: how alike two models see the same texts.

From 0 to 1 (the unbiased estimate may fall below 0), unchanged by rotating, shifting or rescaling
either side; not by other linear maps, unlike correlations of canonical variables.

Sources: Kornblith et al., arXiv 1905.00414, section 3 (linear CKA); Song et al., JMLR 13 (2012),
eq. 5 (unbiased HSIC); Nguyen, Raghu & Kornblith, arXiv 2010.15327, eq. 3 (minibatch CKA).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Float

from gonogo.analysis.geometry.moments import BLOCK, blocks

LEAST_ROWS = 4
"""With fewer, the unbiased estimate is undefined."""


def linear_cka(
    left: Float[np.ndarray, "n p"], right: Float[np.ndarray, "n q"], *, block: int = BLOCK
) -> float:
    """Return ``||Y'X||_F^2 / (||X'X||_F ||Y'Y||_F)`` of the centred sides, in memory of p x q.

    Biased upwards where n is not much larger than p and q: two sides of pure noise score about
    sqrt(p q / ((n + p)(n + q))). :func:`minibatch_cka` is not. NaN where a side does not vary.

    Raises:
        ValueError: without rows, where the sides' rows differ in number, or are not finite.
    """
    count = _paired(left, right, 1)
    means = [
        sum((rows.sum(axis=0) for rows in blocks(side, block)), np.zeros(side.shape[1])) / count
        for side in (left, right)
    ]
    p, q = left.shape[1], right.shape[1]
    cross, own, other = np.zeros((p, q)), np.zeros((p, p)), np.zeros((q, q))
    for x, y in zip(blocks(left, block), blocks(right, block), strict=True):
        x, y = x - means[0], y - means[1]
        cross += x.T @ y
        own += x.T @ x
        other += y.T @ y
    return _ratio(float((cross * cross).sum()), float((own**2).sum()), float((other**2).sum()))


def unbiased_hsic(left: Float[np.ndarray, "n n"], right: Float[np.ndarray, "n n"]) -> float:
    """Return HSIC_1 of two kernel matrices, whose diagonals do not count.

    ::

        [tr(KL) + 1'K1 1'L1 / ((n - 1)(n - 2)) - 2 / (n - 2) 1'KL1] / (n (n - 3))

    Raises:
        ValueError: with fewer than four rows, where it is undefined.
    """
    n = _paired(left, right, LEAST_ROWS)
    k, l = left.astype(np.float64), right.astype(np.float64)  # noqa: E741 - the paper's letter
    np.fill_diagonal(k, 0.0)
    np.fill_diagonal(l, 0.0)
    sums = k.sum(axis=0), l.sum(axis=0)
    trace = float((k * l).sum())
    both = float(sums[0].sum() * sums[1].sum()) / ((n - 1) * (n - 2))
    crossed = 2 * float(sums[0] @ sums[1]) / (n - 2)
    return (trace + both - crossed) / (n * (n - 3))


def minibatch_cka(
    batches: Iterable[tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "n q"]]],
) -> float:
    """Return ``mean HSIC_1(K, L) / sqrt(mean HSIC_1(K, K) mean HSIC_1(L, L))`` over batches.

    Its expectation does not depend on the size of the batches (equal sizes are assumed), nor on
    the dimensions. NaN where a side does not vary.

    Args:
        batches: the two sides' embeddings of the same rows; at least four rows each.

    Raises:
        ValueError: without batches, with fewer than four rows in one, or unpaired rows.
    """
    sums, count = np.zeros(3), 0
    for left, right in batches:
        _paired(left, right, LEAST_ROWS)
        k, l = _kernel(left), _kernel(right)  # noqa: E741 - the paper's letter
        sums += [unbiased_hsic(k, l), unbiased_hsic(k, k), unbiased_hsic(l, l)]
        count += 1
    if not count:
        raise ValueError("minibatch CKA of 0 batches")
    cross, own, other = (sums / count).tolist()
    return _ratio(cross, own, other)


def pairwise_cka(
    sides: Sequence[Float[np.ndarray, "n _"]], *, rows: int = 256
) -> list[list[float]]:
    """Return the minibatch CKA of every two models' embeddings of the same n texts.

    Args:
        sides: one model's embeddings each; their widths may differ.
        rows: in a batch, or a few more: batches are made equal, to within one row.

    Raises:
        ValueError: with fewer than four texts.
    """
    cuts = max(1, len(sides[0]) // rows)
    cut = [np.array_split(side, cuts) for side in sides]
    found = np.eye(len(sides))
    for one, other in combinations(range(len(sides)), 2):
        batches = zip(cut[one], cut[other], strict=True)
        found[one, other] = found[other, one] = minibatch_cka(batches)
    matrix: list[list[float]] = found.tolist()
    return matrix


def _kernel(rows: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "n n"]:
    """Return the linear kernel; HSIC_1 is unchanged by centring, and rounds less after it."""
    wide = rows.astype(np.float64)
    wide -= wide.mean(axis=0)
    kernel: Float[np.ndarray, "n n"] = wide @ wide.T
    return kernel


def _paired(left: Float[np.ndarray, "n p"], right: Float[np.ndarray, "m q"], least: int) -> int:
    if len(left) != len(right) or len(left) < least:
        raise ValueError(f"{len(left)} and {len(right)} rows: want as many, and {least} at least")
    return len(left)


def _ratio(cross: float, own: float, other: float) -> float:
    if own <= 0 or other <= 0:
        return float("nan")
    return cross / float(np.sqrt(own) * np.sqrt(other))
