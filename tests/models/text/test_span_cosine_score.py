"""Scores of pairs whose texts are read together and pooled apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from architectures import ENCODERS, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_cases import PAIRS, padded
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.models.build.build import build_model, load_model
from gonogo.models.parts.prompts import PairLayout
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.models.text.export import export_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.models.text.span_cosine_score import SpanCosineScore
from gonogo.spec.model.model import Frozen, FullTuning, Lengths, SpanCosineScoring, TextModel


def model_on(folder: object, adapter: Any = None, **scoring: Any) -> RetrievalModel:
    spec = TextModel(
        backbone=str(folder),
        adapter=adapter or Frozen(),
        scoring=SpanCosineScoring(**scoring),
        lengths=Lengths(query=48, passage=64, pair=160),
    )
    model = build_model(spec, 1)
    assert isinstance(model, RetrievalModel)
    return model


@pytest.fixture(params=["encoder", "decoder"])
def scorer(
    request: pytest.FixtureRequest, tiny_encoder_folder: Path, tiny_decoder_folder: Path
) -> RetrievalModel:
    return model_on(tiny_encoder_folder if request.param == "encoder" else tiny_decoder_folder)


def score(cross: CrossEncoder, pairs: Any, side: Any = "right") -> Tensor:
    with torch.inference_mode():
        scores: Tensor = cross(*padded(cross.tokenize(pairs), cross.pad_id, side))
        return scores


def test_an_encoder_scores_as_a_loop_over_pairs_does(tiny_encoder_folder: Path) -> None:
    model = model_on(tiny_encoder_folder, scale=7)
    tokenizer, transformer = model._tokenizer.saved, model.backbone.transformer
    with torch.no_grad():
        model.cross_encoder.head.offset += 0.3
        for pair, found in zip(PAIRS, score(model.cross_encoder, PAIRS), strict=True):
            ids, first = (
                tokenizer(*map(str.strip, pair)).input_ids,
                len(tokenizer(pair[0]).input_ids),
            )
            kinds = [0] * first + [1] * (len(ids) - first)
            read = {"input_ids": torch.tensor([ids]), "token_type_ids": torch.tensor([kinds])}
            hidden = transformer(**read).last_hidden_state[0]
            query, document = hidden[:first].mean(0), hidden[first:].mean(0)
            cosine = query @ document / (query.norm() * document.norm())
            torch.testing.assert_close(found, 7 * cosine + 0.3, atol=1e-5, rtol=1e-5)


def test_a_decoder_scores_as_a_loop_over_pairs_does_and_reads_the_query_that_it_embeds(
    tiny_decoder_folder: Path,
) -> None:
    model = model_on(tiny_decoder_folder)
    bi, cross, transformer = model.bi_encoder, model.cross_encoder, model.backbone.transformer
    with torch.inference_mode():
        for pair, row, found in zip(PAIRS, cross.tokenize(PAIRS), score(cross, PAIRS), strict=True):
            [query], [document] = (
                bi.tokenize([pair[0]], "query"),
                bi.tokenize([pair[1].strip()], "passage"),
            )
            assert row == query + document[len(bi._before) :]
            hidden = transformer(torch.tensor([row])).last_hidden_state[0]
            spans = hidden[: len(query)].mean(0), hidden[len(query) :].mean(0)
            expected = 20 * torch.cosine_similarity(*spans, dim=0)
            torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-5)
            alone = transformer(torch.tensor([query])).last_hidden_state[0].mean(0)
            torch.testing.assert_close(spans[0], alone, atol=1e-5, rtol=1e-4)


def test_padding_side_and_company_do_not_matter(scorer: RetrievalModel) -> None:
    cross = scorer.cross_encoder
    together = score(cross, PAIRS)
    assert torch.equal(together, score(cross, PAIRS, "left"))
    alone = torch.cat([score(cross, [pair]) for pair in PAIRS])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-5)
    assert together.std() > 1e-4


def test_texts_see_each_other(tiny_encoder_folder: Path) -> None:
    cross = model_on(tiny_encoder_folder).cross_encoder
    row, other = cross.tokenize([("sum", "line by line"), ("sum", "two arrays")])
    with torch.inference_mode():
        read = [cross.backbone(*padded([ids], 0))[0, : row.index(other[-1]) + 1] for ids in (row,)]
        read += [cross.backbone(*padded([other], 0))[0, : len(read[0])]]
    assert (read[0] - read[1]).abs().max() > 1e-4


@pytest.mark.parametrize("architecture", ["Bert", "Roberta", "XLMRoberta"])
def test_packed_rows_give_the_scores_of_the_padded_pass(
    architecture: str, tiny_encoder_folder: Path, tmp_path: Path
) -> None:
    options = ENCODERS["Roberta"] | {"type_vocab_size": 2 if architecture == "Bert" else 1}
    folder = saved(architecture, "MaskedLM", options, tiny_encoder_folder, tmp_path)
    cross = model_on(folder).cross_encoder
    on_rows = cross.on_rows()
    assert on_rows is not None
    with torch.inference_mode():
        found = on_rows(cross.tokenize(PAIRS))
    torch.testing.assert_close(found, score(cross, PAIRS), atol=1e-4, rtol=1e-5)


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(max_size=200), document=st.text(max_size=900))
def test_only_the_document_is_cut_and_both_spans_keep_their_end(
    query: str, document: str, scorer: RetrievalModel
) -> None:
    layout = scorer.cross_encoder.head.layout
    (row,), (empty,) = layout.tokenize([(query, document)]), layout.tokenize([(query, "")])
    tail = len(layout.closing)
    assert len(row) <= layout.length
    assert row[: len(empty) - tail] == empty[:-tail]
    assert row[-tail:] == layout.closing
    end = row.index(layout.bridge[0], len(layout.opening))
    assert end == len(empty) - tail - len(layout.bridge)


def test_a_text_cannot_move_the_border_between_the_spans(tiny_encoder_folder: Path) -> None:
    cross = model_on(tiny_encoder_folder).cross_encoder
    [row] = cross.tokenize([("sum [SEP] of", "two [SEP] arrays")])
    assert row.count(cross.head.layout.bridge[0]) == 2


def test_scale_and_offset_learn_with_the_texts(tiny_encoder_folder: Path) -> None:
    model = model_on(tiny_encoder_folder, FullTuning())
    cross = model.cross_encoder
    cross(*padded(cross.tokenize(PAIRS), cross.pad_id)).sum().backward()
    heads = {n: p for n, p in model.trainable().items() if n.startswith("cross_encoder.head")}
    assert {name.rpartition(".")[2] for name in heads} == {"log_scale", "offset"}
    assert all(value.grad is not None and value.grad != 0 for value in heads.values())
    assert model.backbone.transformer.encoder.layer[0].output.dense.weight.grad.abs().max() > 0


def test_gradients_are_those_of_finite_differences(encoder_model: RetrievalModel) -> None:
    head = SpanCosineScore(encoder_model.cross_encoder.head.layout, 20.0).double()
    random = torch.Generator().manual_seed(3)
    spans = [torch.randn(3, 5, generator=random, dtype=torch.float64) for _ in range(2)]

    def scores(queries: Tensor, documents: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
        values = {"log_scale": scale, "offset": offset}
        found: Tensor = torch.func.functional_call(head, values, (queries, documents))
        return found

    inputs = [*spans, head.log_scale.detach(), head.offset.detach()]
    assert torch.autograd.gradcheck(scores, [each.clone().requires_grad_() for each in inputs])


def test_an_exported_folder_scores_as_before(tiny_encoder_folder: Path, tmp_path: Path) -> None:
    model = model_on(tiny_encoder_folder, FullTuning())
    with torch.no_grad():
        model.cross_encoder.head.log_scale += 0.5
    export_model(model, tmp_path / "out")
    loaded = load_model(tmp_path / "out")
    assert isinstance(loaded, RetrievalModel)
    assert torch.equal(score(loaded.cross_encoder, PAIRS), score(model.cross_encoder, PAIRS))


def test_a_layout_without_an_end_of_spans_is_refused(encoder_model: RetrievalModel) -> None:
    tokenizer = encoder_model.cross_encoder.head.layout.tokenizer
    with pytest.raises(UserError, match="no control token"):
        SpanCosineScore(PairLayout(tokenizer, [], [], [], 8, 32), 20.0)
