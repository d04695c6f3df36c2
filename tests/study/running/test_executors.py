"""Trials side by side: the same results as one by one, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from planted_runs import head_study
from planted_trials import plan_of

from gonogo.core.progress import Silent
from gonogo.study.planning.plan import Plan
from gonogo.study.running.runner import RunSummary, run_plan

LONG = (
    "training.max_steps=400",
    "training.epochs=60",
    "training.checkpoint_every=20",
    "training.validation.every=200",
)


@pytest.fixture
def study(tiny_study: Path) -> Path:
    return head_study(tiny_study)


class Lines(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def results(plan: Plan) -> dict[str, bytes]:
    """Return weights and scores of every trial."""
    return {
        str(file.relative_to(plan.folder.path)): file.read_bytes()
        for trial in plan.trials
        for file in (*trial.folder.final.glob("*.safetensors"), trial.folder.scores)
    }


def run(study: Path, out: Path, *sets: str, workers: int = 2) -> RunSummary:
    return run_plan(plan_of(study, out, *sets), device="cpu", progress=Silent(), workers=workers)


def start(study: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """Start a run of two workers that takes long enough to be disturbed."""
    sets = [word for each in LONG for word in ("--set", each)]
    command = [sys.executable, "-m", "gonogo", "run", str(study), "--out", str(out), *sets]
    return subprocess.Popen(
        [*command, "--workers", "2", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def have_checkpoints(plan: Plan, count: int) -> Callable[[], bool]:
    def look() -> bool:
        folders = [trial.folder.path / "checkpoints" for trial in plan.trials]
        return sum(any(folder.glob("step_*")) for folder in folders) >= count

    return look


def test_side_by_side_gives_the_same_bits_as_one_by_one(study: Path, tmp_path: Path) -> None:
    assert not run(study, tmp_path / "one", workers=1).failed
    progress = Lines()
    plan = plan_of(study, tmp_path / "two")
    summary = run_plan(plan, device="cpu", progress=progress, workers=2)
    assert not summary.failed
    assert not summary.interrupted
    assert sorted(summary.seconds) == sorted(trial.name for trial in plan.trials)
    one = results(plan_of(study, tmp_path / "one"))
    assert results(plan) == one
    assert len(one) == 2 * len(plan.trials)
    assert plan_of(study, tmp_path / "two").is_finished
    for trial in plan.trials:  # what workers say names its trial
        assert any(f"{trial.name}: run" in line for line in progress.said)
        assert any("trainable" in line and trial.name in line for line in progress.said)


def test_wrong_input_in_a_worker_is_told_by_the_run(study: Path, tmp_path: Path) -> None:
    """The bank goes away after the plan was made."""
    plan = plan_of(study, tmp_path)
    (study.parent / "bank.npy").unlink()
    summary = run_plan(plan, device="cpu", progress=Silent(), workers=2)
    assert sorted(summary.failed) == sorted(trial.name for trial in plan.trials)
    assert all("bank.npy" in reason for reason in summary.failed.values())


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["the group, as Ctrl-C does", "the run alone"])
def test_an_interrupted_crew_resumes_to_the_same_bits(
    study: Path, tmp_path: Path, whom: str
) -> None:
    plan = plan_of(study, tmp_path / "cut", *LONG)
    process = start(study, tmp_path / "cut")
    wait_for(have_checkpoints(plan, 1), process)
    (os.killpg if "group" in whom else os.kill)(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command continues" in error
    assert "Traceback" not in error
    again = plan_of(study, tmp_path / "cut", *LONG)
    assert "resume" in [trial.action for trial in again.trials]
    assert not run(study, tmp_path / "cut", *LONG).failed
    assert not run(study, tmp_path / "whole", *LONG, workers=1).failed
    assert results(again) == results(plan_of(study, tmp_path / "whole", *LONG))


def test_a_worker_that_is_killed_takes_no_other_with_it(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, *LONG)
    process = start(study, tmp_path)
    wait_for(have_checkpoints(plan, 1), process)
    workers = [
        child
        for child in psutil.Process(process.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    workers[0].kill()
    _, error = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "its process has ended (signal 9, which the system also sends" in error
    actions = [trial.action for trial in plan_of(study, tmp_path, *LONG).trials]
    left = [action for action in actions if action != "skip"]
    # Which worker was killed, the one with a checkpoint or one that had only begun, is chance.
    assert left in (["resume"], ["run"])


@pytest.mark.slow
def test_workers_end_with_a_run_that_is_killed(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, *LONG)
    process = start(study, tmp_path)
    wait_for(have_checkpoints(plan, 1), process)
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
