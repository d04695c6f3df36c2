"""Exact search: equal to brute force in every format, with ties, filters and awkward shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy import ndarray

from gonogo.core.types import Similarity
from gonogo.evaluation.search import search as search_module
from gonogo.evaluation.search import search_products, search_scan
from gonogo.evaluation.search.search import Filters, search, top_k
from gonogo.evaluation.search.search_products import (
    Rounding,
    error_bounds,
    multiply,
    product_units,
)
from gonogo.evaluation.search.search_scores import pair_scores

FORMATS: tuple[search_products.Format, ...] = ("fp32", "bf16", "int8")
SIMILARITIES: tuple[Similarity, ...] = ("cosine", "dot", "euclidean")


def vectors(seed: int, count: int, dimension: int = 24, *, spread: float = 0.5) -> ndarray:
    """Return vectors of different lengths, some of them equal and one of them zero."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((count, dimension)) * random.lognormal(0, spread, (count, 1))
    if count > 20:
        values[10:15] = values[3]
        values[-1] = values[0]
        values[7] = 0
    return values.astype(np.float32)


def brute_force(
    queries: ndarray, corpus: ndarray, similarity: Similarity, allowed: ndarray | None = None
) -> tuple[ndarray, ndarray]:
    """Score every pair and sort it all."""
    places, everything = np.indices((len(queries), len(corpus))).reshape(2, -1)
    scores = pair_scores(queries, places, corpus, everything, similarity)
    scores = scores.reshape(len(queries), len(corpus))
    if allowed is not None:
        scores = np.where(allowed(scores) if callable(allowed) else allowed, scores, -np.inf)
    rows = np.argsort(-scores, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, rows, axis=1)
    return ordered, np.where(np.isinf(ordered), -1, rows)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("k", [1, 7, 400, 1500])
def test_equals_brute_force(similarity: Similarity, k: int, form: search_products.Format) -> None:
    queries, corpus = vectors(0, 33), vectors(1, 1400)
    scores, rows = top_k(queries, corpus, k, similarity, block=600, form=form)
    all_scores, all_rows = brute_force(queries, corpus, similarity)
    assert rows.shape == (33, min(k, 1400))
    np.testing.assert_array_equal(scores, all_scores[:, :k])
    np.testing.assert_array_equal(rows, all_rows[:, :k])


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_scores_are_what_their_names_say(similarity: Similarity) -> None:
    queries, corpus = vectors(2, 5).astype(np.float64), vectors(3, 9).astype(np.float64)
    expected = {
        "dot": queries @ corpus.T,
        "cosine": (queries @ corpus.T)
        / np.linalg.norm(queries, axis=1)[:, None]
        / np.linalg.norm(corpus, axis=1),
        "euclidean": -np.linalg.norm(queries[:, None] - corpus, axis=2),
    }[similarity]
    scores, rows = top_k(queries.astype(np.float32), corpus.astype(np.float32), 9, similarity)
    np.testing.assert_allclose(scores, np.take_along_axis(expected, rows, 1), rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 200),
    k=st.integers(1, 40),
    values=st.integers(1, 3),
    similarity=st.sampled_from(SIMILARITIES),
    form=st.sampled_from(FORMATS),
    block=st.sampled_from([32, 100, 400]),
)
@example(0, 200, 3, 1, "cosine", "bf16", 32)
def test_ties_go_to_the_smaller_row(
    seed: int,
    count: int,
    k: int,
    values: int,
    similarity: Similarity,
    form: search_products.Format,
    block: int,
) -> None:
    random = np.random.default_rng(seed)  # few distinct numbers: most vectors stand many times
    corpus = random.integers(-values, values + 1, (count, 3)).astype(np.float32)
    queries = random.integers(-values, values + 1, (4, 3)).astype(np.float32)
    scores, rows = top_k(queries, corpus, k, similarity, block=block, form=form)
    all_scores, all_rows = brute_force(queries, corpus, similarity)
    np.testing.assert_array_equal(rows, all_rows[:, :k])
    np.testing.assert_array_equal(scores, all_scores[:, :k])


@pytest.mark.parametrize("form", FORMATS)
def test_a_collapsed_bank_is_searched_in_bounded_room(form: search_products.Format) -> None:
    random = np.random.default_rng(0)
    centre = random.standard_normal(16)
    corpus = (centre + 1e-4 * random.standard_normal((6000, 16))).astype(np.float32)
    queries = corpus[:3] + 1e-4
    scores, rows = top_k(queries, corpus, 5, "cosine", block=2000, form=form)
    all_scores, all_rows = brute_force(queries, corpus, "cosine")
    np.testing.assert_array_equal(rows, all_rows[:, :5])
    np.testing.assert_array_equal(scores, all_scores[:, :5])


def test_a_permuted_corpus_gives_the_same_documents_with_the_same_scores() -> None:
    queries, corpus = vectors(4, 20), np.unique(vectors(5, 900), axis=0)
    order = np.random.default_rng(6).permutation(len(corpus))
    scores, rows = top_k(queries, corpus, 50, block=256)
    permuted_scores, permuted_rows = top_k(queries, corpus[order], 50, block=256)
    np.testing.assert_array_equal(scores, permuted_scores)
    np.testing.assert_array_equal(rows, order[permuted_rows])


def test_permuted_queries_give_permuted_answers() -> None:
    queries, corpus = vectors(7, 1100, 8), vectors(8, 200, 8)
    order = np.random.default_rng(9).permutation(len(queries))
    scores, rows = top_k(queries, corpus, 3)
    permuted_scores, permuted_rows = top_k(queries[order], corpus, 3)
    np.testing.assert_array_equal(scores[order], permuted_scores)
    np.testing.assert_array_equal(rows[order], permuted_rows)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_excluded_rows_are_not_found_and_others_move_up(
    similarity: Similarity, form: search_products.Format
) -> None:
    queries, corpus = vectors(10, 30), vectors(11, 700)
    _, unfiltered = top_k(queries, corpus, 12, similarity)
    barred = [set(row[::2].tolist()) for row in unfiltered]
    scores, rows = top_k(
        queries, corpus, 12, similarity, filters=Filters(exclude=barred), block=300, form=form
    )
    allowed = np.array([[row not in one for row in range(700)] for one in barred])
    all_scores, all_rows = brute_force(queries, corpus, similarity, allowed)
    np.testing.assert_array_equal(rows, all_rows[:, :12])
    np.testing.assert_array_equal(scores, all_scores[:, :12])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("similarity", "lowest", "highest"),
    [
        ("cosine", 0.1, 0.3),
        ("cosine", -np.inf, 0.0),
        ("dot", 0.5, 2.0),
        ("dot", -1.0, -0.1),
        ("euclidean", -6.0, -3.0),
        ("euclidean", -5.0, np.inf),
    ],
)
def test_windows(
    similarity: Similarity, lowest: float, highest: float, form: search_products.Format
) -> None:
    queries, corpus = vectors(12, 30), vectors(13, 700)
    filters = Filters(lowest=lowest, highest=highest)
    scores, rows = top_k(queries, corpus, 40, similarity, filters=filters, block=200, form=form)
    all_scores, all_rows = brute_force(
        queries,
        corpus,
        similarity,
        lambda s: (s >= np.float32(lowest)) & (s <= np.float32(highest)),  # type: ignore[arg-type]
    )
    np.testing.assert_array_equal(rows, all_rows[:, :40])
    np.testing.assert_array_equal(scores, all_scores[:, :40])
    assert ((scores >= lowest) & (scores <= highest))[rows >= 0].all()


def test_windows_include_their_ends() -> None:
    corpus = np.array([[1, 0], [2, 0], [3, 0], [4, 0]], np.float32)
    filters = Filters(lowest=2.0, highest=3.0)
    scores, rows = top_k(corpus[:1], corpus, 4, "dot", filters=filters)
    np.testing.assert_array_equal(scores, [[3, 2, -np.inf, -np.inf]])
    np.testing.assert_array_equal(rows, [[2, 1, -1, -1]])


def test_each_query_may_have_a_window_of_its_own() -> None:
    corpus = np.array([[1, 0], [2, 0], [3, 0], [4, 0]], np.float32)
    filters = Filters(highest=np.array([1.0, 3.5]))
    _, rows = top_k(corpus[[0, 0]], corpus, 1, "dot", filters=filters)
    assert rows.ravel().tolist() == [0, 2]


def test_a_memory_mapped_half_precision_bank(tmp_path: Path) -> None:
    corpus = vectors(16, 500).astype(np.float16)
    np.save(tmp_path / "bank.npy", corpus)
    bank = np.load(tmp_path / "bank.npy", mmap_mode="r")
    scores, rows = top_k(vectors(17, 4), bank, 10)
    expected = top_k(vectors(17, 4), corpus.astype(np.float32), 10)
    np.testing.assert_array_equal(scores, expected[0])
    np.testing.assert_array_equal(rows, expected[1])


def test_nothing_to_search() -> None:
    assert top_k(vectors(0, 3), np.empty((0, 24), np.float32), 5)[1].shape == (3, 0)
    assert top_k(np.empty((0, 24), np.float32), vectors(0, 3), 2)[0].shape == (0, 2)


def test_wrong_input_is_refused() -> None:
    corpus = vectors(18, 30)
    with pytest.raises(ValueError, match="cannot find 0"):
        top_k(corpus, corpus, 0)
    with pytest.raises(ValueError, match="cannot find"):
        top_k(corpus[:, :5], corpus, 1)
    corpus[20, 3] = np.nan
    with pytest.raises(ValueError, match="vector 20 holds NaN"):
        top_k(vectors(0, 2), corpus, 1)


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    dimension=st.integers(1, 300),
    scale=st.sampled_from([1e-20, 1e-3, 1.0, 1e4]),
    similarity=st.sampled_from(["cosine", "dot"]),
    form=st.sampled_from(FORMATS),
)
def test_products_lie_within_their_proven_bounds(
    seed: int, dimension: int, scale: float, similarity: Similarity, form: search_products.Format
) -> None:
    queries = vectors(seed, 9, dimension) * np.float32(scale)
    corpus = vectors(seed + 1, 40, dimension)
    rounded = [
        Rounding(similarity, form).vectors(queries),
        Rounding(similarity, form).block(corpus),
    ]
    out = torch.empty(9 * 40, dtype=search_products.product_type(form))
    products = multiply(*rounded, similarity, out).float().numpy().astype(np.float64)
    products *= product_units(*rounded)[:, None]
    bounds = error_bounds(*rounded, similarity)[:, None].astype(np.float64)
    bounds = bounds + np.abs(products) * search_products.stored_error(form)
    exact = queries.astype(np.float64) @ corpus.T.astype(np.float64)
    if similarity == "cosine":
        sizes = [np.linalg.norm(part.astype(np.float64), axis=1) for part in (queries, corpus)]
        exact /= np.maximum(sizes[0][:, None] * sizes[1], 1e-300)
    assert (np.abs(products - exact) <= bounds).all()


@pytest.mark.parametrize("form", FORMATS)
def test_products_of_vectors_with_one_component(form: search_products.Format) -> None:
    queries, corpus = vectors(0, 9, 1), vectors(1, 40, 1)
    rounding = Rounding("cosine", form)
    rounded = rounding.vectors(queries), rounding.block(corpus)
    out = torch.empty(9 * 40, dtype=search_products.product_type(form))
    products = multiply(*rounded, "cosine", out).double().numpy() * product_units(*rounded)[:, None]
    np.testing.assert_allclose(products, np.sign(queries) * np.sign(corpus.T), atol=0.01)


def test_documents_of_a_block_share_a_unit_that_grows_where_it_must() -> None:
    small, large = vectors(25, 40, 16), 9 * vectors(26, 40, 16)
    first = Rounding("dot", "int8").block(small)
    assert first.values.abs().max() <= 127
    assert len({*first.units.tolist()}) == 1
    unit = float(first.units[0])
    assert Rounding("dot", "int8").block(small[:20], unit=unit).units[0] == first.units[0]
    grown = Rounding("dot", "int8").block(large, unit=unit)
    assert grown.units[0] > 5 * unit
    assert (grown.residuals <= 0.5001 * grown.units * np.sqrt(16)).all()
    cut = Rounding("dot", "int8").vectors(large, unit=unit)
    assert Rounding("cosine", "int8").block(np.zeros((3, 4), np.float32)).units[0] < 1e-14
    told = cut.values.numpy() * unit
    np.testing.assert_allclose(cut.residuals, np.linalg.norm(large - told, axis=1), rtol=1e-4)


@pytest.mark.parametrize(("pays", "chosen"), [(1.0, {"bf16", "int8"}), (0.0, {"bf16"})])
def test_int8_is_kept_where_it_leaves_few_pairs(
    pays: float, chosen: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    every: tuple[search_products.Format, ...] = ("fp32", "bf16", "int8")
    monkeypatch.setattr(search_products, "formats_here", lambda: every)
    for name, value in (("_AGAIN", 600), ("_TRIED", 100), ("_PAYS", pays)):
        monkeypatch.setattr(search_scan, name, value)
    used, rounded = [], Rounding.block

    def round_and_note(self: Rounding, part: ndarray, *unit: Any) -> search_products.Rounded:
        used.append((len(part), self.form))
        return rounded(self, part, *unit)

    monkeypatch.setattr(Rounding, "block", round_and_note)
    queries, corpus = vectors(27, 30), vectors(28, 3000)
    scores, rows = top_k(queries, corpus, 7, block=512)
    all_scores, all_rows = brute_force(queries, corpus, "cosine")
    np.testing.assert_array_equal(scores, all_scores[:, :7])
    np.testing.assert_array_equal(rows, all_rows[:, :7])
    assert used[0] == (512, "bf16")
    assert (100, "int8") in used
    assert {form for size, form in used if size > 100} == chosen
    assert sum(size for size, _ in used) == 3000


def test_products_outside_their_bounds_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*arguments: object) -> ndarray:
        return np.zeros(len(arguments[0].lengths), np.float32)  # type: ignore[attr-defined]

    monkeypatch.setattr(search_products, "error_bounds", careless)
    monkeypatch.setattr(search_products, "stored_error", lambda form: 0.0)
    with pytest.raises(ArithmeticError, match="break their error bound"):
        top_k(vectors(19, 20, 200), vectors(20, 600, 200), 50, form="bf16")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_documents_above_a_window_are_counted(
    similarity: Similarity, form: search_products.Format
) -> None:
    queries, corpus = vectors(21, 30), vectors(22, 900)
    all_scores, _ = brute_force(queries, corpus, similarity)
    highest = all_scores[:, 40]  # equal to a score: that one is inside
    barred = [[3, 10, 700]] * 30
    found = search(
        queries,
        corpus,
        5,
        similarity,
        filters=Filters(highest=highest, exclude=barred),
        block=300,
        form=form,
    )
    allowed = np.isin(np.arange(900), barred[0], invert=True)
    scores, _ = brute_force(queries, corpus, similarity, np.tile(allowed, (30, 1)))
    np.testing.assert_array_equal(found.above, (scores > highest[:, None]).sum(axis=1))


@pytest.mark.parametrize("form", FORMATS)
def test_counts_above_survive_a_crowded_pool(form: search_products.Format) -> None:
    random = np.random.default_rng(0)
    corpus = (random.standard_normal(16) + 1e-4 * random.standard_normal((6000, 16))).astype("f4")
    all_scores, _ = brute_force(corpus[:3], corpus, "cosine")
    highest = all_scores[:, 2000]
    filters = Filters(highest=highest)
    found = search(corpus[:3], corpus, 5, "cosine", filters=filters, block=2000, form=form)
    np.testing.assert_array_equal(found.above, (all_scores > highest[:, None]).sum(axis=1))


def test_groups_of_queries_are_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, corpus = vectors(23, 2100, 8), vectors(24, 90, 8)
    filters = Filters(
        exclude=[[query % 90] for query in range(2100)],
        highest=np.linspace(0.2, 0.9, 2100),
    )
    at_once = search(queries, corpus, 5, filters=filters)
    assert not (at_once.rows == np.arange(2100)[:, None] % 90).any()  # over all runs of a group too
    monkeypatch.setattr(search_module, "_PLACES", 1)
    in_groups = search(queries, corpus, 5, filters=filters)
    for one, other in zip(at_once, in_groups, strict=True):
        np.testing.assert_array_equal(one, other)
