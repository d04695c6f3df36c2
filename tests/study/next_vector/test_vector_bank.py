"""Running text to a bank: rows in order, equal texts alike, and a killed run goes on."""

import json

import numpy as np
import pytest

from gonogo.core.errors import UserError
from gonogo.data.next_vector.bank import open_bank
from gonogo.study.next_vector import vector_bank
from gonogo.study.next_vector.vector_bank import BankRecipe, make_bank

WORDS = ["arrays", "files", "lines", "axes", "shapes", "errors", "sums", "texts", "rows", "pages"]


@pytest.fixture
def source(tmp_path):
    rows = []
    for article in range(5):
        sentences = [f"Read the {word} of {article}." for word in WORDS]
        rows.append({"id": f"a{article}", "paragraphs": [" ".join(sentences), "The end is near."]})
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def make(source, out, encoder, **changes):
    recipe = BankRecipe(backbone=str(encoder), **{"dtype": "fp32", **changes.pop("recipe", {})})
    return make_bank([source], out, recipe, device="cpu", precision="fp32", **changes)


def test_rows_follow_the_text_and_equal_texts_are_equal_bits(source, tmp_path, tiny_encoder_folder):
    from gonogo.evaluation.encoding.encoding import encode

    manifest = make(source, tmp_path / "bank", tiny_encoder_folder)
    bank = open_bank(tmp_path / "bank")
    assert (manifest["rows"], manifest["articles"], manifest["distinct"]) == (55, 5, 51)
    assert bank.text(0) == "Read the arrays of 0."
    assert [bank.text(row) for row in range(10, 55, 11)] == ["The end is near."] * 5
    for row in range(21, 55, 11):
        np.testing.assert_array_equal(bank.vectors[row], bank.vectors[10])
    assert bank.articles.ids == tuple(f"source/a{n}" for n in range(5))
    recipe = BankRecipe(backbone=str(tiny_encoder_folder))
    model = vector_bank._encoder(recipe, "cpu", "fp32")
    texts = [bank.text(row) for row in range(55)]
    expected = encode(model.bi_encoder, texts, "passage", device="cpu", autocast=model.autocast)
    np.testing.assert_allclose(bank.vectors, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(bank.vectors, axis=1), 1, atol=1e-6)


def test_a_killed_run_goes_on_and_ends_with_the_same_bits(
    source, tmp_path, tiny_encoder_folder, monkeypatch
):
    monkeypatch.setattr(vector_bank, "_SHARD", 8)
    make(source, tmp_path / "whole", tiny_encoder_folder)
    encoded = []
    original = vector_bank._Shards._encoded

    def counting(self, model, start):
        if len(encoded) == 3:
            raise KeyboardInterrupt
        encoded.append(start)
        return original(self, model, start)

    monkeypatch.setattr(vector_bank._Shards, "_encoded", counting)
    with pytest.raises(KeyboardInterrupt):
        make(source, tmp_path / "bank", tiny_encoder_folder)
    assert not (tmp_path / "bank").exists()
    again = []

    def recording(self, model, start):
        again.append(start)
        return original(self, model, start)

    monkeypatch.setattr(vector_bank._Shards, "_encoded", recording)
    make(source, tmp_path / "bank", tiny_encoder_folder)
    assert encoded == [0, 8, 16]
    assert again == [24, 32, 40, 48]
    for name in ("vectors.npy", "chunks.parquet", "manifest.json"):
        left, right = ((tmp_path / folder / name).read_bytes() for folder in ("whole", "bank"))
        assert left == right
    assert not list(tmp_path.glob(".*unfinished"))


def test_what_is_done_is_not_done_again_and_other_work_is_not_overwritten(
    source, tmp_path, tiny_encoder_folder, monkeypatch
):
    first = make(source, tmp_path / "bank", tiny_encoder_folder)
    with pytest.raises(UserError, match="other texts or settings"):
        make(source, tmp_path / "bank", tiny_encoder_folder, recipe={"level": "paragraph"})
    with monkeypatch.context() as patched:
        patched.setattr(vector_bank, "_encoder", None)  # nothing is loaded
        assert make(source, tmp_path / "bank", tiny_encoder_folder) == first
    changed = make(
        source, tmp_path / "bank", tiny_encoder_folder, recipe={"level": "paragraph"}, force=True
    )
    assert changed["rows"] == 10
    (tmp_path / "mine").mkdir()
    with pytest.raises(UserError, match="no bank"):
        make(source, tmp_path / "mine", tiny_encoder_folder, force=True)


def test_unfinished_work_of_another_recipe_is_thrown_away(
    source, tmp_path, tiny_encoder_folder, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(vector_bank, "_write", lambda *_: {})
        make(source, tmp_path / "bank", tiny_encoder_folder)  # all encoded, nothing written
    make(source, tmp_path / "bank", tiny_encoder_folder, recipe={"dtype": "fp16"})
    bank = open_bank(tmp_path / "bank")
    assert bank.vectors.dtype == np.float16
    make(source, tmp_path / "wide", tiny_encoder_folder)
    np.testing.assert_allclose(
        bank.vectors.astype(np.float32), open_bank(tmp_path / "wide").vectors, atol=1e-3
    )


def test_a_slice_takes_the_first_articles(source, tmp_path, tiny_encoder_folder):
    manifest = make(source, tmp_path / "bank", tiny_encoder_folder, recipe={"articles": 2})
    assert manifest["articles"] == 2
    assert set(manifest["inputs"]) == {"source/documents.jsonl"}
    assert manifest["recipe"]["weights"]
