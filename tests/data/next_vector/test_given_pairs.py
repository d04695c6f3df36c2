"""Pairs of somebody else: rows and vectors, found in any bank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_sequences import open_sequences
from safetensors.numpy import save_file
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.given_pairs import open_given_pairs
from gonogo.data.next_vector.given_pairs_folder import write_given_pairs
from gonogo.data.next_vector.next_vectors import NextVectors, open_next_vectors


@pytest.fixture
def own(tmp_path: Path) -> NextVectors:
    return open_sequences(tmp_path)


def handed_over(own: NextVectors, **changes: Any) -> Path:
    """Write the pairs as vectors, names beside them."""
    numbers = np.arange(len(own.pairs))
    rows = own.pairs.contexts[numbers]
    vectors = np.array(own.bank.vectors)
    contexts = np.where(rows[..., None] < 0, 0, vectors[np.maximum(rows, 0)])
    arrays = {"contexts": contexts, "targets": vectors[own.pairs.targets], "ids": own.pairs.ids}
    file = own.pairs.path.parent / "given.npz"
    np.savez(file, **{k: v for k, v in (arrays | changes).items() if v is not None})
    return file


def bank_file(own: NextVectors, kind: str) -> Path:
    vectors = np.array(own.bank.vectors)
    file = own.pairs.path.parent / f"other.{kind}"
    match kind:
        case "npy":
            np.save(file, vectors.astype(np.float16))  # narrower than what was paired
        case "safetensors":
            save_file({"embeddings": vectors, "scale": np.ones(1, np.float32)}, file)
        case _:
            np.savez(file, vectors=2.5 * vectors)  # other lengths: found by cosine
    return file


@pytest.mark.parametrize("kind", ["npy", "safetensors", "npz"])
def test_vectors_are_found_in_any_bank(own: NextVectors, kind: str) -> None:
    given = open_given_pairs(handed_over(own), bank_file(own, kind))
    np.testing.assert_array_equal(given.pairs.targets, own.pairs.targets)
    np.testing.assert_array_equal(given.pairs.ids, own.pairs.ids)
    numbers = np.arange(len(own.pairs))
    np.testing.assert_array_equal(given.present(numbers), own.present(numbers))
    np.testing.assert_allclose(given.contexts(numbers), own.contexts(numbers), atol=1e-6)
    if kind != "npz":  # rows of the context, which a rank leaves out
        np.testing.assert_array_equal(given.pairs.contexts, own.pairs.contexts)
    assert given.pairs.validation.all()


def test_rows_are_taken_as_they_are(own: NextVectors) -> None:
    split = np.where(own.pairs.validation, "validation", "train")
    file = handed_over(
        own, contexts=own.pairs.contexts, targets=own.pairs.targets, ids=None, split=split
    )
    given = open_given_pairs(file, own.bank.path)
    np.testing.assert_array_equal(given.pairs.contexts, own.pairs.contexts)
    np.testing.assert_array_equal(given.pairs.validation, own.pairs.validation)
    np.testing.assert_array_equal(given.pairs.articles, own.pairs.articles)
    assert given.pairs.ids[:3].tolist() == ["0", "1", "2"]


def test_overlapping_windows_are_one_article_where_nothing_tells(own: NextVectors) -> None:
    given = open_given_pairs(handed_over(own), bank_file(own, "npy"))
    assert len(set(given.pairs.articles)) == len(set(own.pairs.articles))
    pairs = {*zip(given.pairs.articles.tolist(), own.pairs.articles.tolist(), strict=True)}
    assert len(pairs) == len(set(own.pairs.articles))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"targets": np.ones((3, 16), np.float32)}, "contexts for 3 targets"),
        ({"contexts": np.ones((4, 2, 9), np.float32)}, "vectors of 9 numbers, but 16"),
        ({"contexts": np.full((4, 2), 10**6)}, "but the bank has 288"),
        ({"split": np.array(["test"])}, "split has shape"),
        ({"targets": np.array(["a", "b"])}, "expected rows"),
    ],
)
def test_what_does_not_fit_is_told(own: NextVectors, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        open_given_pairs(handed_over(own, **changes), own.bank.path)


def test_targets_that_the_bank_lacks_are_counted(own: NextVectors) -> None:
    targets = np.array(own.bank.vectors)[own.pairs.targets]
    targets[5] = -targets[5]
    with pytest.raises(UserError, match=r"1 of .* targets are not in the bank") as error:
        open_given_pairs(handed_over(own, targets=targets), own.bank.path)
    assert repr(str(own.pairs.ids[5])) in str(error.value)


def test_a_bank_without_one_matrix_is_told(tmp_path: Path) -> None:
    save_file({"a": np.ones((2, 2)), "b": np.ones((2, 2))}, tmp_path / "two.safetensors")
    with pytest.raises(UserError, match=r"2 matrices .found a, b."):
        open_bank(tmp_path / "two.safetensors")


def test_given_pairs_become_a_folder_that_a_study_can_name(
    own: NextVectors, tmp_path: Path
) -> None:
    out = tmp_path / "taken"
    arguments = ["data", "pairs", str(own.bank.path), "--given", str(handed_over(own))]
    told = CliRunner().invoke(app, [*arguments, "--out", str(out), "--validation", "0.25"])
    assert told.exit_code == 0, told.output
    opened = open_next_vectors(str(out))
    places = {name: at for at, name in enumerate(own.pairs.ids.tolist())}
    mine = np.array([places[name] for name in opened.pairs.ids.tolist()])
    np.testing.assert_array_equal(opened.pairs.contexts, own.pairs.contexts[mine])
    np.testing.assert_array_equal(opened.pairs.targets, own.pairs.targets[mine])
    sides = [set(opened.pairs.articles[s]) for s in (opened.pairs.train, opened.pairs.validation)]
    assert not sides[0] & sides[1]
    assert len(sides[1]) == 3  # a quarter of twelve articles


def test_a_context_that_the_bank_lacks_is_no_folder(own: NextVectors, tmp_path: Path) -> None:
    rows = own.pairs.contexts
    contexts = np.array(own.bank.vectors)[np.maximum(rows, 0)]
    contexts[4, -1] *= -1
    given = open_given_pairs(handed_over(own, contexts=contexts), own.bank.path)
    with pytest.raises(UserError, match="vector 5 of the context of pair"):
        write_given_pairs(tmp_path / "taken", given, seed=1, validation=0.25)
