"""Files of sequences of bank rows, for banks whose articles do not lie in order in them.

- ``.npz`` with ``sequences`` (s t) of whole numbers, -1 behind sequences that are shorter, and
  optionally ``ids`` (s);
- ``.jsonl[.gz]``: a line a sequence, a list of rows or an object with ``rows`` and ``id``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.data.files.lines import read_lines
from gonogo.data.next_vector.windows import Articles
from gonogo.data.vectors.vectors import map_npz, npz_keys


@dataclass(frozen=True, slots=True)
class RowSequences:
    """Sequences laid end to end.

    Attributes:
        articles: name of each sequence, and where it lies in ``order``.
        order: bank rows of all sequences.
    """

    articles: Articles
    order: NDArray[np.int64]


def read_row_sequences(file: Path, rows: int) -> RowSequences:
    """Read sequences of the rows of a bank.

    Args:
        file: see the module.
        rows: how many the bank has.

    Raises:
        UserError: naming the sequence, for rows that the bank does not have, or no sequences.
    """
    named = list(_from_npz(file) if file.suffix == ".npz" else _from_lines(file))
    if not named:
        raise UserError("no sequences", file=file)
    for name, sequence in named:
        wrong = sequence[(sequence < 0) | (sequence >= rows)]
        if len(wrong):
            raise UserError(
                f"row {wrong[0]} is not in the bank, which has {rows}", file=file, place=name
            )
    lengths = np.array([len(sequence) for _, sequence in named], dtype=np.int64)
    articles = Articles.from_runs([name for name, _ in named], lengths)
    return RowSequences(articles, np.concatenate([sequence for _, sequence in named]))


def _from_npz(file: Path) -> Iterator[tuple[str, NDArray[np.int64]]]:
    sequences = map_npz(file, "sequences")
    if sequences.ndim != 2 or not np.issubdtype(sequences.dtype, np.integer):
        raise UserError(
            f"expected rows (s t), found {sequences.dtype} {sequences.shape}",
            file=file,
            place="sequences",
            hint="sequences of vectors (s t d) are a bank of their own: give the file as the bank",
        )
    ids = map_npz(file, "ids").astype(np.str_) if "ids" in npz_keys(file) else None
    for number, padded in enumerate(sequences):
        name = f"sequence {number}" if ids is None else str(ids[number])
        held = np.flatnonzero(padded != -1)  # a -1 in the middle stays, and is refused later
        yield name, padded[: held[-1] + 1 if len(held) else 0].astype(np.int64)


def _from_lines(file: Path) -> Iterator[tuple[str, NDArray[np.int64]]]:
    for number, line in read_lines(file):
        place = f"line {number}"
        try:
            value: Any = json.loads(line)
        except ValueError as error:
            raise UserError(f"not valid JSON: {error}", file=file, place=place) from error
        name, sequence = place, value
        if isinstance(value, dict):
            name, sequence = str(value.get("id", place)), value.get("rows")
        if not _are_rows(sequence):
            raise UserError("expected a list of rows", file=file, place=place)
        yield name, np.array(sequence, dtype=np.int64)


def _are_rows(value: object) -> bool:
    return isinstance(value, Sequence) and all(type(row) is int for row in value)
