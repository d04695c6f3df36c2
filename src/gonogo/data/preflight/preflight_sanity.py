"""Pre-flight check 1: shapes, counts, numbers that are none, and whether targets can be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gonogo.data.next_vector.bank import Bank
from gonogo.data.next_vector.sequences import Pairs
from gonogo.data.preflight.findings import Finding, Problem, problem, problems

_BLOCK = 8192  # rows read at once
_OFF_UNIT = 0.01  # a length that fp16 rounding does not explain


@dataclass(frozen=True, slots=True)
class Sound:
    """What the other checks may read.

    Attributes:
        rows: (n) true for bank rows that are finite and not zero.
        pairs: (p) true for pairs all of whose rows are in the bank, and sound.
    """

    rows: NDArray[np.bool_]
    pairs: NDArray[np.bool_]


def check_sanity(bank: Bank, pairs: Pairs) -> tuple[Finding, Sound]:
    """Look at every row of the bank and of the pairs.

    The recall ceiling is the share of validation targets that a perfect search could return:
    those that are rows of the bank, finite and not zero.
    """
    lengths = row_lengths(bank)
    finite, zero = np.isfinite(lengths), lengths == 0
    rows = finite & ~zero
    inside = _inside(pairs, len(bank))
    sound = np.zeros(len(pairs), dtype=np.bool_)
    sound[inside] = rows[pairs.targets[inside]] & _all_sound(pairs.contexts[inside], rows)
    findable = np.zeros(len(pairs), dtype=np.bool_)
    findable[inside] = rows[pairs.targets[inside]]
    held_out = pairs.validation
    ceiling = float(findable[held_out].mean()) if held_out.any() else 0.0
    off = np.flatnonzero(rows & (np.abs(lengths - 1) > _OFF_UNIT))
    found = problems(
        problem("blocker", "bank rows hold NaN or infinity", np.flatnonzero(~finite)),
        problem("blocker", "bank rows are zero and have no direction", np.flatnonzero(zero)),
        problem("blocker", "pairs name rows that the bank does not have", pairs.ids[~inside]),
        *_structure(pairs),
        problem(
            "warning",
            "bank rows are not at length 1: gonogo brings them there as it reads, other readers of"
            " the file have to do so themselves",
            off,
        ),
    )
    facts = _facts(bank, pairs, lengths[finite]) | {"recall_ceiling": ceiling}
    summary = (
        f"{len(bank):,} vectors of {bank.dimension}; {facts['train_pairs']:,} train and"
        f" {facts['validation_pairs']:,} validation pairs; recall ceiling {ceiling:.1%}"
    )
    return Finding("data sanity", summary, found, facts), Sound(rows, sound)


def row_lengths(bank: Bank) -> NDArray[np.float64]:
    """Return the length of every stored row (n); NaN or infinite where a number is not finite."""
    lengths = np.empty(len(bank))
    for start in range(0, len(bank), _BLOCK):
        rows = np.asarray(bank.vectors[start : start + _BLOCK], dtype=np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            lengths[start : start + len(rows)] = np.sqrt((rows * rows).sum(axis=1))
    return lengths


def _inside(pairs: Pairs, rows: int) -> NDArray[np.bool_]:
    """Return which pairs name only rows that the bank has, and a context at all."""
    contexts = pairs.contexts
    inside = (pairs.targets >= 0) & (pairs.targets < rows)
    if not contexts.shape[1]:
        return np.zeros(len(pairs), dtype=np.bool_)
    return inside & (contexts >= -1).all(axis=1) & (contexts < rows).all(axis=1)


def _all_sound(contexts: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    sound = rows[np.maximum(contexts, 0)] | (contexts < 0)
    return np.asarray(sound.all(axis=1))


def _structure(pairs: Pairs) -> tuple[Problem | None, ...]:
    """Find pairs that no bank could make right."""
    contexts = pairs.contexts
    held = contexts >= 0
    torn = held[:, :-1] & ~held[:, 1:]
    empty = ~held[:, -1] if contexts.shape[1] else np.ones(len(pairs), dtype=np.bool_)
    inside_own = (contexts == pairs.targets[:, None]).any(axis=1)
    names, counts = np.unique(pairs.ids, return_counts=True)
    sides = [side for side in ("train", "validation") if not getattr(pairs, side).any()]
    return (
        problem("blocker", "split without any pair", sides),
        problem("blocker", "pair ids stand more than once", names[counts > 1]),
        problem("blocker", "contexts are empty or torn by padding", pairs.ids[torn.any(1) | empty]),
        problem("blocker", "contexts hold their own target", pairs.ids[inside_own]),
    )


def _facts(bank: Bank, pairs: Pairs, lengths: NDArray[np.float64]) -> dict[str, object]:
    contexts = (pairs.contexts >= 0).sum(axis=1)
    return {
        "rows": len(bank),
        "dimension": bank.dimension,
        "stored_type": str(bank.vectors.dtype),
        "train_pairs": int(pairs.train.sum()),
        "validation_pairs": int(pairs.validation.sum()),
        "articles": len(np.unique(pairs.articles)),
        "context_shortest": int(contexts.min(initial=pairs.contexts.shape[1])),
        "context_longest": int(contexts.max(initial=0)),
        "row_length_least": float(lengths.min(initial=np.inf)) if len(lengths) else None,
        "row_length_most": float(lengths.max(initial=0)) if len(lengths) else None,
    }
