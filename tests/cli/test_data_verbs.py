"""The data verbs as a user runs them: what they print, how they end, what they import."""

import json
import time

import numpy as np
import pytest
from bank_world import drifting, write_bank, write_world
from test_startup import HEAVY, modules_after
from typer.testing import CliRunner

from gonogo.cli.main import app, main

LENGTHS = [30] * 10
SHORT = ["--context", "4", "--stride", "2", "--validation", "0.3"]


def invoke(*arguments):
    return CliRunner().invoke(app, ["data", *map(str, arguments)], catch_exceptions=False)


def fails(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["gonogo", "data", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    return error


def test_pairs_tell_the_ceiling_and_what_would_help(tmp_path):
    write_bank(tmp_path / "bank", LENGTHS)
    done = invoke("pairs", tmp_path / "bank", "--out", tmp_path / "pairs", *SHORT)
    assert done.exit_code == 0
    assert "at most 130 pairs: 10 of 10 articles are longer than a context of 4" in done.stdout
    assert "130: 91 train, 39 validation" in done.stdout
    assert "49,870 of 50,000 pairs; what would help" in done.stdout
    enough = [*SHORT, "--target-pairs", "100"]
    done = invoke("pairs", tmp_path / "bank", "--out", tmp_path / "pairs", *enough)
    assert "what would help" not in done.stdout
    assert "pairs       100" in done.stdout


def test_preflight_ends_with_0_for_warnings_and_with_1_for_blockers(tmp_path):
    folder = write_world(tmp_path, LENGTHS)
    good = invoke("preflight", folder, "--schedule", "0-9:none")
    assert good.exit_code == 0
    assert good.stdout.count("green") == 7
    warned = invoke("preflight", folder, "--epochs", "30")
    assert warned.exit_code == 0
    assert "warning   curriculum" in warned.stdout
    blocked = invoke("preflight", folder, "--schedule", "0-9:none", "--epochs", "30")
    assert blocked.exit_code == 1
    assert "0-9:none ends at epoch 9" in blocked.stdout
    vectors = np.lib.format.open_memmap(tmp_path / "bank" / "vectors.npy", mode="r+")
    vectors[17] = 0
    vectors.flush()
    blocked = invoke("preflight", folder)
    assert blocked.exit_code == 1
    assert "1 bank rows are zero" in blocked.stdout
    assert "\n            17\n" in blocked.stdout
    assert json.loads((folder / "preflight" / "preflight.json").read_text())["status"] == "blocker"


@pytest.mark.train
def test_whiten_tells_before_and_after(tmp_path):
    leaning = drifting(LENGTHS) + 0.5 * np.eye(1, 24, dtype=np.float32)
    write_bank(tmp_path / "bank", LENGTHS, leaning)
    done = invoke("whiten", tmp_path / "bank", "--out", tmp_path / "white")
    assert done.exit_code == 0
    assert "300 vectors of 24" in done.stdout
    before, after = (float(part) for part in _numbers(done.stdout))
    assert before > 0.1 > abs(after)


def _numbers(text):
    line = next(line for line in text.splitlines() if line.startswith("mean cosine"))
    return line.removeprefix("mean cosine of different rows ").split(", now ")


def test_bank_of_a_few_sentences(tmp_path, tiny_encoder_folder):
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("arrays", "axes", "errors"):
        (folder / f"{name}.txt").write_text(f"One file of {name}. Two lines.\n\nThree words.\n")
    out = tmp_path / "bank"
    arguments = [folder, "--out", out, "--backbone", tiny_encoder_folder, "--device", "cpu"]
    done = invoke("bank", *arguments)
    assert done.exit_code == 0, done.stdout
    assert "3 articles, 9 chunks, 5 of them distinct" in done.stdout
    assert "9 vectors of 32 from 3 articles" in done.stdout
    assert f"next: gonogo data pairs {out}" in done.stdout
    assert "up to date" in invoke("bank", *arguments).stdout


@pytest.mark.train
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bank", "nowhere", "--out", "x"], "no data file or folder 'nowhere'"),
        (["bank", ".", "--out", "x"], "no running text in this folder"),
        (["pairs", "nowhere", "--out", "x"], "nowhere: no such file"),
        (["pairs", "BANK", "--out", "x", "--context", "400"], "longer than a context of 400"),
        (["pairs", "BANK", "--out", "x", "--min-context", "101"], "above the context of 100"),
        (["preflight", "BANK"], "not a pairs folder"),
        (["preflight", "PAIRS", "--schedule", "0-5:none;7-9:none"], "segment 2"),
        (["preflight", "PAIRS", "--schedule", "0-5:8@0.9-0.8"], "segment 1"),
        (["preflight", "PAIRS", "--schedule", "0-5:none;5-9:none"], "overlaps"),
        (["preflight", "PAIRS", "--bank", "nowhere"], "nowhere"),
        (["whiten", "BANK", "--out", "BANK"], "is there already"),
        (["whiten", "BANK", "--out", "BANK", "--force"], "is there already"),
        (["whiten", "BANK", "--out", "PAIRS", "--force"], "other than a bank folder"),
        (["pairs", "BANK", "--out", "BANK"], "other than a pairs folder"),
        (["preflight", "PAIRS", "--out", "PAIRS"], "other than a preflight folder"),
        (["whiten", "BANK", "--out", "x", "--dimension", "3"], "only pca"),
    ],
)
def test_wrong_input_is_one_line(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = write_world(tmp_path / "world", LENGTHS)
    names = {"BANK": folder.parent / "bank", "PAIRS": folder}
    assert told in fails(monkeypatch, capsys, *[names.get(part, part) for part in arguments])


@pytest.mark.train
def test_no_verb_that_encodes_nothing_imports_torch(tmp_path):
    write_bank(tmp_path / "bank", LENGTHS)
    bank, pairs = str(tmp_path / "bank"), str(tmp_path / "pairs")
    for arguments in (
        ["data", "pairs", bank, "--out", pairs, *SHORT],
        ["data", "preflight", pairs],
        ["data", "whiten", bank, "--out", str(tmp_path / "white")],
    ):
        code, modules = modules_after(*arguments)
        assert code == 0
        assert not modules & {"torch", "transformers", "peft", "accelerate"}
    code, modules = modules_after("data", "--help")
    assert code == 0
    assert not modules & {*HEAVY, "numpy"}


def test_a_wrong_path_is_told_before_anything_heavy_is_imported(tmp_path):
    started = time.monotonic()
    code, modules = modules_after("data", "bank", str(tmp_path / "none"), "--out", "x")
    assert code == 2
    assert not modules & {"torch", "transformers"}
    assert time.monotonic() - started < 20
