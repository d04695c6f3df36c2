"""Rows near to many queries are ranked down by as much as they are near to training queries."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_sequences import open_sequences

from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.data.vectors.vectors import unit_length
from gonogo.evaluation.next_vector.hubness import hub_scores, search_without_hubs
from gonogo.evaluation.next_vector.next_vector import find_next, judged_rankings
from gonogo.evaluation.next_vector.next_vector_heuristics import weighted_mean_queries
from gonogo.evaluation.search.search import Filters
from gonogo.spec.evaluation.evaluation_tasks import InvertedSoftmax


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> NextVectors:
    return open_sequences(tmp_path_factory.mktemp("world"))


def test_a_row_scores_the_soft_maximum_of_its_cosines(data: NextVectors) -> None:
    queries = weighted_mean_queries(0.4)(data, data.train[:7])
    cosines = unit_length(data.bank.vectors).astype(np.float64) @ unit_length(queries).T
    expected = [
        0.05 * math.log(sum(math.exp(cosine / 0.05) for cosine in row) / 7) for row in cosines
    ]
    np.testing.assert_allclose(hub_scores(queries, data.bank, 0.05), expected, atol=1e-5)


def test_of_one_query_it_is_the_cosine_at_any_temperature(data: NextVectors) -> None:
    query = weighted_mean_queries(0.4)(data, data.train[:1])
    cosines = unit_length(data.bank.vectors) @ unit_length(query)[0]
    for temperature in (0.02, 0.1, 1.0):
        np.testing.assert_allclose(
            hub_scores(query, data.bank, temperature), cosines, rtol=0, atol=2e-5
        )


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**31), st.booleans())
def test_the_search_is_that_of_a_full_sort(data: NextVectors, seed: int, mask: bool) -> None:
    numbers = data.validation[:9]
    queries = weighted_mean_queries(0.4)(data, numbers)
    handicaps = np.random.default_rng(seed).uniform(0, 0.5, len(data.bank)).astype(np.float32)
    masks = Filters(exclude=data.own_rows(numbers) if mask else None)
    found = search_without_hubs(queries, data.bank, handicaps, 5, masks)
    scores = unit_length(queries) @ unit_length(data.bank.vectors).T - handicaps
    if mask:
        for line, rows in zip(scores, data.own_rows(numbers), strict=True):
            line[rows] = -np.inf
    best = -np.sort(-scores, axis=1)[:, :5]
    np.testing.assert_allclose(found.scores, best, atol=1e-5)


def test_without_a_handicap_it_is_the_plain_search(data: NextVectors) -> None:
    numbers = data.validation
    queries = weighted_mean_queries(0.4)(data, numbers)
    plain = find_next(queries, data, numbers, 10)
    zero = np.zeros(len(data.bank), np.float32)
    masks = Filters(exclude=data.own_rows(numbers))
    found = search_without_hubs(queries, data.bank, zero, 10, masks)
    np.testing.assert_allclose(found.scores, plain.scores, atol=1e-5)


def test_an_evaluation_fits_it_on_training_pairs_and_weighs_it(data: NextVectors) -> None:
    source, numbers = weighted_mean_queries(0.4), data.validation
    asked = InvertedSoftmax(temperature=0.05, weight=0.5, queries=9)
    found, qrels = judged_rankings(source, data, depth=4, mask_context=True, hubness=asked)
    hubs = hub_scores(source(data, data.sample(data.train, 9, "hubness")), data.bank, 0.05)
    scores = unit_length(source(data, numbers)) @ unit_length(data.bank.vectors).T - 0.5 * hubs
    for line, rows in zip(scores, data.own_rows(numbers), strict=True):
        line[rows] = -np.inf
    best = -np.sort(-scores, axis=1)[:, :4]
    kept = [[score for _, score in found[name]] for name in data.query_ids(numbers)]
    np.testing.assert_allclose(kept, best, atol=1e-5)
    plain, same = judged_rankings(source, data, depth=4, mask_context=True)
    assert qrels == same
    assert plain != found


def test_a_planted_hub_is_found_out(data: NextVectors) -> None:
    # Query n belongs to row n, but all lie nearer to what they have in common: row 0.
    rows = np.eye(33, dtype=np.float32)
    queries = unit_length(rows[1:] + np.float32(1.2) * rows[0])
    bank = replace(data.bank, vectors=rows)
    hubs = hub_scores(queries, bank, 0.05)
    assert hubs.argmax() == 0
    cosines = queries @ rows.T
    assert set(cosines.argmax(axis=1)) == {0}
    assert (cosines - hubs).argmax(axis=1).tolist() == list(range(1, 33))


def test_no_queries_or_no_temperature_are_refused(data: NextVectors) -> None:
    queries = weighted_mean_queries(0.4)(data, data.train[:2])
    with pytest.raises(ValueError, match="temperature of 0"):
        hub_scores(queries, data.bank, 0.0)
    with pytest.raises(ValueError, match="0 queries"):
        hub_scores(queries[:0], data.bank, 0.1)
