"""Models of others give the vectors that sentence-transformers gives for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy import ndarray
from sentence_folders import sentence_folder, write

from gonogo.core.errors import UserError
from gonogo.core.types import Side
from gonogo.data.weights.model_places import find_model
from gonogo.data.weights.weights import WeightSource
from gonogo.evaluation.encoding.encoding import encode
from gonogo.models.build.any_model import Prompts, load_any
from gonogo.models.text.foreign import ForeignModel, load_sentence_model, pool_tokens

TEXTS = [
    "how do I read a file",
    "Return the SUM of two arrays along the given axis",
    "yes",
    "raise an error if shapes differ " * 20,
]


def load(folder: Path, **prompts: str) -> ForeignModel:
    return load_sentence_model(WeightSource(str(folder), "folder", folder), **prompts)


def vectors(model: ForeignModel, side: Side = "passage") -> ndarray:
    return encode(model.bi_encoder, TEXTS, side, device="cpu", autocast=model.autocast)


def oracle(folder: Path) -> Any:
    peer = pytest.importorskip("sentence_transformers")
    return peer.SentenceTransformer(str(folder), device="cpu")


CASES: dict[str, dict[str, Any]] = {
    "mean": {},
    "cls": {"pooling": {"pooling_mode_cls_token": True}},
    "cls and max": {"pooling": {"pooling_mode_cls_token": True, "pooling_mode_max_tokens": True}},
    "square root": {"pooling": {"pooling_mode_mean_sqrt_len_tokens": True}},
    "weighted": {"pooling": {"pooling_mode_weightedmean_tokens": True}},
    "last": {"pooling": {"pooling_mode_lasttoken": True}},
    "dense": {"stages": ["Dense"]},
    "dense, residual": {"stages": ["Dense", "Normalize"], "dense": {"use_residual": True}},
    "narrow residual": {
        "stages": ["Dense"],
        "dense": {"use_residual": True, "out_features": 32, "bias": False},
    },
    "short": {"stages": ["Normalize"], "longest": 12},
    "lower case": {"lower_case": True},
    "prompts": {"settings": {"prompts": {"query": "Query: ", "document": "doc: "}}},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_equals_sentence_transformers(tmp_path: Path, tiny_encoder_folder: Path, case: str) -> None:
    options = dict(CASES[case])
    folder = sentence_folder(
        tmp_path / "model", tiny_encoder_folder, *options.pop("stages", ()), **options
    )
    ours, theirs = load(folder), oracle(folder)
    documents, queries = theirs.encode_document(TEXTS), theirs.encode_query(TEXTS)
    np.testing.assert_allclose(vectors(ours), documents, atol=2e-6)
    np.testing.assert_allclose(vectors(ours, "query"), queries, atol=2e-6)
    assert ours.bi_encoder.dimension == documents.shape[1]
    if case == "prompts":
        assert np.abs(documents - queries).max() > 0.01


@pytest.mark.filterwarnings("ignore")
def test_equals_what_sentence_transformers_saved(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    folder = sentence_folder(
        tmp_path / "model",
        tiny_encoder_folder,
        "Dense",
        "Normalize",
        settings={"similarity_fn_name": "euclidean", "prompts": {"query": "q "}},
        longest=24,
    )
    peer = oracle(folder)
    peer.save(str(tmp_path / "saved"))
    ours = load(tmp_path / "saved")
    np.testing.assert_allclose(vectors(ours, "query"), peer.encode_query(TEXTS), atol=2e-6)
    assert ours.bi_encoder.similarity == "euclidean"


@pytest.mark.filterwarnings("ignore")
def test_packaged_minilm_equals_sentence_transformers() -> None:
    try:
        place = find_model("minilm", download=False)
    except UserError:
        pytest.skip("the packaged weights are not here")
    assert place.kind == "sentence"
    assert place.source is not None
    model = load_any(place, device="cpu", precision="fp32")
    assert isinstance(model, ForeignModel)
    expected = oracle(place.source.path).encode(TEXTS)
    np.testing.assert_allclose(vectors(model), expected, atol=1e-5)


def test_pooling_by_hand() -> None:
    hidden = torch.tensor([[[1.0], [2.0], [6.0], [99.0]], [[4.0], [9.0], [9.0], [9.0]]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]])
    expected = {
        "cls": [1.0, 4.0],
        "lasttoken": [6.0, 4.0],
        "max": [6.0, 4.0],
        "mean": [3.0, 4.0],
        "mean_sqrt_len_tokens": [9 / 3**0.5, 4.0],
        "weightedmean": [(1 + 2 * 2 + 3 * 6) / 6, 4.0],
    }
    for mode, values in expected.items():
        found = pool_tokens(hidden, mask, mode)  # type: ignore[arg-type]
        assert found.squeeze(1).tolist() == pytest.approx(values), mode


def test_padding_on_either_side(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    model = load(sentence_folder(tmp_path / "model", tiny_encoder_folder))
    ids = torch.tensor([[5, 6, 7]])
    alone = model.bi_encoder(ids, torch.ones_like(ids))
    left = model.bi_encoder(torch.tensor([[0, 0, 5, 6, 7]]), torch.tensor([[0, 0, 1, 1, 1]]))
    right = model.bi_encoder(torch.tensor([[5, 6, 7, 0, 0]]), torch.tensor([[1, 1, 1, 0, 0]]))
    assert torch.equal(left, right)
    torch.testing.assert_close(left, alone)


def test_prompts_that_are_given_replace_those_of_the_folder(
    tmp_path: Path, tiny_encoder_folder: Path
) -> None:
    settings = {"prompts": {"query": "q "}}
    folder = sentence_folder(tmp_path / "model", tiny_encoder_folder, settings=settings)
    place = find_model(str(folder))
    given = load_any(place, device="cpu", precision="fp32", prompts=Prompts(query="query: "))
    assert isinstance(given, ForeignModel)
    expected = given.bi_encoder.tokenize(["query: yes"], "passage")
    assert given.bi_encoder.tokenize(["yes"], "query") == expected


def test_layers_that_do_not_fit_are_told(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    folder = sentence_folder(
        tmp_path / "wide", tiny_encoder_folder, "Dense", dense={"in_features": 64}
    )
    with pytest.raises(UserError, match="reads 64 numbers, but gets 32"):
        load(folder)
    folder = sentence_folder(tmp_path / "changed", tiny_encoder_folder, "Dense")
    config = {"in_features": 32, "out_features": 9}
    write(folder / "2_Dense" / "config.json", config)
    with pytest.raises(UserError, match="does not fit its config"):
        load(folder)
    (folder / "2_Dense" / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"no model\.safetensors"):
        load(folder)
