"""gonogo run and summary on a study with experiments: dry runs, names, nothing done twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_runs import finish_all, with_runs
from planted_trials import plan_of
from typer.testing import CliRunner, Result

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.study.tracking.run_ids import register_runs


@pytest.fixture
def study(tiny_study: Path) -> Path:
    return with_runs(tiny_study)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(part) for part in arguments])


@pytest.mark.parametrize("flag", ["--dry-run", "-d"])
def test_a_dry_run_shows_the_rows_and_touches_nothing(
    study: Path, tmp_path: Path, flag: str
) -> None:
    out = tmp_path / "out"
    result = invoke("run", study, "--out", out, flag)
    assert result.exit_code == 0, result.output
    assert "3 experiments, which share 3 trials" in result.stdout
    assert result.stdout.count(" dry_run ") == 3
    assert "v1_both_s4_seeds12_b4_" in result.stdout
    assert not out.exists()


def test_quick_is_a_tier_and_only_takes_a_row(study: Path, tmp_path: Path) -> None:
    more = ["-q", "-d", "--only", "long", "--run-id", "mine", "--set", "seeds=[2]"]
    result = invoke("run", study, "--out", tmp_path / "out", *more)
    assert result.exit_code == 0, result.output
    assert "tier quick" in result.stdout
    assert "joint_single/seed_2" in result.stdout
    assert "emb_only" not in result.stdout
    assert "mine" in result.stdout


def test_force_runs_what_is_finished(study: Path, tmp_path: Path) -> None:
    finish_all(study, tmp_path)
    assert "3 to skip" in invoke("run", study, "--out", tmp_path, "-d").stdout
    assert "3 to run" in invoke("run", study, "--out", tmp_path, "-d", "-f").stdout


def test_a_finished_study_runs_nothing_and_has_its_summary(study: Path, tmp_path: Path) -> None:
    finish_all(study, tmp_path)
    result = invoke("run", study, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "nothing to do" in result.stdout
    assert "sanity check" not in result.output
    folder = tmp_path / "tiny" / "full"
    first = (folder / "summary.csv").read_text()
    again = invoke("summary", study, "--out", tmp_path)
    assert again.exit_code == 0, again.output
    assert "Best by recall" in again.stdout
    assert (folder / "summary.csv").read_text() == first


def test_a_finished_row_keeps_its_name_and_says_so(study: Path, tmp_path: Path) -> None:
    register_runs(plan_of(study, tmp_path, only="one"), "first")
    finish_all(study, tmp_path)
    asked = ("run", study, "--out", tmp_path, "--only", "one", "--run-id")
    said = "one: finished already as first; forced, it runs anew under this name"
    dry, real = invoke(*asked, "mine", "-d"), invoke(*asked, "mine")
    for result in (dry, real):
        assert result.exit_code == 0, result.output
        assert said in result.stdout.splitlines()
        assert "mine" not in result.stdout
    assert "  first  " in dry.stdout
    assert "nothing to do" in real.stdout
    assert "finished already" not in invoke(*asked, "first", "-d").output
    forced = invoke(*asked, "mine", "-d", "--force").stdout
    assert "  mine  " in forced
    assert "finished already" not in forced


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("verb", ["run", "summary"])
def test_help(verb: str, flag: str) -> None:
    result = invoke(verb, flag)
    assert result.exit_code == 0
    assert "--quick" in result.stdout


def test_unknown_flags_are_errors(study: Path) -> None:
    assert invoke("run", study, "--dryrun").exit_code == 2
    assert invoke("summary", study, "--run-id", "x").exit_code == 2


def test_a_name_for_several_runs_is_refused_before_anything_runs(
    study: Path, tmp_path: Path
) -> None:
    result = invoke("run", study, "--out", tmp_path / "out", "--run-id", "mine")
    assert isinstance(result.exception, UserError)
    assert "one name for 3 runs: one, both, long" in str(result.exception)
    assert not (tmp_path / "out").exists()
