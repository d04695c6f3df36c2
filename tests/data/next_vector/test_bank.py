"""Banks of every form, unit rows whatever is stored, and what does not fit."""

import numpy as np
import pytest
from bank_world import drifting, write_bank

from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_json
from gonogo.data.next_vector.bank import open_bank


def test_a_folder_gives_rows_texts_and_articles(tmp_path):
    bank = write_bank(tmp_path / "bank", [3, 2], dtype="fp16")
    assert isinstance(bank.vectors, np.memmap)
    assert (bank.rows, len(bank), bank.dimension) == (5, 5, 24)
    assert bank.vectors.dtype == np.float16
    assert [bank.article_of(row) for row in range(5)] == ["article 0"] * 3 + ["article 1"] * 2
    assert bank.text(4) == "text 4"


def test_rows_that_are_not_of_length_one_are_brought_there(tmp_path):
    vectors = drifting([6]) * np.arange(1, 7)[:, None].astype(np.float32)
    bank = write_bank(tmp_path / "bank", [6], vectors)
    taken = bank.take(np.array([[0, 5], [-1, 3]]))
    assert taken.shape == (2, 2, 24)
    assert taken.dtype == np.float32
    np.testing.assert_allclose(taken[0], drifting([6])[[0, 5]], atol=1e-6)
    assert not taken[1, 0].any()  # -1 pads a context
    np.testing.assert_allclose(np.linalg.norm(taken[1, 1]), 1, atol=1e-6)


def test_npz_banks_are_read_as_they_are(tmp_path):
    vectors = drifting([3, 2])
    named = np.array(["a", "a", "a", "b", "b"])
    texts = np.array([f"t{row}" for row in range(5)])
    np.savez(tmp_path / "full.npz", vectors=vectors, articles=named, texts=texts)
    np.savez(tmp_path / "ids.npz", vectors=vectors, ids=named)
    for name in ("full", "ids"):
        bank = open_bank(tmp_path / f"{name}.npz")
        assert bank.articles.ids == ("a", "b")
        assert bank.articles.starts.tolist() == [0, 3, 5]
    assert open_bank(tmp_path / "full.npz").text(3) == "t3"
    assert bank.text(3) is None


def test_ids_that_never_repeat_name_rows_not_articles(tmp_path):
    np.savez(tmp_path / "b.npz", vectors=drifting([5]), ids=np.array(list("abcde")))
    np.save(tmp_path / "b.npy", drifting([5]))
    for name in ("b.npz", "b.npy"):
        bank = open_bank(tmp_path / name)
        with pytest.raises(UserError, match="which rows belong to one article"):
            _ = bank.articles


def test_sequences_of_vectors_are_a_bank_of_articles(tmp_path):
    vectors = drifting([4, 4, 4])
    np.savez(tmp_path / "s.npz", sequences=vectors.reshape(3, 4, -1))
    bank = open_bank(tmp_path / "s.npz")
    np.testing.assert_array_equal(bank.vectors, vectors)
    assert bank.articles.ids == ("sequence 0", "sequence 1", "sequence 2")
    assert bank.articles.starts.tolist() == [0, 4, 8, 12]


def test_what_does_not_fit_is_refused(tmp_path):
    write_bank(tmp_path / "bank", [3, 2])
    manifest = read_json(tmp_path / "bank" / "manifest.json")
    write_json(tmp_path / "bank" / "manifest.json", {**manifest, "rows": 6})
    with pytest.raises(UserError, match="holds 5 rows, the manifest tells 6"):
        open_bank(tmp_path / "bank")
    write_json(tmp_path / "bank" / "manifest.json", {**manifest, "kind": "pairs"})
    with pytest.raises(UserError, match="'pairs', not a bank folder"):
        open_bank(tmp_path / "bank")
    (tmp_path / "x.txt").write_text("x")
    for path, told in (("x.txt", "a bank is"), ("none", "a bank is|no such"), (".", "no manifest")):
        with pytest.raises(UserError, match=told):
            open_bank(tmp_path / path)
    np.savez(tmp_path / "t.npz", vectors=drifting([5]), texts=np.array(["one"]))
    with pytest.raises(UserError, match="texts has shape"):
        open_bank(tmp_path / "t.npz").text(0)
    torn = np.array(["a", "b", "a", "b", "b"])
    np.savez(tmp_path / "torn.npz", vectors=drifting([5]), articles=torn)
    with pytest.raises(UserError, match="goes on at row 2"):
        _ = open_bank(tmp_path / "torn.npz").articles
