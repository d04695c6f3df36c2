"""Scores of pairs: layout, truncation, the margin, and what each backbone can do."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from model_cases import PAIRS, padded

from gonogo.core.errors import UserError
from gonogo.models.build.build import build_model
from gonogo.spec.model.model import Frozen, Lengths, MlpScoring, TextModel, YesNoScoring


def score(model, pairs, side="right"):
    cross = model.cross_encoder
    with torch.no_grad():
        return cross(*padded(cross.tokenize(pairs), cross.pad_id, side))


def test_padding_side_and_company_do_not_matter(model):
    together = score(model, PAIRS)
    assert together.shape == (3,)
    assert together.dtype == torch.float32
    assert torch.equal(together, score(model, PAIRS, "left"))
    alone = torch.cat([score(model, [pair]) for pair in PAIRS])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert together.std() > 1e-4


def test_encoder_pair_is_laid_out_as_its_tokenizer_does(encoder_model):
    cross, saved = encoder_model.cross_encoder, encoder_model._tokenizer.saved
    for query, document in PAIRS:
        assert cross.tokenize([(query, document)])[0] == saved(query, document.strip()).input_ids


def test_token_types_mark_the_document(encoder_model):
    cross, saved = encoder_model.cross_encoder, encoder_model._tokenizer.saved
    ids, mask = padded(cross.tokenize(PAIRS), cross.pad_id)
    types = cross._token_types(ids, mask)
    for row, length, (query, _) in zip(types, mask.sum(1), PAIRS, strict=True):
        plain = len(saved(query).input_ids)
        assert row.tolist() == [0] * plain + [1] * (length - plain) + [0] * (len(row) - length)
    with torch.no_grad():
        hidden = encoder_model.backbone.transformer(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    torch.testing.assert_close(cross.head(mean).detach(), score(encoder_model, PAIRS))


def test_margin_equals_the_whole_language_model_head(decoder_model, tiny_decoder_folder):
    from transformers import AutoModelForCausalLM

    whole = AutoModelForCausalLM.from_pretrained(tiny_decoder_folder).eval()
    saved = decoder_model._tokenizer.saved
    yes, no = saved.convert_tokens_to_ids(["yes", "no"])
    for pair in PAIRS:  # adapters start at zero, so the base model is the oracle
        ids = torch.tensor(decoder_model.cross_encoder.tokenize([pair]))
        with torch.no_grad():
            logits = whole(ids).logits[0, -1]
        torch.testing.assert_close(
            score(decoder_model, [pair])[0], logits[yes] - logits[no], atol=1e-4, rtol=1e-4
        )


def test_untied_head_rows_are_read_from_the_checkpoint(tmp_path, tiny_decoder_folder):
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(tiny_decoder_folder)
    config.tie_word_embeddings = False
    torch.manual_seed(3)
    whole = AutoModelForCausalLM.from_config(config).eval()
    whole.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_decoder_folder).save_pretrained(tmp_path)
    model = build_model(TextModel(backbone=str(tmp_path), adapter=Frozen()), 1)
    yes, no = model._tokenizer.saved.convert_tokens_to_ids(["yes", "no"])
    expected = whole.get_output_embeddings().weight.detach()[[yes, no]]
    assert torch.equal(model.cross_encoder.head.rows, expected)


PROMPT = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and"
    ' the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n<Instruct>: {i}\n<Query>: {q}\n<Document>: {d}<|im_end|>\n"
    "<|im_start|>assistant\n<think>\n\n</think>\n\n"
)


def test_short_pairs_read_exactly_as_the_published_prompt(decoder_model):
    saved = decoder_model._tokenizer.saved
    for query, document in [("how do I read a file?", "line by line"), ("sum", "two arrays")]:
        row = decoder_model.cross_encoder.tokenize([(query, document)])[0]
        text = PROMPT.format(i=YesNoScoring().instruction, q=query, d=document)
        assert saved.decode(row) == text
        assert row == saved(text, add_special_tokens=False).input_ids


@settings(deadline=None, max_examples=25)
@given(query=st.text(max_size=300), document=st.text(max_size=900), length=st.integers(240, 500))
def test_truncation_only_ever_shortens_the_document(
    query, document, length, decoder_model, tiny_decoder_folder
):
    from gonogo.models.parts.prompts import judge_pairs

    layout = judge_pairs(decoder_model._tokenizer, "read the query", 128, length)
    (row,), (empty,) = layout.tokenize([(query, document)]), layout.tokenize([(query, "")])
    tail = len(layout.closing)
    assert len(row) <= length
    assert row[-tail:] == layout.closing
    head = empty[: len(empty) - tail]
    while head and head[-1] not in layout.bridge:  # the lead of an empty document
        head.pop()
    assert row[: len(head)] == head
    assert row[: len(layout.opening)] == layout.opening


def test_encoder_truncation_keeps_the_query_and_both_separators(encoder_model):
    row = encoder_model.cross_encoder.tokenize([("how do I read a file", "sum " * 2000)])[0]
    query = encoder_model.bi_encoder.tokenize(["how do I read a file"], "query")[0]
    assert len(row) == 512
    assert row[: len(query)] == query
    assert row[-1] == query[-1]


def test_a_pair_length_without_room_for_a_document_is_refused(tiny_decoder_folder):
    spec = TextModel(backbone=str(tiny_decoder_folder), lengths=Lengths(query=64, pair=100))
    with pytest.raises(UserError, match=r"lengths\.pair must be at least"):
        build_model(spec, 1)


def test_an_encoder_cannot_answer_yes_or_no(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder), scoring=YesNoScoring())
    with pytest.raises(UserError, match="mlp"):
        build_model(spec, 1)


def test_a_decoder_can_score_with_an_mlp(tiny_decoder_folder):
    spec = TextModel(backbone=str(tiny_decoder_folder), scoring=MlpScoring(hidden=8))
    model = build_model(spec, 1)
    assert set(model.parameter_groups()[-1].parameters) == {
        f"cross_encoder.head.{layer}.{part}"
        for layer in ("inner", "outer")
        for part in ("weight", "bias")
    }
    torch.testing.assert_close(score(model, PAIRS), score(model, PAIRS, "left"))


def test_lengths_beyond_the_positions_are_refused(tiny_encoder_folder):
    spec = TextModel(backbone=str(tiny_encoder_folder), lengths=Lengths(pair=513))
    with pytest.raises(UserError, match="at most 512"):
        build_model(spec, 1)
