"""Pairs that somebody else made: ``.npz`` with ``contexts``, ``targets`` and, optionally, ``ids``.

- ``contexts`` (p t d) vectors, zeros where one is shorter; or (p t) rows of the bank, -1 there;
- ``targets`` (p d) vectors, each a row of the bank; or (p) rows;
- ``ids`` (p): names of the pairs;
- ``articles`` (p) and ``split`` (p: ``train`` or ``validation``), optionally.

Vectors are found in the bank by their bits, brought to one number format, or else by cosine.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.data.next_vector.bank import Bank
from gonogo.data.next_vector.next_vectors import NextVectors, Numbers
from gonogo.data.next_vector.sequences import Pairs, open_bank, open_pairs
from gonogo.data.vectors.vectors import map_npz, npz_keys, row_digests, unit_length

_SAME = 0.9999  # cosine of a vector and its row in another number format
_BLOCK = 4096


@dataclass(frozen=True)
class GivenVectors(NextVectors):
    """Pairs whose contexts are vectors of their own, in the bank or not.

    Attributes:
        given: (p t d), zeros where a context is shorter.
    """

    given: NDArray[np.floating]

    def contexts(self, numbers: Numbers) -> NDArray[np.float32]:
        """Return contexts (n t d) at length 1 as they were given."""
        return unit_length(self.given[numbers])

    def present(self, numbers: Numbers) -> NDArray[np.bool_]:
        """Return (n t) false where a context holds zeros."""
        there: NDArray[np.bool_] = (self.given[numbers] != 0).any(axis=-1)
        return there


def open_given_pairs(place: Path, bank: Path) -> NextVectors:
    """Open pairs over a bank: a folder of ``gonogo data pairs``, or a ``.npz`` file.

    Pairs of a file without ``split`` are all taken for validation.

    Raises:
        UserError: for what is neither, does not fit the bank, or has targets that it lacks.
    """
    opened = open_bank(bank)
    if place.suffix != ".npz":
        return NextVectors(opened, open_pairs(place, bank=bank))
    contexts, targets = (map_npz(place, key) for key in ("contexts", "targets"))
    count = _check_shapes(place, contexts, targets, opened)
    names = _names(place, count)
    target_rows = _target_rows(place, targets, opened, names)
    rows = _context_rows(place, contexts, opened)
    pairs = Pairs(
        path=place,
        bank_path=bank,
        ids=names,
        articles=_articles(place, opened, target_rows, rows),
        validation=_held_out(place, count),
        contexts=rows,
        targets=target_rows,
        manifest={},
    )
    if contexts.ndim == 2:
        return NextVectors(opened, pairs)
    return GivenVectors(opened, pairs, contexts)  # type: ignore[arg-type]


def _check_shapes(
    place: Path, contexts: NDArray[np.generic], targets: NDArray[np.generic], bank: Bank
) -> int:
    """Return how many pairs there are; whole numbers are rows, others are vectors."""
    for key, array, rank in (("contexts", contexts, 2), ("targets", targets, 1)):
        whole = np.issubdtype(array.dtype, np.integer)
        wide = array.ndim == rank + 1 and np.issubdtype(array.dtype, np.floating)
        if not (wide or (whole and array.ndim == rank)):
            raise UserError(
                f"expected rows ({rank} axes) or vectors ({rank + 1} axes), found {array.dtype}"
                f" {array.shape}",
                file=place,
                place=key,
            )
        if wide and array.shape[-1] != bank.dimension:
            raise UserError(
                f"vectors of {array.shape[-1]} numbers, but {bank.dimension} in the bank"
                f" {bank.path}",
                file=place,
                place=key,
            )
        if whole and array.size and not (-1 <= int(array.min()) <= int(array.max()) < len(bank)):
            raise UserError(
                f"rows {array.min()} to {array.max()}, but the bank has {len(bank)}",
                file=place,
                place=key,
            )
    if len(contexts) != len(targets) or not len(targets):
        raise UserError(f"{len(contexts)} contexts for {len(targets)} targets", file=place)
    return len(targets)


def _column(place: Path, key: str, count: int) -> NDArray[np.str_] | None:
    if key not in npz_keys(place):
        return None
    values = map_npz(place, key)
    if values.shape != (count,):
        raise UserError(f"{key} has shape {values.shape}, not ({count},)", file=place)
    return values.astype(np.str_)


def _names(place: Path, count: int) -> NDArray[np.str_]:
    """Return a name for each pair; those that stand twice get a number."""
    ids = _column(place, "ids", count)
    seen: Counter[str] = Counter()
    names = []
    for name in map(str, range(count)) if ids is None else ids.tolist():
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return np.array(names, dtype=np.str_)


def _held_out(place: Path, count: int) -> NDArray[np.bool_]:
    split = _column(place, "split", count)
    if split is None:
        return np.ones(count, dtype=np.bool_)
    if odd := sorted(set(split.tolist()) - {"train", "validation"}):
        raise UserError(
            f"unknown side {odd[0]!r}", file=place, place="split", hint="train or validation"
        )
    return np.array(split == "validation")


def _target_rows(
    place: Path, targets: NDArray[np.generic], bank: Bank, names: NDArray[np.str_]
) -> NDArray[np.int64]:
    if targets.ndim == 1:
        rows = targets.astype(np.int64)
        missing = np.flatnonzero(rows < 0)
    else:
        rows = rows_of(targets, bank)  # type: ignore[arg-type]
        missing = np.flatnonzero(rows < 0)
        rows[missing] = _nearest(targets[missing], bank)  # type: ignore[arg-type]
        missing = np.flatnonzero(rows < 0)
    if len(missing):
        raise UserError(
            f"{len(missing)} of {len(rows)} targets are not in the bank {bank.path}, the first is"
            f" that of pair {names[missing[0]]!r}",
            file=place,
            place="targets",
            hint="give the bank that the pairs were made from",
        )
    return rows


def _context_rows(place: Path, contexts: NDArray[np.generic], bank: Bank) -> NDArray[np.int64]:
    """Return the bank rows of the contexts, -1 for padding and for vectors that it lacks."""
    if contexts.ndim == 2:
        return contexts.astype(np.int64)
    count, length, width = contexts.shape
    rows = np.empty((count, length), dtype=np.int64)
    for start in range(0, count, _BLOCK):
        part = np.asarray(contexts[start : start + _BLOCK])
        found = rows_of(part.reshape(-1, width), bank)
        empty = ~(part != 0).any(axis=-1)
        if empty.all(axis=1).any():
            number = start + int(empty.all(axis=1).argmax())
            raise UserError("the context is empty", file=place, place=f"contexts[{number}]")
        rows[start : start + len(part)] = np.where(empty, -1, found.reshape(len(part), length))
    return rows


def rows_of(vectors: NDArray[np.floating], bank: Bank) -> NDArray[np.int64]:
    """Return the row of each vector (n) in a bank, -1 where none has its bits.

    Both are compared in the narrower of their number formats: a bank may hold in half precision
    what was paired in single precision.
    """
    narrow = min(vectors.dtype, bank.vectors.dtype, key=lambda dtype: dtype.itemsize)
    known = np.concatenate(
        [
            row_digests(np.asarray(bank.vectors[start : start + _BLOCK]).astype(narrow))
            for start in range(0, len(bank), _BLOCK)
        ]
    )
    order = np.argsort(known, kind="stable")
    asked = row_digests(np.asarray(vectors).astype(narrow))
    places = np.minimum(np.searchsorted(known[order], asked), len(known) - 1)
    rows = order[places]
    return np.where(known[rows] == asked, rows, -1)


def _nearest(vectors: NDArray[np.floating], bank: Bank) -> NDArray[np.int64]:
    """Return the row that equals each vector up to rounding and length, -1 where none does."""
    unit = unit_length(vectors)
    best, rows = np.full(len(unit), _SAME, np.float32), np.full(len(unit), -1)
    for start in range(0, len(bank) if len(unit) else 0, _BLOCK):
        cosines = unit @ bank.take(np.arange(start, min(start + _BLOCK, len(bank)))).T
        nearest = cosines.argmax(axis=1)
        cosine = cosines[np.arange(len(unit)), nearest]
        nearer = cosine > best
        best[nearer], rows[nearer] = cosine[nearer], start + nearest[nearer]
    return rows


def _articles(
    place: Path, bank: Bank, targets: NDArray[np.int64], contexts: NDArray[np.int64]
) -> NDArray[np.str_]:
    """Return each pair's article: as given, as the bank has it, or of pairs that share rows."""
    given = _column(place, "articles", len(targets))
    if given is not None:
        return given
    try:
        starts, ids = bank.articles.starts, np.array(bank.articles.ids, dtype=np.str_)
    except UserError:
        return _linked(targets, contexts, len(bank))
    return ids[np.searchsorted(starts, targets, side="right") - 1]


def _linked(targets: NDArray[np.int64], contexts: NDArray[np.int64], rows: int) -> NDArray[np.str_]:
    """Name groups of pairs that share a row: overlapping windows are of one article."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(targets)
    pair = np.repeat(np.arange(count), contexts.shape[1] + 1)
    row = np.concatenate([contexts, targets[:, None]], axis=1).ravel()
    there = row >= 0
    edges = (np.ones(int(there.sum())), (pair[there], count + row[there]))
    links = coo_array(edges, shape=(count + rows, count + rows))
    label = connected_components(links, directed=False)[1][:count]
    first = {number: place for place, number in reversed(list(enumerate(label.tolist())))}
    return np.array([f"group {first[number]}" for number in label.tolist()], dtype=np.str_)
