"""What stands in data reaches a terminal as text that it cannot obey."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml
from study_values import TRIO_GATE, study_values, write_beir
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.cli.shared.echo import echo, echo_lines, write_json
from gonogo.report.pages.pipelines import decision_json
from gonogo.study.deciding.decision import decide_scores

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def test_a_line_is_one_line_and_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    echo(f"a{EVIL}b\nc\r\x0bd")
    echo_lines("first\tcell\nsecond\x1b[1m\n")
    echo("gone\x08wrong", err=True)
    seen = capsys.readouterr()
    assert seen.out == "a ]0;owned [2J 31m b c d\nfirst cell\nsecond [1m\n"
    assert seen.err == "gone wrong\n"


@pytest.fixture
def injected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a score table whose names are what a terminal would obey."""
    monkeypatch.chdir(tmp_path)
    head = ["arm", "seed", "task", "dataset", "metric", "query_id", "value"]
    for arm, gain in (("old", 0.0), ("new", 0.1)):
        with Path(f"{arm}.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(head)
            for seed in (1, 2):
                for n in range(12):
                    value = 0.4 + 0.01 * n + gain + 0.001 * seed * (n % 3)
                    rows.writerow(
                        [arm, seed, f"t{EVIL}", f"d{EVIL}", "nDCG@10", f"q{EVIL}{n}", value]
                    )
    both = Path("old.csv").read_text(encoding="utf-8")
    both += Path("new.csv").read_text(encoding="utf-8").partition("\n")[2]
    Path("both.csv").write_text(both, encoding="utf-8")
    rule = {"kind": "improvement", "task": "t", "candidate": "new", "baseline": "old"}
    gate = {"gate": {**rule, "pass": 0.01, "fail": 0.0}}
    Path("gate.yaml").write_text(yaml.safe_dump(gate), encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("injected")
@pytest.mark.parametrize(
    "words",
    [
        ["compare", "old.csv", "new.csv"],
        ["compare", "old.csv", "new.csv", "--gate", "gate.yaml"],
        ["decide", "gate.yaml", "--scores", "both.csv", "--out", "v"],
        ["decide", "gate.yaml", "--scores", "both.csv", "--out", "v", "--json"],
        ["decide", "gate.yaml", "--scores", "both.csv", "--out", f"v{EVIL}"],
    ],
)
def test_names_of_tasks_sets_and_queries_cannot_move_the_cursor(words: list[str]) -> None:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert "owned" in result.output
    assert not CONTROL.search(result.output), repr(CONTROL.search(result.output))


def test_names_of_folders_cannot_either(
    tmp_path: Path, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = f"left{EVIL}"
    write_beir(tmp_path / evil, 0)
    values = study_values(tiny_encoder_folder)
    for task in values["defaults"]["tasks"].values():
        task["data"] = [evil]
    values |= {"evaluation": {**values["evaluation"], "datasets": [evil]}}
    values["gate"] = yaml.safe_load(TRIO_GATE)
    values["question"] = f"Does it hold?{EVIL}"
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    for verb in ("plan", "status"):
        result = CliRunner().invoke(app, [verb, "s.yaml"], catch_exceptions=False)
        assert result.exit_code == 0
        assert not CONTROL.search(result.output), (verb, repr(result.output))


@pytest.mark.usefixtures("injected")
def test_json_for_programs_is_safe_on_a_terminal_too(capsys: pytest.CaptureFixture[str]) -> None:
    import polars as pl

    verdict = decide_scores("gate.yaml", pl.read_csv("both.csv"), "", notes=(f"x{EVIL}",))
    write_json(decision_json(verdict))
    assert not CONTROL.search(capsys.readouterr().out)
