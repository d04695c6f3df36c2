"""Leave out vectors that nearly repeat one of those kept shortly before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gonogo.data.vectors.vectors import unit_length

_BLOCK = 512  # rows compared at once: 512 x 2,000 cosines are 4 MB


def keep_distinct(
    vectors: NDArray[np.floating],
    rows: NDArray[np.int64],
    *,
    cosine: float = 0.999,
    recent: int = 2_000,
    block: int = _BLOCK,
) -> NDArray[np.bool_]:
    """Return which rows stay: those not above ``cosine`` to any of the last ``recent`` kept.

    Row by row in their order, and exactly so, though computed by blocks. In memory at once:
    ``recent + block`` vectors in fp32, whatever the type and length of the bank.

    Args:
        vectors: the bank (n, d), memory-mapped or not; need not be normalised. A vector of
            length 0 resembles nothing.
        rows: of the bank, in the order in which they are looked at; repeats are near-duplicates.
        cosine: above it a vector repeats another one; the same value does not.
        recent: how many of the last kept vectors are compared.
        block: rows read at once; changes nothing but speed and memory.

    Raises:
        ValueError: if ``recent`` or ``block`` is below 1.
    """
    if recent < 1 or block < 1:
        raise ValueError(f"recent ({recent}) and block ({block}) are at least 1")
    kept = np.zeros(len(rows), dtype=np.bool_)
    memory = np.zeros((0, vectors.shape[1]), dtype=np.float32)  # the oldest first
    step = min(block, recent)
    for start in range(0, len(rows), step):
        here = unit_length(vectors[rows[start : start + step]])
        stays = _distinct(here, memory, cosine, recent)
        kept[start : start + step] = stays
        memory = np.concatenate([memory, here[stays]])[-recent:]
    return kept


def _distinct(
    here: NDArray[np.float32], memory: NDArray[np.float32], cosine: float, recent: int
) -> NDArray[np.bool_]:
    """Decide on a block of at most ``recent`` rows, given what was kept before it."""
    newest = _last_true(here @ memory.T > cosine)
    inside = here @ here.T > cosine
    stays = np.zeros(len(here), dtype=np.bool_)
    held = 0
    for number, match in enumerate(newest.tolist()):
        # Each row kept in the block pushes the oldest out of reach, so the newest match decides.
        repeats = match >= max(0, len(memory) + held - recent)
        if not repeats and not (inside[number, :number] & stays[:number]).any():
            stays[number] = True
            held += 1
    return stays


def _last_true(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the last column that is true in each row, -1 where none is."""
    columns = np.arange(1, flags.shape[1] + 1)
    newest: NDArray[np.int64] = (flags * columns).max(axis=1, initial=0) - 1
    return newest
