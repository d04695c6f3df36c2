"""Encoding: in the order asked for, and independent of company."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy import ndarray

from gonogo.core.types import Side
from gonogo.evaluation.encoding.batched import ROWS_BUDGET, Runner
from gonogo.evaluation.encoding.encoding import encode
from gonogo.models.text.retrieval_model import RetrievalModel

TEXTS = ["read a file", "", "the sum of two arrays along the given axis", "read a file", "axis"]


def vectors(model: RetrievalModel, texts: list[str], **options: Any) -> ndarray:
    side: Side = options.pop("side", "passage")
    settings = {"device": "cpu", "autocast": nullcontext, **options}
    return encode(model.bi_encoder, texts, side, **settings)


@pytest.fixture(params=["encoder_model", "decoder_model"])
def model(request: pytest.FixtureRequest) -> RetrievalModel:
    found: RetrievalModel = request.getfixturevalue(request.param)
    return found


def test_each_text_is_as_if_encoded_alone(model: RetrievalModel) -> None:
    together = vectors(model, TEXTS)
    assert together.shape == (5, model.bi_encoder.dimension)
    assert together.dtype == np.float32
    for text, vector in zip(TEXTS, together, strict=True):
        ids = torch.tensor(model.bi_encoder.tokenize([text], "passage"))
        with torch.no_grad():
            alone = model.bi_encoder(ids, torch.ones_like(ids))[0].numpy()
        np.testing.assert_allclose(vector, alone, atol=2e-6)
    np.testing.assert_array_equal(together[0], together[3])
    assert not np.allclose(together[0], together[2], atol=1e-2)


@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(5)), budget=st.integers(1, 100))
def test_budget_and_company_do_not_matter(
    encoder_model: RetrievalModel, order: list[int], budget: int
) -> None:
    expected = vectors(encoder_model, TEXTS)
    permuted = [TEXTS[index] for index in order]
    np.testing.assert_allclose(
        vectors(encoder_model, permuted, budget=budget), expected[order], atol=2e-6
    )
    np.testing.assert_array_equal(vectors(encoder_model, permuted), expected[order])


def test_sides_differ_where_the_model_frames_them(decoder_model: RetrievalModel) -> None:
    passage, query = (vectors(decoder_model, TEXTS, side=side) for side in ("passage", "query"))
    assert np.abs(passage - query).max() > 1e-2


def test_equal_texts_are_encoded_once(
    encoder_model: RetrievalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    tokenize = encoder_model.bi_encoder.tokenize

    def counting(texts: list[str], side: Side) -> list[list[int]]:
        seen.extend(texts)
        return tokenize(texts, side)

    monkeypatch.setattr(encoder_model.bi_encoder, "tokenize", counting)
    vectors(encoder_model, TEXTS * 3)
    assert sorted(seen) == sorted(set(TEXTS))


def test_several_segments_are_put_together(
    encoder_model: RetrievalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = vectors(encoder_model, TEXTS)
    monkeypatch.setattr("gonogo.evaluation.encoding.batched._SEGMENT", 2)
    np.testing.assert_allclose(vectors(encoder_model, TEXTS), expected, atol=2e-6)


def test_the_number_of_cores_changes_no_bit(encoder_model: RetrievalModel) -> None:
    assert encoder_model.bi_encoder.on_rows() is not None
    texts = [f"read file {'axis ' * (number % 13)}{number}" for number in range(40)]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = vectors(encoder_model, texts, budget=64)
        torch.set_num_threads(3)
        shared = vectors(encoder_model, texts, budget=64)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(alone, shared)


def test_a_name_is_made_without_laying_weights_out(
    encoder_model: RetrievalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = encoder_model.bi_encoder
    assert encoder.has_rows()
    runner = Runner(encoder, encoder_model.device, encoder_model.autocast)
    expected = runner.layout()
    monkeypatch.setattr("gonogo.models.backbone.packed_encoder.PackedEncoder.__init__", None)
    assert runner.layout() == expected == ("end to end", ROWS_BUDGET)


def test_a_failure_in_a_core_is_raised_and_leaves_torch_as_it_was(
    encoder_model: RetrievalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Callable[[list[list[int]]], torch.Tensor]:
        def forward(rows: list[list[int]]) -> torch.Tensor:
            raise MemoryError(f"{len(rows)} rows")

        return forward

    monkeypatch.setattr(encoder_model.bi_encoder, "on_rows", broken)
    before = torch.get_num_threads()
    with pytest.raises(MemoryError, match="rows"):
        vectors(encoder_model, TEXTS)
    assert torch.get_num_threads() == before


def test_no_texts(encoder_model: RetrievalModel) -> None:
    assert vectors(encoder_model, []).shape == (0, encoder_model.bi_encoder.dimension)
