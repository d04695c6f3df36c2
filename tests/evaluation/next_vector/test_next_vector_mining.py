"""Mined negatives of a tower: windows of cosines and of ranks, and what is never mined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_sequences import open_sequences

from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.vectors.vectors import unit_length
from gonogo.evaluation.mining.mining import Mined
from gonogo.evaluation.next_vector.next_vector_heuristics import (
    oracle_queries,
    weighted_mean_queries,
)
from gonogo.evaluation.next_vector.next_vector_mining import mine_next
from gonogo.spec.next_vector.curriculum import CosineWindow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> NextVectors:
    return open_sequences(tmp_path_factory.mktemp("world"))


def mined(data: NextVectors, unit: str, low: float, high: float, above: float = 0.98, count=5):
    numbers = data.train[:40]
    queries = weighted_mean_queries(0.4)(data, numbers)
    window = CosineWindow(low, high)
    kept = {"count": count, "window": window, "duplicate_above": above}
    return numbers, queries, mine_next(queries, data, numbers, unit=unit, **kept)


def expected_rows(data: NextVectors, number: int, query: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return all rows that may be mined, the nearest first, with their cosines."""
    cosines = unit_length(data.bank.vectors) @ unit_length(query)
    context = data.pairs.contexts[number]
    never = {*context[context >= 0].tolist(), int(data.pairs.targets[number])}
    order = [row for row in np.argsort(-cosines, kind="stable").tolist() if row not in never]
    return np.array(order), cosines[order]


@pytest.mark.parametrize(("low", "high"), [(0.3, 0.6), (-1.0, 1.0), (0.1, 0.2)])
def test_a_cosine_window_holds_the_nearest_inside_it(
    data: NextVectors, low: float, high: float
) -> None:
    numbers, queries, found = mined(data, "cosine", low, high, above=1.0)
    for at, number in enumerate(numbers):
        rows, cosines = expected_rows(data, number, queries[at])
        inside = rows[(cosines >= low) & (cosines <= high)][:5]
        assert found.rows[at][found.mask[at]].tolist() == inside.tolist()


def test_a_quantile_window_holds_the_same_ranks_for_every_query(data: NextVectors) -> None:
    size = len(data.bank)
    first, beyond = CosineWindow(0.9, 0.97).ranks(size)
    assert (first, beyond) == (int(0.03 * size), int(np.ceil(0.1 * size)))
    numbers, queries, found = mined(data, "quantile", 0.9, 0.97, above=1.0)
    assert found.fill_rate == 1.0
    for at, number in enumerate(numbers):
        rows, _ = expected_rows(data, number, queries[at])
        assert found.rows[at].tolist() == rows[first : first + 5].tolist()


def test_too_few_are_masked_and_never_taken_from_outside(data: NextVectors) -> None:
    _, _, found = mined(data, "cosine", 0.9999, 1.0)
    assert found.fill_rate < 0.1
    assert (found.rows[~found.mask] == -1).all()
    _, _, narrow = mined(data, "quantile", 0.99, 1.0, count=8)  # 288 rows: 3 ranks
    assert narrow.mask.sum(axis=1).max() == 3


@pytest.mark.parametrize("unit", ["cosine", "quantile"])
def test_near_duplicates_of_the_positive_are_dropped_and_counted(
    data: NextVectors, unit: str
) -> None:
    low = -1.0 if unit == "cosine" else 0.0
    numbers, _, found = mined(data, unit, low, 1.0, above=0.2, count=10)
    targets = data.targets(numbers)
    vectors = data.bank.take(np.maximum(found.rows, 0))
    cosines = np.einsum("nkd,nd->nk", vectors, targets)
    assert (cosines[found.mask] <= 0.2 + 1e-6).all()
    assert found.drops.near_positive > 0
    # Both rules: near to the positive, and as near to the query; never more than the first alone.
    assert 0 < found.drops.near_both <= found.drops.near_positive


@pytest.mark.parametrize("copies", [3, 60, 200])
def test_both_windows_look_behind_every_copy_of_a_target_and_count_alike(
    data: NextVectors, copies: int
) -> None:
    number = data.train[0]
    target = np.asarray(data.bank.vectors)[data.pairs.targets[number]]
    noise = 0.01 * np.random.default_rng(0).standard_normal((copies, len(target)))
    vectors = np.concatenate([data.bank.vectors, (target + noise).astype(np.float32)])
    crowded = replace(data, bank=replace(data.bank, vectors=vectors))
    numbers = data.train[:20]  # the copies lie near to the first alone
    queries = oracle_queries()(crowded, numbers)

    def found(unit: str, low: float) -> Mined:
        window = CosineWindow(low, 1.1 if unit == "cosine" else 1.0)  # rounding: the target itself
        kept = {"count": 5, "window": window, "duplicate_above": 0.98}
        return mine_next(queries, crowded, numbers, unit=unit, **kept)

    by_cosine, by_rank = found("cosine", -1.0), found("quantile", 0.0)
    assert by_rank.fill_rate == 1.0
    np.testing.assert_array_equal(by_rank.rows, by_cosine.rows)
    assert by_rank.drops == by_cosine.drops
    assert by_rank.drops.near_positive >= copies
    assert by_rank.drops.positives == len(numbers)


def test_a_window_of_ranks_counts_the_context_that_lies_in_it(data: NextVectors) -> None:
    numbers, queries, found = mined(data, "quantile", 0.9, 0.97, above=1.0, count=1000)
    first, beyond = CosineWindow(0.9, 0.97).ranks(len(data.bank))
    above = positives = barred = 0
    for at, number in enumerate(numbers):
        _, cosines = expected_rows(data, number, queries[at])
        own = unit_length(data.bank.vectors) @ unit_length(queries[at])
        ranks = {row: int((cosines > own[row]).sum()) for row in data.own_rows(numbers[[at]])[0]}
        target = int((cosines > own[data.pairs.targets[number]]).sum())
        above += first + sum(rank < first for rank in (target, *ranks.values()))
        positives += first <= target < beyond
        barred += sum(first <= rank < beyond for rank in ranks.values())
    assert (found.drops.above_window, found.drops.positives) == (above, positives)
    assert found.drops.barred == barred > 0


@pytest.mark.parametrize("unit", ["cosine", "quantile"])
def test_the_positive_is_not_mined_even_by_a_query_that_hits_it(
    data: NextVectors, unit: str
) -> None:
    numbers = data.train[:40]
    queries = oracle_queries()(data, numbers)
    low = -1.0 if unit == "cosine" else 0.0
    kept = {"count": 4, "window": CosineWindow(low, 1.0), "duplicate_above": 1.0}
    found = mine_next(queries, data, numbers, unit=unit, **kept)
    assert not (found.rows == data.pairs.targets[numbers][:, None]).any()
