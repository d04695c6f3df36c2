"""A whole study from file to verdict: repeatable, resumable, and honest about what is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.core.files import read_json, read_json_lines
from gonogo.core.progress import Silent
from gonogo.data.files.score_table import read_scores
from gonogo.models.build.build import build_model
from gonogo.models.parts.module import HEADS_FILE
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.checks.resolve import resolve
from gonogo.study.deciding.decision import decide_plan
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.planning.plan import Plan, make_plan
from gonogo.study.running.runner import RunSummary, run_plan


def plan_of(path: Path, out: Path, *sets: str, **options: object) -> Plan:
    study = resolve(path, "quick", sets)
    folder = StudyFolder.under(out, study.study, study.tier)
    return make_plan(study, folder, path.parent, **options)  # type: ignore[arg-type]


def run_all(path: Path, out: Path, *sets: str, **options: object) -> RunSummary:
    return run_plan(plan_of(path, out, *sets, **options), device="cpu", progress=Silent())


def decide(path: Path, out: Path, *sets: str) -> VerdictFile:
    return decide_plan(plan_of(path, out, *sets), "test")


def weights(plan: Plan) -> dict[str, bytes]:
    return {
        trial.name: b"".join(
            file.read_bytes() for file in sorted(trial.folder.final.glob("*.safetensors"))
        )
        for trial in plan.trials
    }


@pytest.fixture(scope="module")
def make_study(
    tmp_path_factory: pytest.TempPathFactory, tiny_encoder_folder: Path
) -> Callable[[], Path]:
    """Return a maker of fresh copies of the tiny study, shared by the slow tests below."""
    import yaml
    from study_values import study_values, write_beir

    def make() -> Path:
        folder = tmp_path_factory.mktemp("study")
        write_beir(folder / "left", 0)
        write_beir(folder / "right", 20)
        path = folder / "tiny.yaml"
        text = yaml.safe_dump(study_values(tiny_encoder_folder), sort_keys=False)
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="module")
def finished(make_study: Callable[[], Path]) -> tuple[Path, Path]:
    """Return a study and the output folder of its complete run."""
    path = make_study()
    out = path.parent / "out"
    summary = run_all(path, out)
    assert not summary.failed
    return path, out


def test_every_arm_is_scored_on_every_task_beside_the_references(
    finished: tuple[Path, Path],
) -> None:
    plan = plan_of(*finished)
    assert plan.is_finished
    verdict = decide(*finished)
    assert verdict.decision.verdict == "INVALID"  # two steps teach nothing, and that is told
    assert any("untrained" in step for step in verdict.decision.next_actions)
    scores = read_scores(plan.folder.scores)
    counts = scores.group_by("arm", "task", "dataset", "metric").len()
    assert set(counts["arm"]) == {"emb_only", "rank_only", "joint_single", "bm25", "untrained"}
    assert counts.group_by("dataset").agg(pl.col("len").n_unique())["len"].to_list() == [1, 1]
    off = {(s.arm, s.task) for s in verdict.scores if s.off_task}
    assert off == {("emb_only", "rerank"), ("rank_only", "embed")}


def test_hand_over_files_are_all_there(finished: tuple[Path, Path]) -> None:
    plan = plan_of(*finished)
    decide(*finished)
    assert plan.folder.gate.exists()
    assert plan.folder.study.exists()
    for trial in plan.trials:
        place = trial.folder
        for file in (place.config, place.environment, place.scores, place.log("train.jsonl")):
            assert file.exists(), file
        assert len(list(place.path.glob("runs/*/*.trec"))) == 4
        lines = list(read_json_lines(place.log("train.jsonl")))
        assert {"step", "task", "loss", "learning_rate", "gradient_norm"} <= set(lines[0])
    joint = plan.folder.trial("joint_single", 1)
    conflicts = list(read_json_lines(joint.log("gradient_conflicts.jsonl")))
    assert conflicts
    assert {"mean_cosine", "norm_ratio", "layers", "tasks", "step"} <= set(conflicts[0])


def test_only_arms_with_a_reranking_task_count_the_head_on_pairs(
    finished: tuple[Path, Path],
) -> None:
    plan = plan_of(*finished)
    counts = {
        trial.arm: read_json(trial.folder.result)["trainable_parameters"] for trial in plan.trials
    }
    head = (32 + 1) * 8 + (8 + 1) * 1
    alone = counts["emb_only"]
    assert alone > 0
    assert counts == {"emb_only": alone, "rank_only": alone + head, "joint_single": alone + head}
    verdict = decide(*finished)
    assert {record.arm: record.trainable_parameters for record in verdict.evidence.trials} == counts


def test_a_head_that_an_arm_did_not_train_is_scored_as_the_seed_made_it(
    finished: tuple[Path, Path],
) -> None:
    trial = next(one for one in plan_of(*finished).trials if one.arm == "emb_only")
    untrained = build_model(trial.config.model, trial.seed)
    assert isinstance(untrained, RetrievalModel)
    saved = load_file(trial.folder.final / HEADS_FILE)
    assert saved.keys() == untrained.head_state().keys()
    for name, value in untrained.head_state().items():
        assert torch.equal(saved[name], value)


def test_a_trial_says_in_which_number_format_and_on_how_many_threads_it_was_made(
    finished: tuple[Path, Path],
) -> None:
    for trial in plan_of(*finished).trials:
        result = read_json(trial.folder.result)
        environment = read_json(trial.folder.environment)
        assert (result["precision"], environment["precision"]) == ("fp32", "fp32")
        assert (result["device"], environment["device"]) == ("cpu", "cpu")
        assert environment["threads"] == str(torch.get_num_threads())


def test_a_number_format_that_is_asked_for_is_the_one_that_is_recorded(
    make_study: Callable[[], Path],
) -> None:
    path = make_study()
    sets, options = ("training.precision=bf16", "training.max_steps=1"), {"only": "emb_only"}
    run_all(path, path.parent / "bf16", *sets, **options)
    [trial] = plan_of(path, path.parent / "bf16", *sets, **options).trials
    for file in (trial.folder.result, trial.folder.environment):
        assert read_json(file)["precision"] == "bf16"


def test_joint_arm_sees_as_many_examples_as_its_specialists(finished: tuple[Path, Path]) -> None:
    records = {record.arm: record.examples for record in decide(*finished).evidence.trials}
    assert records["joint_single"] == {**records["emb_only"], **records["rank_only"]}


def test_a_finished_study_does_nothing_again(finished: tuple[Path, Path]) -> None:
    before = weights(plan_of(*finished))
    summary = run_all(*finished)
    assert not summary.seconds
    assert weights(plan_of(*finished)) == before


def test_same_seed_gives_the_same_bits(
    finished: tuple[Path, Path], make_study: Callable[[], Path]
) -> None:
    path = make_study()
    out = path.parent / "again"
    run_all(path, out, only="joint*")
    first = plan_of(*finished).folder.trial("joint_single", 1)
    second = plan_of(path, out).folder.trial("joint_single", 1)
    assert read_scores(first.scores).equals(read_scores(second.scores))
    for run in sorted(first.path.glob("runs/*/*.trec")):
        assert run.read_bytes() == (second.path / run.relative_to(first.path)).read_bytes()


def test_lost_evaluation_of_one_task_is_found_and_made_up(
    finished: tuple[Path, Path], make_study: Callable[[], Path]
) -> None:
    path = make_study()
    out = path.parent / "lost"
    run_all(path, out, only="emb_only")
    place = plan_of(path, out).folder.trial("emb_only", 1)
    complete = read_scores(place.scores)
    trained = (place.final / "state.json").stat().st_mtime_ns
    place.evaluation.unlink()
    place.part("rerank", "left").unlink()
    assert plan_of(path, out, only="emb_only").trials[0].action == "evaluate"
    run_all(path, out, only="emb_only")
    assert read_scores(place.scores).equals(complete)
    assert (place.final / "state.json").stat().st_mtime_ns == trained


def test_missing_arms_are_incomplete_and_named(make_study: Callable[[], Path]) -> None:
    path = make_study()
    out = path.parent / "partial"
    run_all(path, out, only="emb_only")
    decision = decide(path, out).decision
    assert decision.verdict == "INCOMPLETE"
    assert any("joint_single" in hole for hole in decision.missing)
    assert any("rank_only" in hole for hole in decision.missing)


def test_a_changed_gate_is_told_old_beside_new(finished: tuple[Path, Path]) -> None:
    changes = decide(*finished, "gate.pass=0.5").gate.changes
    assert [(c.key, c.frozen, c.now) for c in changes] == [("gate.pass", "0.02", "0.5")]


def test_stale_trials_are_kept_aside(make_study: Callable[[], Path]) -> None:
    path = make_study()
    out = path.parent / "stale"
    run_all(path, out, only="emb_only")
    run_all(path, out, "training.learning_rate=0.002", only="emb_only")
    plan = plan_of(path, out, "training.learning_rate=0.002", only="emb_only")
    assert plan.trials[0].action == "skip"
    kept = list((plan.folder.path / "stale" / "emb_only").iterdir())
    assert len(kept) == 1
    assert (kept[0] / "scores.parquet").exists()


def test_a_failing_trial_does_not_stop_the_others(
    make_study: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gonogo.study.running import trial as module

    real = module.build_tasks

    def broken(config: object, *args: object, **kwargs: object) -> object:
        if "rerank" in config.tasks and len(config.tasks) == 1:  # type: ignore[attr-defined]
            raise RuntimeError("the disk is on fire")
        return real(config, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "build_tasks", broken)
    path = make_study()
    out = path.parent / "broken"
    summary = run_all(path, out)
    assert list(summary.failed) == ["rank_only/seed_1"]
    plan = plan_of(path, out)
    assert [trial.action for trial in plan.trials] == ["skip", "resume", "skip"]
    assert "on fire" in plan.trials[1].standing.error
    assert "on fire" in plan.trials[1].folder.log("error.txt").read_text()
    states = {record.arm: record.state for record in decide(path, out).evidence.trials}
    assert states["rank_only"] == "failed"


COMMAND = [sys.executable, "-m", "gonogo", "run"]


def _start(path: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [*COMMAND, str(path), "--quick", "--out", str(out), "--only", "joint*", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        if process.poll() is not None:
            pytest.fail(f"ended before it could be stopped: {process.communicate()}")
        time.sleep(0.01)


STEPS = ("--set", "training.max_steps=40", "--set", "training.checkpoint_every=3")
SETS = ("training.max_steps=40", "training.checkpoint_every=3")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_stopped_and_resumed_equals_uninterrupted(
    how: signal.Signals, make_study: Callable[[], Path]
) -> None:
    path = make_study()
    whole, cut = path.parent / "whole", path.parent / "cut"
    run_all(path, whole, *SETS, only="joint*")
    place = plan_of(path, cut, *SETS).folder.trial("joint_single", 1)
    process = _start(path, cut, *STEPS)
    _wait_for(lambda: any((place.path / "checkpoints").glob("step_*")), process)
    os.kill(process.pid, how)
    _, error = process.communicate()
    if how != signal.SIGKILL:
        assert process.returncode == 130
        assert "Traceback" not in error
    assert plan_of(path, cut, *SETS, only="joint*").trials[0].action == "resume"
    run_all(path, cut, *SETS, only="joint*")
    reference = plan_of(path, whole, *SETS).folder.trial("joint_single", 1)
    assert read_scores(place.scores).equals(read_scores(reference.scores))
    for file in sorted(reference.final.glob("*.safetensors")):
        assert file.read_bytes() == (place.final / file.name).read_bytes()
    steps = [(r["step"], r["task"]) for r in read_json_lines(place.log("train.jsonl"))]
    assert steps == [(r["step"], r["task"]) for r in read_json_lines(reference.log("train.jsonl"))]


def test_scores_from_elsewhere_give_the_same_verdict(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    from gonogo.study.deciding.decision import decide_scores

    ours = decide(*finished)
    table = read_scores(plan_of(*finished).folder.scores)
    theirs = decide_scores(str(finished[0]), table, "test")
    assert theirs.decision.verdict == ours.decision.verdict
    for mine, other in zip(ours.effects, theirs.effects, strict=True):
        assert json.loads(mine.model_dump_json()) == json.loads(other.model_dump_json())


def test_rankings_from_elsewhere_give_the_same_effects(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    from gonogo.study.deciding.decision import decide_scores
    from gonogo.study.deciding.run_files import score_runs

    path, _ = finished
    plan = plan_of(*finished)
    qrels = tmp_path / "qrels"
    qrels.mkdir()
    for name in ("left", "right"):
        text = (path.parent / name / "qrels" / "test.tsv").read_text()
        (qrels / f"{name}.tsv").write_text(text, encoding="utf-8")
    table = score_runs(plan.folder.path / "trials", str(qrels), ("nDCG@10",)).scores
    theirs = decide_scores(str(path), table, "test")
    for mine, other in zip(decide(*finished).effects, theirs.effects, strict=True):
        assert other.difference.value == pytest.approx(mine.difference.value, abs=1e-12)
        assert other.ratio == mine.ratio or (mine.ratio and mine.ratio.value) is not None
