"""A whitened bank: no common direction, row for row, and pairs stay valid with it."""

import numpy as np
import pytest
from bank_world import drifting, settings, write_bank, write_world

from gonogo.analysis.geometry.geometry import mean_cosine
from gonogo.analysis.geometry.whitening import fit_whitening, load_whitening
from gonogo.core.errors import UserError
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.pairs import make_pairs, write_pairs
from gonogo.data.next_vector.sequences import open_pairs
from gonogo.data.vectors.vectors import unit_length
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.study.next_vector.preflight import PreflightSettings, run_preflight
from gonogo.study.next_vector.whitened_bank import whiten_bank

pytestmark = pytest.mark.train

LENGTHS = [30] * 20


def leaning(seed=0):
    vectors = drifting(LENGTHS, seed=seed)
    return unit_length(vectors + 0.4 * np.eye(1, 24, dtype=np.float32))


def test_whitening_takes_the_common_direction_away(tmp_path):
    bank = write_bank(tmp_path / "bank", LENGTHS, leaning())
    assert mean_cosine(bank.take(np.arange(600))) > 0.1
    manifest = whiten_bank(bank, tmp_path / "white", dtype="fp32")
    white = open_bank(tmp_path / "white")
    assert abs(mean_cosine(white.take(np.arange(600)))) < 0.01
    assert manifest["whitening"]["method"] == "zca"
    unit = leaning().astype(np.float64)
    expected = fit_whitening(unit.mean(axis=0), np.cov(unit.T)).apply(unit)
    np.testing.assert_allclose(white.vectors, unit_length(expected), atol=1e-4)
    assert [white.text(row) for row in (0, 599)] == ["text 0", "text 599"]
    assert white.articles.ids == bank.articles.ids


def test_stored_lengths_change_nothing(tmp_path):
    scaled = leaning() * np.linspace(0.5, 3, 600, dtype=np.float32)[:, None]
    for name, vectors in (("unit", leaning()), ("scaled", scaled)):
        whiten_bank(write_bank(tmp_path / name, LENGTHS, vectors), tmp_path / f"{name}_w")
    left, right = (open_bank(tmp_path / f"{name}_w").vectors for name in ("unit", "scaled"))
    np.testing.assert_allclose(left, right, atol=2e-3)


def test_the_same_bits_again_and_on_another_bank_what_was_fitted(tmp_path):
    bank = write_bank(tmp_path / "bank", LENGTHS, leaning())
    for name in ("one", "two"):
        whiten_bank(bank, tmp_path / name)
    for file in ("vectors.npy", "whitening.safetensors", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    other = write_bank(tmp_path / "other", LENGTHS, leaning(seed=1))
    fitted = tmp_path / "one" / "whitening.safetensors"
    whiten_bank(other, tmp_path / "applied", fitted=fitted, dtype="fp32")
    saved = load_whitening(fitted)
    expected = unit_length(saved.apply(other.take(np.arange(600)).astype(np.float64)))
    np.testing.assert_allclose(open_bank(tmp_path / "applied").vectors, expected, atol=1e-5)
    whiten_bank(bank, tmp_path / "again", fitted=fitted)
    np.testing.assert_array_equal(
        open_bank(tmp_path / "again").vectors, open_bank(tmp_path / "one").vectors
    )


def test_pairs_fit_the_whitened_bank_but_no_other(tmp_path):
    folder = write_world(tmp_path, LENGTHS, leaning())
    whiten_bank(open_bank(tmp_path / "bank"), tmp_path / "white", method="pca", dimension=8)
    pairs = open_pairs(folder, bank=tmp_path / "white")
    assert open_bank(pairs.bank_path).dimension == 8
    settings = PreflightSettings(curriculum=parse_curriculum("0-9:none"))
    done = run_preflight(folder, settings, bank=tmp_path / "white")
    assert done.findings[-1].status == "green"
    assert done.findings[2].status == "green"
    stranger = write_bank(tmp_path / "stranger", LENGTHS, leaning(seed=3))
    whiten_bank(stranger, tmp_path / "wrong")
    with pytest.raises(UserError, match="no longer matches"):
        open_pairs(folder, bank=tmp_path / "wrong")
    vectors = np.lib.format.open_memmap(tmp_path / "white" / "vectors.npy", mode="r+")
    vectors[0, 0] += 1
    vectors.flush()
    with pytest.raises(UserError, match=r"vectors.npy"):
        open_pairs(folder, bank=tmp_path / "white")


def test_a_whitened_bank_in_the_place_of_its_original_is_not_taken_for_it(tmp_path):
    folder = write_world(tmp_path, LENGTHS, leaning())
    (tmp_path / "bank").rename(tmp_path / "original")
    whiten_bank(open_bank(tmp_path / "original"), tmp_path / "bank")
    with pytest.raises(UserError, match=r"is a copy of the one .* name it"):
        open_pairs(folder)
    strict = PreflightSettings(curriculum=parse_curriculum("0-9:none"))
    assert run_preflight(folder, strict).findings[-1].status == "blocker"
    assert open_pairs(folder, bank=tmp_path / "bank").bank_path == tmp_path / "bank"
    assert open_pairs(folder, bank=tmp_path / "original").bank_path == tmp_path / "original"


def test_pairs_can_be_cut_from_a_whitened_bank_itself(tmp_path):
    whiten_bank(write_bank(tmp_path / "bank", LENGTHS, leaning()), tmp_path / "white")
    white, chosen = open_bank(tmp_path / "white"), settings()
    write_pairs(tmp_path / "pairs", white, make_pairs(white, chosen), chosen)
    assert open_pairs(tmp_path / "pairs").bank_path == tmp_path / "white"
    green = PreflightSettings(curriculum=parse_curriculum("0-9:none"))
    assert run_preflight(tmp_path / "pairs", green).findings[-1].status == "green"


def test_rows_without_direction_and_folders_that_are_there_are_refused(tmp_path):
    vectors = leaning()
    vectors[11] = 0
    bank = write_bank(tmp_path / "bank", LENGTHS, vectors)
    with pytest.raises(UserError, match="the first is row 11"):
        whiten_bank(bank, tmp_path / "white")
    with pytest.raises(UserError, match="is there already"):
        whiten_bank(bank, tmp_path / "bank")
    short = write_bank(tmp_path / "same", [5], np.ones((5, 24), np.float32))
    with pytest.raises(UserError, match="cannot be whitened"):
        whiten_bank(short, tmp_path / "white")


def test_a_bank_from_elsewhere_keeps_its_articles(tmp_path):
    names = np.repeat([f"a{number}" for number in range(20)], 30)
    np.savez(tmp_path / "bank.npz", vectors=leaning(), articles=names)
    whiten_bank(open_bank(tmp_path / "bank.npz"), tmp_path / "white")
    white = open_bank(tmp_path / "white")
    assert white.articles.ids == tuple(f"a{number}" for number in range(20))
    np.save(tmp_path / "bank.npy", leaning())
    whiten_bank(open_bank(tmp_path / "bank.npy"), tmp_path / "bare")
    with pytest.raises(UserError, match="which rows belong to one article"):
        _ = open_bank(tmp_path / "bare").articles
