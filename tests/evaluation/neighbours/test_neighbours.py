import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.data.vectors.held_out import hold_out
from gonogo.evaluation.encoding.corpus_vectors import CorpusVectors
from gonogo.evaluation.neighbours import neighbours as module
from gonogo.evaluation.neighbours.neighbours import (
    asked_rows,
    kept_share,
    nearest_others,
    neighbours_kept,
    true_neighbours,
)
from gonogo.evaluation.text.metrics import per_query
from gonogo.models.build.build import build_model
from gonogo.models.heads.linear_maps import fit_linear_map
from gonogo.spec.data.vector_data import VectorFile
from gonogo.spec.evaluation.evaluation_tasks import NeighbourEvaluation
from gonogo.spec.model.model import VectorModel


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))


def corpus(count=80, width=6, seed=0, rows=None):
    if rows is None:
        rows = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    ids = [f"d{row}" for row in range(len(rows))]
    return CorpusVectors("tiny", ids, rows, f"given-{seed}-{len(rows)}")


def protocol(**changes):
    data = (VectorFile(path="rows.npy"),)
    return NeighbourEvaluation(data=data, held_out=20, **changes)


def by_hand(rows, k):
    unit = rows.astype(np.float64) / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(cosines, order, 1), order


def test_true_neighbours_are_the_nearest_others():
    vectors = corpus()
    cosines, rows = by_hand(vectors.base, 7)
    found = true_neighbours(vectors, 7)
    assert np.array_equal(found.rows, rows)
    assert np.allclose(found.cosines, cosines, atol=1e-5)


def test_a_copy_is_a_neighbour_and_ties_go_to_the_earlier_row():
    rows = corpus().base.copy()
    rows[[5, 9, 30]] = rows[2]
    found = true_neighbours(corpus(rows=rows, seed=1), 3).rows
    assert found[2].tolist() == [5, 9, 30]
    assert found[9].tolist() == [2, 5, 30]


def test_more_neighbours_than_are_kept_are_searched_anew_fewer_are_columns(monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 5)
    vectors = corpus()
    five = true_neighbours(vectors, 5).rows
    assert true_neighbours(vectors, 9).rows.shape == (80, 9)
    monkeypatch.setattr(module, "nearest_others", None)  # nothing is searched from here on
    assert np.array_equal(true_neighbours(vectors, 3).rows, five[:, :3])
    with pytest.raises(UserError, match=r"80 neighbours in a corpus of 80 documents \(at most 79"):
        true_neighbours(vectors, 80)


def test_a_student_that_is_the_teacher_keeps_all_ten_of_ten():
    """With the document itself on one side only, it would be nine of ten at most."""
    vectors = corpus(width=6)
    model = build_model(VectorModel(dimension=6), 0)
    model.projection = None
    ranking, qrels = neighbours_kept(model, vectors, protocol())
    values = per_query(ranking, qrels, ["R@10", "nDCG@10"])
    assert {value for _, _, value in values} == {1.0}
    assert all(query not in [doc for doc, _ in found] for query, found in ranking.items())


def test_held_out_and_anchors_are_asked_apart():
    vectors, parts = corpus(), hold_out(corpus().base, 20)
    held = asked_rows(vectors, protocol(queries="held_out"))
    anchors = asked_rows(vectors, protocol(queries="anchors", most_queries=15))
    assert held.tolist() == parts.evaluation.tolist()
    assert len(anchors) == 15
    assert set(anchors) <= set(parts.anchors)
    assert not set(held) & set(parts.validation)  # what chose the best weights is not asked


def test_values_agree_with_a_search_by_hand():
    vectors = corpus(width=12)
    model = build_model(VectorModel(dimension=12), 0)
    model.projection = fit_linear_map("truncation", vectors.base, 4)
    ranking, qrels = neighbours_kept(model, vectors, protocol())
    unit = vectors.base / np.linalg.norm(vectors.base, axis=1, keepdims=True)
    mine, true = by_hand(unit[:, :4], 10)[1], by_hand(vectors.base, 10)[1]
    asked = asked_rows(vectors, protocol())
    recall = np.mean([len({*mine[row]} & {*true[row]}) / 10 for row in asked])
    assert 0.2 < recall < 0.9
    values = [value for name, _, value in per_query(ranking, qrels, ["R@10"]) if name == "R@10"]
    assert np.mean(values) == pytest.approx(recall)
    shares = kept_share(mine[asked], true[asked])
    assert shares[0].mean() == pytest.approx(recall)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), k=st.integers(1, 10))
def test_shares_equal_trec_evals_values(seed, k):
    draws = np.random.default_rng(seed)
    found, true = (np.stack([draws.permutation(15)[:k] for _ in range(4)]) for _ in range(2))
    ranking = {str(q): [(str(r), 0.0) for r in row] for q, row in enumerate(found)}
    qrels = {str(q): {str(r): 1 for r in row} for q, row in enumerate(true)}
    values = per_query(ranking, qrels, [f"R@{k}", f"nDCG@{k}"])
    for name, share in zip((f"R@{k}", f"nDCG@{k}"), kept_share(found, true), strict=True):
        assert share == pytest.approx([v for n, _, v in values if n == name])


def test_the_index_is_held_against_exact_search_among_the_embeddings():
    vectors = corpus(count=300, width=16)
    model = build_model(VectorModel(dimension=16), 0)
    ranking, qrels = neighbours_kept(model, vectors, protocol(against="exact"))
    exact = nearest_others(
        module.embed(model, vectors.base), asked_rows(vectors, protocol()), 10, "cosine"
    )
    first = next(iter(qrels))
    assert set(qrels[first]) == {f"d{row}" for row in exact.rows[0]}
    values = [value for _, _, value in per_query(ranking, qrels, ["R@10"])]
    assert np.mean(values) > 0.95
