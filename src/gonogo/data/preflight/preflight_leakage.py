"""Pre-flight check 2: what training could have seen of the validation pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gonogo.data.next_vector.bank import Bank
from gonogo.data.next_vector.sequences import Pairs
from gonogo.data.preflight.findings import Finding, Problem, problem, problems
from gonogo.data.preflight.preflight_sanity import Sound
from gonogo.data.vectors.vectors import row_digests

_BLOCK = 2048  # validation targets, and training targets, compared at once
_TOLERATED = 0.01
"""Rate of near-duplicates or shared windows above which there is a warning."""


def check_leakage(
    bank: Bank, pairs: Pairs, sound: Sound, *, near_duplicate: float = 0.98
) -> Finding:
    """Compare validation with training pairs, by article, by content, and by nearness.

    An exact duplicate is a validation target whose vector is, bit for bit, a training target. A
    window is shared when training windows hold at least half of its vectors, bit for bit: by pair
    instead of by article, windows at stride 32 of 100 share 68.

    Args:
        bank: of the pairs.
        pairs: to check.
        sound: pairs that can be read; others are passed over.
        near_duplicate: cosine of two targets that are told as near-duplicates.
    """
    train = np.flatnonzero(sound.pairs & pairs.train)
    held_out = np.flatnonzero(sound.pairs & pairs.validation)
    if not (len(train) and len(held_out)):
        text = "nothing to compare: a side of the split has no sound pair"
        return Finding("leakage", text, (Problem("blocker", text),))
    content = row_digests(bank.vectors)
    exact = held_out[np.isin(content[pairs.targets[held_out]], content[pairs.targets[train]])]
    both = np.intersect1d(pairs.articles[train], pairs.articles[held_out])
    shared = _shared(content, pairs, train, held_out)
    near = _nearest(bank, pairs.targets[held_out], pairs.targets[train]) > near_duplicate
    rates = {
        "articles_on_both_sides": len(both),
        "exact_duplicates": len(exact),
        "near_duplicate_cosine": near_duplicate,
        "near_duplicate_rate": float(near.mean()),
        "shared_window_rate": float((shared >= 0.5).mean()),
        "shared_vector_rate": float(shared.mean()),
    }
    named = [f"{pairs.ids[pair]} (row {pairs.targets[pair]})" for pair in exact]
    found = problems(
        problem("blocker", "articles stand on both sides of the split", both),
        problem("blocker", "validation targets are training targets too, bit for bit", named),
        _rate("near-duplicates of training targets", near, pairs.ids[held_out]),
        _rate("windows shared with training", shared >= 0.5, pairs.ids[held_out]),
    )
    summary = (
        f"{len(exact):,} exact duplicates; {rates['near_duplicate_rate']:.1%} of validation targets"
        f" above cosine {near_duplicate:g} to a training target;"
        f" {rates['shared_window_rate']:.1%} of validation windows shared"
    )
    return Finding("leakage", summary, found, rates)


def _rate(text: str, flags: NDArray[np.bool_], names: NDArray[np.str_]) -> Problem | None:
    if flags.mean() <= _TOLERATED:
        return None
    return problem("warning", f"of {len(flags):,} validation pairs are {text}", names[flags])


def _shared(
    content: NDArray[np.uint64],
    pairs: Pairs,
    train: NDArray[np.int64],
    held_out: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the share of each validation window's vectors that training windows hold."""
    distinct, number = np.unique(content, return_inverse=True)
    seen = np.zeros(len(distinct) + 1, dtype=np.bool_)  # the last one stands for padding
    seen[_numbers(number, pairs, train)] = True
    seen[-1] = False
    windows = _numbers(number, pairs, held_out)
    held = windows < len(distinct)
    share: NDArray[np.float64] = seen[windows].sum(axis=1) / held.sum(axis=1)
    return share


def _numbers(
    number: NDArray[np.int64], pairs: Pairs, chosen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the content of each window's rows, context and target; -1 for padding, as an index."""
    rows = np.column_stack([pairs.contexts[chosen], pairs.targets[chosen]])
    padding = number.max() + 1
    return np.where(rows < 0, padding, number[np.maximum(rows, 0)])


def _nearest(
    bank: Bank, targets: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return each target's largest cosine to any of the others."""
    nearest = np.full(len(targets), -1.0, dtype=np.float32)
    for start in range(0, len(targets), _BLOCK):
        here = bank.take(targets[start : start + _BLOCK])
        for first in range(0, len(others), _BLOCK):
            cosines = here @ bank.take(others[first : first + _BLOCK]).T
            best = nearest[start : start + _BLOCK]
            np.maximum(best, cosines.max(axis=1), out=best)
    return nearest
