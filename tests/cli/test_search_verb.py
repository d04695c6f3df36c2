"""gonogo search as a user runs it: what it prints, on which banks, and what its options reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from search_world import (
    plant_text_model,
    plant_tower,
    write_lanes,
    write_texts,
    write_vectors_alone,
)
from typer.testing import CliRunner

from gonogo.cli.main import app, main
from gonogo.study.next_vector.searching import SearchSettings
from gonogo.study.next_vector.trained_tower import open_tower_trial


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_folder: Path) -> Path:
    """Return a folder with two trials, lanes, and a cross-encoder."""
    folder = tmp_path_factory.mktemp("world")
    pairs = write_texts(folder)
    plant_tower(folder / "trial", pairs)
    plant_tower(folder / "again", pairs, kind="gru")
    write_lanes(folder / "lanes.jsonl")
    plant_text_model(folder / "text_model", tiny_encoder_folder)
    return folder


def search(trial: Path, *options: object) -> list[str]:
    """Return the lines of a search."""
    command = ["search", str(trial), "--device", "cpu", *map(str, options)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_500_then_50_then_10_by_default(world: Path) -> None:
    stages = ["--rerank", world / "again", "--lanes", world / "lanes.jsonl"]
    told, head, *rows = search(world / "trial", *stages, "--queries", 4)
    assert told == "4 held-out pairs, 576 vectors, checkpoint final"
    assert head.split() == ["stage", "rows", "recall", "p50", "ms", "p95", "ms"]
    assert [row.split()[:2] for row in rows] == [
        ["retrieval", "500"],
        ["next_vector", "50"],
        ["lanes", "10"],
        ["whole", "10"],
    ]


def test_every_stage_at_once(world: Path) -> None:
    stages = ["--rerank", world / "again", "--lanes", world / "lanes.jsonl"]
    stages += ["--cross-encoder", world / "text_model", "--rerank-keep", 20, "--keep", 5]
    rows = search(world / "trial", *stages, "--queries", 2)[2:]
    assert [row.split()[:2] for row in rows] == [
        ["retrieval", "500"],
        ["next_vector", "20"],
        ["lanes", "20"],
        ["cross_encoder", "5"],
        ["whole", "5"],
    ]


def test_codes_alone_show_rows_of_the_own_lane(world: Path) -> None:
    data = open_tower_trial(world / "trial").pairs()
    number = int(data.validation[10])
    pair, last = data.pairs.ids[number], int(data.pairs.contexts[number][-1])
    options = ["--pair", pair, "--lanes", world / "lanes.jsonl", "--lane-alpha", 0]
    read, _, *found = search(world / "trial", *options, "--keep", 3)
    assert read.startswith(f"read  {data.bank.article_of(last)}: read line {last} of")
    assert len(found) == 3
    for line in found:
        score, told = _parts(line)
        assert float(score) == 1.0
        assert told.startswith(f"{data.bank.article_of(last)}: ")


def _parts(line: str) -> tuple[str, str]:
    """Return score and row of a line that shows a row found."""
    _, score, told = line.replace("*", " ").split(maxsplit=2)
    return score, told


def test_rows_of_a_bank_without_articles_are_told_by_their_numbers(tmp_path: Path) -> None:
    trial = plant_tower(tmp_path / "trial", write_vectors_alone(tmp_path))
    data = open_tower_trial(trial).pairs()
    number = int(data.validation[0])
    last, target = int(data.pairs.contexts[number][-1]), int(data.pairs.targets[number])
    read, following, *found = search(trial, "--pair", data.pairs.ids[number])
    assert read == f"read  row {last}"
    assert following.startswith(f"next  row {target}  (")
    rows = [int(_parts(line)[1].removeprefix("row ")) for line in found]
    assert len(set(rows)) == 10
    assert max(rows) < len(data.bank)
    assert "whole" in search(trial, "--queries", 3)[-1]


def test_device_and_precision_reach_every_model(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_tower(world / "bf16", world / "pairs", precision="bf16")
    built: list[tuple[str, SearchSettings]] = []

    def recording(tower, data, settings, codes):  # type: ignore[no-untyped-def]
        built.append((tower.precision, settings))
        raise KeyboardInterrupt

    monkeypatch.setattr("gonogo.study.next_vector.searching.build_cascade", recording)
    for options in ([], ["--precision", "fp16"]):
        command = ["search", str(world / "bf16"), "--device", "cpu", *options]
        assert CliRunner().invoke(app, command).exit_code != 0
    assert [tower for tower, _ in built] == ["bf16", "fp16"]
    assert [settings.precision for _, settings in built] == [None, "fp16"]
    assert {settings.device for _, settings in built} == {"cpu"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--pair", "nobody"], "no pair 'nobody'"),
        (["--lanes", "LANES"], "1 codes for a bank of 576 rows"),
        (["--cross-encoder", "TOWER"], "this model scores no pairs of texts"),
    ],
)
def test_wrong_input_is_one_line(
    world: Path,
    tmp_path: Path,
    options: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lanes = tmp_path / "short.jsonl"
    lanes.write_text('{"task": "t", "modifier": "m", "domain": "d"}\n')
    places = {"LANES": lanes, "TOWER": world / "trial" / "checkpoints" / "final"}
    given = [str(places.get(part, part)) for part in options]
    monkeypatch.setattr("sys.argv", ["gonogo", "search", str(world / "trial"), *given])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert told in error
