"""Rows that are none of a pair's negatives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_sequences import open_sequences

from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.training.next_vector.known_rows import KnownRows


@pytest.fixture
def data(tmp_path: Path) -> NextVectors:
    return open_sequences(tmp_path)


def expected(data: NextVectors, number: int, above: float) -> set[int]:
    """Return the context of a pair, and every row with a higher cosine to its target."""
    unit = np.array(data.bank.vectors, dtype=np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    repeats = np.flatnonzero(unit @ unit[data.pairs.targets[number]] > above)
    return {*repeats.tolist(), *data.pairs.contexts[number].tolist()} - {-1}


def with_copies(data: NextVectors, number: int, copies: int) -> NextVectors:
    """Return a bank that goes on with copies of the target of a pair."""
    target = data.bank.vectors[data.pairs.targets[number]]
    vectors = np.concatenate([data.bank.vectors, np.tile(target, (copies, 1))])
    return replace(data, bank=replace(data.bank, vectors=vectors))


def rows_of(known: KnownRows, number: int) -> set[int]:
    return set(known.of(np.array([number]))[0].tolist()) - {-1}


@pytest.mark.parametrize("above", [-1.0, 0.3, 0.9])
def test_the_context_and_what_repeats_the_target(data: NextVectors, above: float) -> None:
    numbers = data.validation[:7]
    known = KnownRows(data, numbers, above)
    for number, rows in zip(numbers, known.of(numbers).tolist(), strict=True):
        assert data.pairs.targets[number] in rows
        assert {row for row in rows if row >= 0} == expected(data, number, above)


@pytest.mark.parametrize("copies", [15, 16, 40, 300])
def test_every_repeat_is_known_however_many_there_are(data: NextVectors, copies: int) -> None:
    first, other = data.train[0], data.train[-1]
    crowded = with_copies(data, first, copies)
    known = KnownRows(crowded, np.array([first, other]), 0.98)
    assert rows_of(known, first) == expected(crowded, first, 0.98)
    assert set(range(len(data.bank), len(data.bank) + copies)) <= rows_of(known, first)
    assert rows_of(known, other) == expected(data, other, 0.98)


def test_a_crowded_target_makes_no_other_batch_wide(data: NextVectors) -> None:
    crowded = with_copies(data, data.train[0], 300)
    known = KnownRows(crowded, data.train, 0.98)
    assert known.of(data.train[:2]).shape == (2, 6 + 301)
    assert known.of(data.train[-2:]).shape == (2, 6 + 1)


def test_a_pair_that_was_not_announced_is_an_error(data: NextVectors) -> None:
    known = KnownRows(data, data.train[:3], 0.98)
    with pytest.raises(KeyError):
        known.of(data.validation[:1])
