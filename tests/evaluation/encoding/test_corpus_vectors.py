import numpy as np
import pytest
import torch

from gonogo.core.errors import UserError
from gonogo.core.files import cache_folder
from gonogo.core.progress import Silent
from gonogo.core.workplace import ANYWHERE
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.evaluation.encoding import corpus_vectors as module
from gonogo.evaluation.encoding.batched import compute_rows
from gonogo.evaluation.encoding.corpus_vectors import base_key, base_vectors, corpus_vectors, embed
from gonogo.evaluation.encoding.encoding import encode
from gonogo.evaluation.text.retrieval import encode_with, rank_corpus
from gonogo.models.build.build import build_model
from gonogo.spec.data.vector_data import VectorFile
from gonogo.spec.model.model import Frozen, Lengths, TextModel, VectorModel
from gonogo.spec.model.projections import ResidualProjection

TEXTS = ["read a file", "the sum of two arrays", "read a file", "an error if shapes differ", ""]
SHORT = Lengths(query=24, passage=32, pair=64)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def headed(folder, seed=0, **changes):
    spec = TextModel(
        backbone=str(folder),
        adapter=Frozen(),
        projection=ResidualProjection(hidden=16, dimension=8),
        lengths=SHORT,
    )
    return build_model(spec.model_copy(update=changes), seed)


def test_equal_the_pooled_vectors_of_the_backbone(tiny_encoder_folder):
    model = headed(tiny_encoder_folder)
    found = base_vectors(model, TEXTS)
    bare = headed(tiny_encoder_folder, projection=None, similarity="dot")
    expected = encode(bare.bi_encoder, TEXTS, "passage", device="cpu", autocast=bare.autocast)
    assert isinstance(found, np.memmap)
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-5)


def test_heads_and_seeds_share_them_but_not_what_changes_them(tiny_encoder_folder):
    model = headed(tiny_encoder_folder)
    key = base_key(model, TEXTS, "passage")
    other = ResidualProjection(hidden=4, dimension=3)
    assert base_key(headed(tiny_encoder_folder, seed=5), TEXTS, "passage") == key
    assert base_key(headed(tiny_encoder_folder, projection=other), TEXTS, "passage") == key
    longer = Lengths(query=24, passage=40, pair=64)
    assert base_key(headed(tiny_encoder_folder, lengths=longer), TEXTS, "passage") != key
    assert base_key(headed(tiny_encoder_folder, pooling="last_token"), TEXTS, "passage") != key
    assert base_key(model, TEXTS[::-1], "passage") != key
    with torch.no_grad():
        next(model.backbone.parameters()).add_(0.1)
    assert base_key(model, TEXTS, "passage") != key


def test_what_a_killed_run_encoded_is_not_encoded_again(tiny_encoder_folder, monkeypatch):
    model = headed(tiny_encoder_folder)
    monkeypatch.setattr("gonogo.evaluation.encoding.kept_vectors._SHARD", 2)
    whole = np.array(base_vectors(model, TEXTS))
    path = next(cache_folder("vectors").glob("*.npy"))
    path.unlink()
    calls = []

    def dies_in_the_second(rows, runner):
        calls.append(list(rows))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compute_rows(rows, runner)

    monkeypatch.setattr(module, "compute_rows", dies_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        base_vectors(model, TEXTS)
    assert np.array_equal(base_vectors(model, TEXTS), whole)
    assert calls[0] not in calls[1:]
    assert not list(cache_folder("vectors").glob("*.unfinished"))


def test_kept_vectors_are_not_computed_again(tiny_encoder_folder, monkeypatch):
    model = headed(tiny_encoder_folder)
    first = np.array(base_vectors(model, TEXTS))
    monkeypatch.setattr(module, "compute_rows", None)
    assert np.array_equal(base_vectors(headed(tiny_encoder_folder, seed=1), TEXTS), first)


def test_embed_equals_the_model_on_the_texts(tiny_encoder_folder):
    model = headed(tiny_encoder_folder)
    found = embed(model, base_vectors(model, TEXTS))
    expected = encode(model.bi_encoder, TEXTS, "passage", device="cpu", autocast=model.autocast)
    assert np.allclose(found, expected, atol=1e-5)
    assert embed(model, np.empty((0, 32), np.float32)).shape == (0, 8)


def test_without_a_head_kept_vectors_are_the_embeddings(tiny_encoder_folder, tmp_path):
    """A frozen backbone alone is kept in a named folder; its vectors have length 1 afterwards."""
    model = headed(tiny_encoder_folder, projection=None)
    expected = encode_with(model, TEXTS, "passage", "tiny", Silent())
    found = encode_with(model, TEXTS, "passage", "tiny", Silent(), tmp_path / "kept")
    [file] = (tmp_path / "kept").glob("*.npy")
    assert np.allclose(found, expected, atol=1e-6)
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0)
    assert not np.allclose(np.linalg.norm(np.load(file), axis=1), 1.0)


def test_ranking_a_corpus_from_kept_vectors_changes_nothing(tiny_encoder_folder, monkeypatch):
    dataset = RetrievalDataset(
        name="tiny",
        split="test",
        corpus=Corpus(tuple("abcde"), tuple(TEXTS)),
        queries={"q": "read a file line by line"},
        qrels={"q": {"a": 1}},
    )
    model = headed(tiny_encoder_folder)
    fast = rank_corpus(model, dataset, 5, progress=Silent())
    monkeypatch.setattr("gonogo.evaluation.text.retrieval.stands_on_frozen", lambda model: False)
    slow = rank_corpus(model, dataset, 5, progress=Silent())
    assert [key for key, _ in fast["q"]] == [key for key, _ in slow["q"]]
    scores = [[score for _, score in run["q"]] for run in (fast, slow)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


def test_given_vectors_are_taken_as_they_are(tmp_path):
    rows = np.random.default_rng(0).standard_normal((30, 12)).astype(np.float16)
    np.save(tmp_path / "rows.npy", rows)
    model = build_model(VectorModel(dimension=12), 0)
    found = corpus_vectors(VectorFile(path=str(tmp_path / "rows.npy")), model, ANYWHERE)
    assert np.array_equal(found.base, rows)
    assert found.name == "rows"
    assert len(found) == 30
    assert found.ids[7] == "7"
    assert found.ids[2:4] == ["2", "3"]


def test_what_does_not_fit_the_model_is_told(tmp_path, tiny_encoder_folder):
    np.save(tmp_path / "rows.npy", np.ones((30, 12), np.float32))
    model = build_model(VectorModel(dimension=13), 0)
    with pytest.raises(UserError, match=r"holds vectors of 12 numbers, but the model's head reads"):
        corpus_vectors(VectorFile(path=str(tmp_path / "rows.npy")), model, ANYWHERE)
    from gonogo.spec.data.text_data import PythonApiData

    with pytest.raises(UserError, match="holds texts, and this model reads vectors"):
        corpus_vectors(PythonApiData(package="stdlib"), model, ANYWHERE)
