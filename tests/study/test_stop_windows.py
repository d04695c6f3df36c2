"""A run that is stopped right after a rename ends, when it goes on, as one that never stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted_runs import head_study
from planted_trials import plan_of

from gonogo.core.files import read_json, read_json_lines
from gonogo.core.progress import Silent
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.running import evaluating
from gonogo.study.running.runner import run_plan
from gonogo.study.running.settling import settle_finished
from gonogo.training.loop import trainer
from gonogo.training.loop.checkpoints import Checkpoints

MEASURED = ("train_seconds", "preparation_seconds", "evaluation_seconds", "peak_memory_mb")
ONLY = "small/seed_1"


def killed_after_final(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(Checkpoints):
        def finish(self, name: str, *rest: Any) -> None:
            super().finish(name, *rest)
            if name == "final":
                raise SystemExit

    monkeypatch.setattr(trainer, "Checkpoints", Killed)


def killed_after_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    write = evaluating.write_record

    def killed(path: Path, record: Any) -> None:
        write(path, record)
        raise SystemExit

    monkeypatch.setattr(evaluating, "write_record", killed)


def told(folder: TrialFolder) -> dict[str, Any]:
    """Return the record and the joined logs, without what a clock or the memory says."""
    result = read_json(folder.result)
    assert all(result[name] > 0 for name in MEASURED)
    summary = read_json(folder.log("train_summary.json"))
    lines = list(read_json_lines(folder.log("train_logs.jsonl")))
    clocks = ("examples_per_second", "memory_mb")
    return {
        "result": {key: value for key, value in result.items() if key not in MEASURED},
        "summary": {key: value for key, value in summary.items() if key != "train_seconds"},
        "lines": [{k: v for k, v in line.items() if k not in clocks} for line in lines],
        "scores": folder.scores.read_bytes(),
    }


@pytest.mark.parametrize("stop", [killed_after_final, killed_after_scores])
def test_a_stop_in_a_window_leaves_no_wrong_number(
    tiny_study: Path, tmp_path: Path, stop: Any
) -> None:
    study = head_study(tiny_study)

    def plan(out: str) -> Any:
        return plan_of(study, tmp_path / out, only=ONLY)

    assert not run_plan(plan("whole"), device="cpu", progress=Silent()).failed
    with pytest.MonkeyPatch.context() as patched:
        stop(patched)
        with pytest.raises(SystemExit):
            run_plan(plan("stopped"), device="cpu", progress=Silent())
    [trial] = plan("stopped").trials
    assert trial.action == ("evaluate" if stop is killed_after_final else "skip")
    if trial.action == "skip":  # as the verb does where nothing is left to run
        assert read_json(trial.folder.result)["state"] == "trained"
        assert settle_finished(plan("stopped")) == [ONLY]
    else:
        assert not run_plan(plan("stopped"), device="cpu", progress=Silent()).failed
    assert told(trial.folder) == told(plan("whole").trials[0].folder)
    assert settle_finished(plan("stopped")) == []
