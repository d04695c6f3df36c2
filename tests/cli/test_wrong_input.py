"""Wrong input: exit code 2, one line that names file, place, value and way out, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gonogo.cli.main import main


def run_verb(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["gonogo", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    return int(end.value.code or 0), printed.out, printed.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", "interferense"], "did you mean 'interference'?"),
        (["plan", "folder/none.yaml"], "no such file"),
        (["plan", "STUDY", "--tier", "quik"], "did you mean 'quick'?"),
        (["plan", "STUDY", "--quick", "--tier", "full"], "contradict"),
        (["plan", "STUDY", "--set", "training.epoch=2"], "did you mean 'epochs'?"),
        (["plan", "STUDY", "--set", "model.adapter.rank=many"], "'many'"),
        (["plan", "STUDY", "--set", "seeds=[3,3]"], "lists 3 more than once"),
        (["plan", "STUDY", "--only", "nobody"], "matches no trial"),
        (["run", "STUDY", "--device", "tpu"], "tpu"),
        (["decide", "STUDY", "--scores", "none.parquet"], "none.parquet: no such file"),
        (["decide", "STUDY", "--runs", "x"], "belong together"),
        (["report", "missing.json"], "missing.json: no such file"),
        (["run", "STUDY", "--set", "evaluation.datasets=[nowhere]"], "nowhere"),
    ],
)
def test_one_clear_line(
    arguments: list[str],
    told: str,
    tiny_study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [str(tiny_study) if part == "STUDY" else part for part in arguments]
    code, _, error = run_verb(monkeypatch, capsys, *given)
    assert code == 2
    assert told in error
    assert "Traceback" not in error
    assert error.startswith("error: ")


def test_unknown_flags_are_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = run_verb(monkeypatch, capsys, "run", "interference", "--qick")
    assert code == 2
    assert "--qick" in error


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("arms", {}, "arms"),
        ("seeds", [], "seeds"),
        ("sedes", [1], "did you mean 'seeds'?"),
        ("gate", {"kind": "interferense"}, "did you mean 'interference'?"),
    ],
)
def test_wrong_study_files(
    key: str,
    value: object,
    told: str,
    tiny_study: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = yaml.safe_load(tiny_study.read_text())
    values[key] = value
    tiny_study.write_text(yaml.safe_dump(values), encoding="utf-8")
    code, _, error = run_verb(monkeypatch, capsys, "plan", str(tiny_study))
    assert code == 2
    assert str(tiny_study) in error
    assert told in error
