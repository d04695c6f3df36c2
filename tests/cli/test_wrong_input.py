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
    ("verb", "options", "told"),
    [
        ("plan", "--tier quik", "STUDY: tiers: no tier 'quik' (did you mean 'quick'?)"),
        (
            "plan",
            "--quick --tier full",
            "--quick and --tier full contradict each other (give one of them)",
        ),
        (
            "plan",
            "--set training.epoch=2",
            "STUDY: --set training.epoch: unknown key 'epoch' (did you mean 'epochs'?)",
        ),
        (
            "plan",
            "--set model.adapter.rank=many",
            "STUDY: --set model.adapter.rank: 'many': input should be a valid integer, unable to"
            " parse string as an integer",
        ),
        ("plan", "--set seeds=[3,3]", "STUDY: seeds lists 3 more than once"),
        ("plan", "--set seeds=1", "STUDY: --set seeds: 1 is no list (write [1])"),
        (
            "plan",
            "--set study=a/b",
            "STUDY: --set study: 'a/b' is not allowed here (a name: up to 80 letters, digits and"
            " . _ + = -, a letter or digit first)",
        ),
        (
            "plan",
            "--set arms.emb_only=3",
            "--set arms.emb_only: an arm is no setting (write arms.emb_only.KEY, such as"
            " arms.emb_only.training.epochs)",
        ),
        (
            "run",
            "--dry-run --set training.validation.best=nDCG@7",
            "STUDY: arms.emb_only: training.validation.best: no look has a figure 'nDCG@7' (did you"
            " mean 'nDCG@10'?)",
        ),
        (
            "run",
            "--dry-run --set model.backbone=nobody",
            "STUDY: model.backbone: no backbone or folder 'nobody' (a hub id is written owner/name;"
            " valid: minilm, smollm2-135m)",
        ),
        (
            "run",
            "--set evaluation.datasets=[nowhere]",
            "STUDY: evaluation.datasets[0]: no data folder 'nowhere' (looked in BESIDE, HERE;"
            " set GONOGO_DATA to where data sets lie)",
        ),
        (
            "plan",
            "--set evaluation.datasets=[python-api/nompy]",
            "STUDY: evaluation.datasets[0]: the package 'nompy' is not installed, so its API"
            " documentation cannot be read (pip install it; did you mean 'numpy'?)",
        ),
        (
            "run",
            "--dry-run --run-id x",
            "--run-id x: this study has no runs to name (give it a block 'experiments' or"
            " 'summary')",
        ),
    ],
)
def test_one_clear_line(
    verb: str,
    options: str,
    told: str,
    tiny_study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    for word, path in {"STUDY": tiny_study, "BESIDE": tiny_study.parent, "HERE": tmp_path}.items():
        told = told.replace(word, str(path))
    code, _, error = run_verb(monkeypatch, capsys, verb, str(tiny_study), *options.split())
    assert (code, error) == (2, f"error: {told}\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plan", "interferense"], "did you mean 'interference'?"),
        (["plan", "STUDY", "--only", "nobody"], "--only: 'nobody' matches no trial (arms: emb_"),
        (["decide", "STUDY", "--runs", "x"], "belong together"),
        (["plan", "folder/none.yaml"], "STUDY: 'folder/none.yaml': no such file (valid: dist"),
        (["decide", "STUDY", "--scores", "none.parquet"], "none.parquet: no such file"),
        (["report", "missing.json"], "missing.json: no such file"),
        (["report", "empty.json"], "empty.json: not a verdict of this version (gonogo decide STU"),
    ],
)
def test_wrong_files_and_names(
    arguments: list[str],
    told: str,
    tiny_study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    given = [str(tiny_study) if part == "STUDY" else part for part in arguments]
    code, _, error = run_verb(monkeypatch, capsys, *given)
    assert code == 2
    assert told in error
    assert len(error.splitlines()) == 1
    assert error.startswith("error: ")


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_device_that_there_is_not(
    verb: str, tiny_study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = run_verb(monkeypatch, capsys, verb, str(tiny_study), "--device", "gpu")
    assert code == 2
    assert "--device" in error
    assert "'gpu'" in error


def test_a_folder_of_pairs_without_its_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "next_vector" / "pairs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    code, _, error = run_verb(monkeypatch, capsys, "run", "two_tower", "--dry-run")
    assert code == 2
    assert error.startswith(f"error: {tmp_path / 'next_vector' / 'pairs'}: no manifest.json")
    assert "gonogo data pairs writes one" in error
    assert "Traceback" not in error


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
