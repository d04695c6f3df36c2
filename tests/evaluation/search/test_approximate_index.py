import sys

import numpy as np
import pytest

from gonogo.core.errors import UserError
from gonogo.evaluation.search.approximate_index import approximate_top_k


def test_without_usearch_the_way_out_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    with pytest.raises(UserError, match=r"usearch \(pip install 'gonogo\[ann\]', or leave out"):
        approximate_top_k(np.eye(3, dtype=np.float32), np.array([1]), 1, "cosine")


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean"])
def test_finds_nearly_all_and_never_itself(similarity):
    rows = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
    asked = np.arange(0, 500, 7)
    scores, found = approximate_top_k(rows, asked, 10, similarity)
    assert not (found == asked[:, None]).any()
    assert (np.diff(scores, axis=1) <= 1e-6).all()
    again = approximate_top_k(rows, asked, 10, similarity)[1]
    assert np.array_equal(found, again)
    if similarity == "cosine":
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        cosines = unit[asked] @ unit.T
        cosines[np.arange(len(asked)), asked] = -np.inf
        true = np.argsort(-cosines, axis=1)[:, :10]
        share = np.mean([len({*a} & {*b}) / 10 for a, b in zip(found, true, strict=True)])
        assert share > 0.97


def test_a_corpus_with_fewer_others_leaves_places_empty():
    rows = np.eye(3, 4, dtype=np.float32)
    scores, found = approximate_top_k(rows, np.array([1]), 5, "cosine")
    assert sorted(found[0].tolist()) == [-1, -1, -1, 0, 2]
    assert np.isinf(scores[0]).sum() == 3
