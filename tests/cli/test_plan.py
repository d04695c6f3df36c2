"""The lines that plan, status and run print about what is still to come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted_trials import finish, plan_of, planted_scores
from study_values import TRIO_GATE
from typer.testing import CliRunner

from gonogo.api.studies.plan_words import cost_lines, sensitivity_lines
from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.data.files.score_table import write_scores
from gonogo.study.planning.forecast import Forecast
from gonogo.study.planning.sensitivity import forecast_sensitivity


def invoke(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(part) for part in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def same(arm: str, seed: int, task: str) -> float:
    return 1.0


def finish_seeds(study: Path, out: Path, seeds: set[int]) -> None:
    for trial in plan_of(study, out, "evaluation.references=[]").trials:
        if trial.seed in seeds:
            cost = {"train_seconds": 3000.0, "evaluation_seconds": 600.0, "total_steps": 4}
            finish(trial, planted_scores(trial, same, 0.01), cost)


def test_without_measurements_it_says_how_to_get_them(tiny_study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    text = invoke("plan", tiny_study, "--out", out, "--price-per-hour", 2)
    assert "time left   unknown, for nothing was measured yet: calibrating" in text
    assert "cost" not in text
    assert "no pilot; assumed noise: 1 % between seeds" in text
    assert "2 seeds x 64 queries" in text
    assert not out.exists()


def test_time_and_cost_for_one_worker_and_for_several(tiny_study: Path, tmp_path: Path) -> None:
    finish_seeds(tiny_study, tmp_path, {1})
    more = ["--out", tmp_path, "--set", "evaluation.references=[]"]
    text = invoke("plan", tiny_study, *more, "--workers", 3, "--price-per-hour", 2.5)
    assert "time left   about 3 h 00 min with one worker, 1 h 00 min with 3 workers" in text
    assert "(from 3 finished trials)" in text
    assert "cost        about 7.50 with one worker, 7.50 with 3 workers, at 2.5 an hour" in text
    assert "disk        about 0 MB more" in text


def test_a_full_disk_is_said_loudly(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path)
    lines = cost_lines(plan, Forecast((1.0,), disk_mb=500.0, free_mb=20.0, source="x"), 1, None)
    assert lines[-1] == "disk        about 500 MB more, 20 MB free: NOT ENOUGH"


def test_a_pilot_from_elsewhere(tiny_study: Path, tmp_path: Path) -> None:
    file = tmp_path / "pilot.csv"
    plan = plan_of(tiny_study, tmp_path)
    tables = [planted_scores(trial, same, 0.01) for trial in plan.trials]
    write_scores(file, tables[0].vstack(tables[1]).vstack(tables[2]))
    text = invoke("plan", tiny_study, "--out", tmp_path, "--pilot", file)
    assert f"variances from {file}" in text
    broken = CliRunner().invoke(app, ["plan", str(tiny_study), "--pilot", str(tmp_path / "no.csv")])
    assert isinstance(broken.exception, UserError)


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (TRIO_GATE, ("a TIR of", "1 %:", "if truly             2 %: PASS")),
        (
            "{kind: improvement, task: embed, candidate: joint_single, baseline: emb_only}",
            ("a difference of", "points on embed", "1 point:", "   1 point: PASS"),
        ),
        (
            "{kind: bands, task: embed, metric: nDCG@10, arm: emb_only, bands: "
            "[{name: a, least: 0, verdict: FAIL}, {name: b, least: 0.5, verdict: PASS}]}",
            ("a distance of", "from a band's edge on embed"),
        ),
    ],
)
def test_effects_are_in_the_units_of_the_gate(
    tiny_study: Path, tmp_path: Path, gate: str, words: tuple[str, ...]
) -> None:
    plan = plan_of(tiny_study, tmp_path, f"gate={gate}")
    text = "\n".join(sensitivity_lines(plan, forecast_sensitivity(plan, None)))
    for word in words:
        assert word in text


def test_one_seed_and_absent_data_are_remarked_on(tiny_study: Path, tmp_path: Path) -> None:
    sets = ("seeds=[1]", "evaluation.datasets=[left, hub:nobody/nowhere]")
    plan = plan_of(tiny_study, tmp_path, *sets)
    text = "\n".join(sensitivity_lines(plan, forecast_sensitivity(plan, None)))
    assert "blind to seed noise" in text
    assert "300 queries each assumed for what is not here yet: nobody/nowhere" in text


def test_calibrating_from_the_command_line(tiny_study: Path, tmp_path: Path) -> None:
    more = ["--set", "training.accumulation=1", "--quick", "--only", "emb_only"]
    text = invoke("plan", tiny_study, "--out", tmp_path, "--calibrate", "--device", "cpu", *more)
    assert "(from a calibration on cpu (20" in text
    assert "2 with one worker" not in text


def test_a_warmup_longer_than_the_run_is_told(tiny_study: Path, tmp_path: Path) -> None:
    sets = ("--set", "training.warmup=1000")
    text = invoke("plan", tiny_study, "--out", tmp_path, *sets)
    # of one task alone max_steps bounds the run; how long the joint arm is, nothing has told yet
    assert text.count("warm-up") == 1
    assert "\nwarm-up of 1,000 steps clamped to all 4: emb_only, rank_only\n" in text
    for trial in plan_of(tiny_study, tmp_path, "training.warmup=1000").trials:
        cost = {"train_seconds": 1.0, "evaluation_seconds": 1.0, "total_steps": 8}
        finish(trial, planted_scores(trial, same), cost)
    text = invoke("run", tiny_study, "--out", tmp_path, *sets, "--dry-run")
    assert "clamped to all 8: emb_only, rank_only, joint_single\n" in text
    assert "warm-up" not in invoke("plan", tiny_study, "--out", tmp_path)


def test_training_tells_it_too(tiny_study: Path, tmp_path: Path, no_figures: None) -> None:
    sets = ("training.warmup=1000", "evaluation.references=[]", "evaluation.datasets=[left]")
    given = [part for one in sets for part in ("--set", one)]
    more = ["--quick", "--only", "emb_only", "--device", "cpu", *given]
    text = invoke("run", tiny_study, "--out", tmp_path, *more)
    assert text.count("warm-up of 1,000 steps clamped to all 2\n") == 1


def no_rows(study: Path, out: Path) -> list[Any]:
    return [study, "--out", out, "--set", "evaluation.references=[]"]


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the report be one empty page: drawing it takes seconds."""
    monkeypatch.setattr(
        "gonogo.study.deciding.publishing.write_report",
        lambda verdict, folder: (folder / "report.html").write_text(""),
    )


@pytest.mark.usefixtures("no_figures")
def test_a_run_with_nothing_to_do_leaves_verdict_and_report_alone(
    tiny_study: Path, tmp_path: Path
) -> None:
    finish_seeds(tiny_study, tmp_path, {1, 2})
    arguments = no_rows(tiny_study, tmp_path)
    first = invoke("run", *arguments)
    verdict = plan_of(tiny_study, tmp_path).folder.verdict
    before = verdict.stat().st_mtime_ns
    second = invoke("run", *arguments)
    assert verdict.stat().st_mtime_ns == before
    assert first == second
    assert "FAIL" in second
    invoke("decide", *arguments)
    assert verdict.stat().st_mtime_ns > before


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("change", ["scores", "gate", "report", "verdict"])
def test_a_run_with_nothing_to_do_decides_anew_when_something_changed(
    tiny_study: Path, tmp_path: Path, change: str
) -> None:
    finish_seeds(tiny_study, tmp_path, {1, 2})
    arguments = no_rows(tiny_study, tmp_path)
    invoke("run", *arguments)
    plan = plan_of(tiny_study, tmp_path)
    created = plan.folder.verdict.stat().st_mtime_ns
    match change:
        case "scores":
            table = planted_scores(plan.trials[0], lambda arm, seed, task: 1.2)
            write_scores(plan.trials[0].folder.scores, table)
        case "gate":
            arguments += ["--set", "gate.pass=0.5"]
        case "report":
            plan.folder.report.unlink()
        case "verdict":
            plan.folder.verdict.write_text(plan.folder.verdict.read_text() + " ")
    invoke("run", *arguments)
    assert plan.folder.report.exists()
    assert plan.folder.verdict.stat().st_mtime_ns > created
