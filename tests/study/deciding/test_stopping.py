"""Stop when decided: exactly by the rule, said everywhere, taken back when the study goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from planted_trials import Mean, finish, plan_of, planted_scores
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.files import read_json
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.deciding.stopping import look, read_stop
from gonogo.study.running import jobs
from gonogo.study.running.runner import RunSummary, run_plan
from gonogo.study.running.trial import Outcome

SEEDS = "seeds=[1,2,3,4,5]"
NO_ROWS = "evaluation.references=[]"
Run = Callable[..., RunSummary]


def clear_loss(arm: str, seed: int, task: str) -> float:
    """Twenty percent of interference on every seed: a PASS that nothing can take back."""
    return 0.8 if arm == "joint_single" else 1.0


def unclear(arm: str, seed: int, task: str) -> float:
    """Interference that jumps over the lines from seed to seed."""
    return 1.0 - 0.05 * (seed % 2) if arm == "joint_single" else 1.0


def seeds_of(plan: Any, action: str) -> set[int]:
    return {trial.seed for trial in plan.trials if trial.action == action}


@pytest.fixture
def run(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run of the tiny study in which planted scores stand for training."""

    def start(share: Mean, *sets: str, stop: bool = True, **options: Any) -> RunSummary:
        def planted(trial: Any, _: Workplace) -> Outcome:
            finish(trial, planted_scores(trial, share))
            return Outcome("finished")

        monkeypatch.setattr(jobs, "run_trial", planted)
        plan = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS, *sets, **options)
        return run_plan(plan, device="cpu", progress=Silent(), stop_when_decided=stop)

    return start


def test_a_decided_study_stops_before_its_next_seed(
    run: Run, tiny_study: Path, tmp_path: Path
) -> None:
    """By O'Brien and Fleming, constant effects cross the boundary at the first look, two seeds."""
    summary = run(clear_loss)
    assert len(summary.seconds) == 3 * 2
    plan = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS)
    assert seeds_of(plan, "skip") == {1, 2}
    record = read_json(plan.folder.stopped)
    assert (record["done"], record["reason"]) == ([1, 2], "alpha spending")
    stop = read_stop(plan)
    assert stop is not None
    assert stop.sentence.startswith("stopped early after 2 of 5 seeds: ")
    decision = decide_plan(plan, "test").decision
    assert decision.verdict == "PASS"
    assert stop.sentence in decision.warnings


def test_an_open_study_runs_to_its_end(run: Run, tiny_study: Path, tmp_path: Path) -> None:
    assert len(run(unclear).seconds) == 3 * 5
    plan = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS)
    assert plan.is_finished
    assert not plan.folder.stopped.exists()


def test_it_stops_when_the_rule_first_says_so(run: Run, tiny_study: Path, tmp_path: Path) -> None:
    """Each look is repeated by hand: the run must end at the first that says stop."""

    def share(arm: str, seed: int, task: str) -> float:
        return 1.0 - (0.10 + 0.03 * (seed % 2)) if arm == "joint_single" else 1.0

    run(share, stop=False)
    plan = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS)
    # As if seed by seed: later seeds are hidden from each look.
    first = None
    for seed in (2, 3, 4, 5):
        known = plan_of(tiny_study, tmp_path / "again", SEEDS, NO_ROWS)
        for trial in known.trials:
            if trial.seed < seed and not trial.folder.scores.exists():
                finish(trial, planted_scores(trial, share))
        if look(plan_of(tiny_study, tmp_path / "again", SEEDS, NO_ROWS), seed) is not None:
            first = seed - 1
            break
    assert first in (3, 4)  # neither at once nor never: the planted noise is between
    plan_of(tiny_study, tmp_path / "again", SEEDS, NO_ROWS).folder.stopped.unlink()
    # The same study, run with the flag in a fresh folder, has trained just these seeds.
    for trial in plan.trials:
        trial.folder.inputs.unlink()
    run(share)
    assert seeds_of(plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS), "skip") == set(
        range(1, first + 1)
    )


def test_going_on_without_the_flag_takes_the_statement_back(
    run: Run, tiny_study: Path, tmp_path: Path
) -> None:
    run(clear_loss)
    assert len(run(clear_loss, stop=False).seconds) == 3 * 3
    plan = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS)
    assert plan.is_finished
    assert read_stop(plan) is None
    decision = decide_plan(plan, "test").decision
    assert decision.verdict == "PASS"
    assert not [line for line in decision.warnings if "stopped early" in line]


def test_with_the_flag_again_nothing_more_is_trained(run: Run) -> None:
    run(clear_loss)
    assert not run(clear_loss).seconds


def test_a_stop_holds_for_its_gate_and_seeds_only(
    run: Run, tiny_study: Path, tmp_path: Path
) -> None:
    run(clear_loss)
    for change in ("gate.pass=0.3", "gate.stopping_alpha=0.01", "seeds=[1,2,3,4]"):
        assert read_stop(plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS, change)) is None
    other = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS, "gate.pass=0.3")
    assert decide_plan(other, "test").decision.verdict == "INCOMPLETE"


def test_running_an_early_seed_anew_does_not_take_the_stop_back(
    run: Run, tiny_study: Path, tmp_path: Path
) -> None:
    run(clear_loss)
    run(clear_loss, stop=False, force=True, only="*/seed_1")
    assert read_stop(plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS)) is not None


def test_nothing_is_looked_at_while_a_trial_is_missing(
    run: Run, tiny_study: Path, tmp_path: Path
) -> None:
    run(clear_loss, only="*/seed_[12]")
    plan = plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS)
    assert look(plan, 3) is not None
    plan.folder.stopped.unlink()
    plan.folder.trial("rank_only", 2).evaluation.unlink()
    assert look(plan, 3) is None
    assert look(plan, 1) is None


def test_nothing_is_looked_at_once_a_later_seed_is_there(
    run: Run, tiny_study: Path, tmp_path: Path
) -> None:
    run(clear_loss, only="*/seed_[124]", stop=False)
    assert look(plan_of(tiny_study, tmp_path, SEEDS, NO_ROWS), 3) is None


def test_status_and_plan_say_that_a_study_stopped(
    run: Run, tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Drawing the report takes seconds and is not in question here.
    monkeypatch.setattr("gonogo.study.deciding.publishing.write_report", lambda verdict, folder: {})
    run(clear_loss)
    more = [str(tiny_study), "--out", str(tmp_path), "--set", SEEDS, "--set", NO_ROWS]
    for verb in ("status", "plan"):
        result = CliRunner().invoke(app, [verb, *more], catch_exceptions=False)
        assert "stopped early after 2 of 5 seeds" in result.stdout
    quiet = ["run", *more, "--stop-when-decided"]
    result = CliRunner().invoke(app, quiet, catch_exceptions=False)
    assert result.exit_code == 0
    assert "nothing to do: stopped early after 2 of 5 seeds" in result.stdout
