"""What trials leave beside their scores, as the report will show it."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_trials import finish, plan_of, planted_scores

from gonogo.core.files import append_json_line, write_json, write_text
from gonogo.data.files.score_table import read_scores
from gonogo.study.deciding.gathering import MOST_POINTS, gather_evidence, gather_scores
from gonogo.study.folder.fingerprints import combine
from gonogo.study.planning.plan import Plan, PlannedTrial


def same(arm: str, seed: int, task: str) -> float:
    return 1.0


@pytest.fixture
def finished(tiny_study: Path, tmp_path: Path) -> Plan:
    """Return the plan of the tiny study with its first seed finished."""
    for trial in plan_of(tiny_study, tmp_path).trials:
        if trial.seed == 1:
            finish(trial, planted_scores(trial, same), {"steps": 4, "device": "cpu"})
    return plan_of(tiny_study, tmp_path)


def joint(plan: Plan) -> PlannedTrial:
    return next(trial for trial in plan.trials if trial.arm == "joint_single")


def write_curve(trial: PlannedTrial, steps: int) -> None:
    for step in range(steps):
        task = "embed" if step % 3 else "rerank"
        loss = None if step == 1 else 1.0 / (1 + step)
        append_json_line(
            trial.folder.log("train.jsonl"), {"step": step, "task": task, "loss": loss}
        )


def test_scores_of_finished_trials_alone_are_gathered(finished: Plan) -> None:
    table = gather_scores(finished)
    assert set(table["seed"]) == {1}
    assert set(table["arm"]) == {"emb_only", "rank_only", "joint_single"}
    assert read_scores(finished.folder.scores).height == table.height


def test_without_trials_the_table_is_empty(tiny_study: Path, tmp_path: Path) -> None:
    assert gather_scores(plan_of(tiny_study, tmp_path)).is_empty()


@pytest.mark.parametrize("rows", [1, 299, 300, 301, 598, 599, 600, 601, 900])
def test_curves_are_thinned_but_keep_both_ends(finished: Plan, rows: int) -> None:
    trial = finished.trials[0]
    lines = "".join(f'{{"step": {n}, "task": "embed", "loss": {n}.5}}\n' for n in range(rows))
    write_text(trial.folder.log("train.jsonl"), lines)
    (curve,) = gather_evidence(finished).curves
    assert (curve.steps[0], curve.steps[-1]) == (0, rows - 1)
    assert len(curve.steps) == len(set(curve.steps)) <= MOST_POINTS
    assert len(curve.steps) >= min(rows, MOST_POINTS // 2)
    assert curve.loss == tuple(step + 0.5 for step in curve.steps)


def test_each_task_has_a_curve_and_lines_without_loss_are_left_out(finished: Plan) -> None:
    write_curve(joint(finished), 9)
    curves = {curve.task: curve.steps for curve in gather_evidence(finished).curves}
    assert curves == {"rerank": (0, 3, 6), "embed": (2, 4, 5, 7, 8)}


def test_the_figures_of_looks_are_gathered_with_their_holes(finished: Plan) -> None:
    log = finished.trials[0].folder.log("validation.jsonl")
    assert gather_evidence(finished).looks == ()
    append_json_line(log, {"step": 5, "epoch": 1.0, "R@500": 0.5, "margin": None, "best": True})
    append_json_line(log, {"step": 9, "epoch": 2.0, "R@500": 0.25, "margin": 0.125})
    (found,) = gather_evidence(finished).looks
    assert (found.arm, found.seed) == (finished.trials[0].arm, finished.trials[0].seed)
    assert found.steps == (5, 9)
    assert found.figures == {"R@500": (0.5, 0.25), "margin": (None, 0.125)}
    write_text(log, '{"step": 5, "R@500": "high"}\n')
    assert gather_evidence(finished).looks == ()  # broken, and no reason to give no verdict


def test_a_curve_leaves_out_the_terms_that_only_some_arms_add(finished: Plan) -> None:
    plain, regularised = finished.trials[0], joint(finished)
    for step in range(4):
        line = {"step": step, "task": "embed"}
        append_json_line(plain.folder.log("train.jsonl"), {**line, "loss": 3.0 - step})
        terms = {"objective": 2.0 - step, "sigreg": 500.0}  # of weight 2
        append_json_line(
            regularised.folder.log("train.jsonl"), {**line, **terms, "loss": 1002.0 - step}
        )
    curves = {curve.arm: curve for curve in gather_evidence(finished).curves}
    assert curves[plain.arm].loss == (3.0, 2.0, 1.0, 0.0)
    assert not curves[plain.arm].terms_left_out
    assert curves[regularised.arm].loss == (2.0, 1.0, 0.0, -1.0)
    assert curves[regularised.arm].terms_left_out


def test_padding_is_the_share_of_all_tokens_not_a_mean_of_shares(finished: Plan) -> None:
    log = finished.trials[0].folder.log("train.jsonl")
    for step, (tokens, padding) in enumerate([(90, 0.1), (900, 0.0), (0, 0.0)]):
        line = {"step": step, "task": "embed", "loss": 1.0}
        append_json_line(log, {**line, "tokens": tokens, "padding": padding})
    heads = joint(finished).folder.log("train.jsonl")  # on kept vectors: no token passes
    append_json_line(heads, {"step": 1, "task": "embed", "loss": 1.0, "tokens": 0, "padding": 0.0})
    records = {(one.arm, one.seed): one.padding for one in gather_evidence(finished).trials}
    first = finished.trials[0]
    assert records[first.arm, first.seed] == pytest.approx(10 / 1000)
    assert [share for name, share in records.items() if name != (first.arm, first.seed)] == (
        [None] * (len(records) - 1)
    )


def conflict(step: int, first: str, second: str, **layers: float | None) -> dict[str, object]:
    return {"step": step, "tasks": [first, second], "mean_cosine": 0.1, "layers": layers}


def test_conflicts_are_grouped_by_pair_and_holes_stay_holes(finished: Plan) -> None:
    log = joint(finished).folder.log("gradient_conflicts.jsonl")
    append_json_line(log, conflict(1, "a", "b", low=-0.5, high=None))
    append_json_line(log, conflict(1, "a", "c", low=0.5))
    append_json_line(log, conflict(2, "a", "b", low=0.25, top=-1.0))
    pair, other = gather_evidence(finished).conflicts
    assert (pair.tasks, other.tasks) == (("a", "b"), ("a", "c"))
    assert pair.steps == (1, 2)
    assert pair.layers == ("low", "high", "top")
    assert pair.layer_cosine == ((-0.5, 0.25), (None, None), (None, -1.0))
    assert pair.fraction_negative == pytest.approx(2 / 3)
    assert other.fraction_negative == 0.0


def test_the_negative_share_counts_all_steps_not_only_those_that_are_drawn(
    finished: Plan,
) -> None:
    """Every second cosine is negative; a thinned curve that hits only these must not say 100 %."""
    log = joint(finished).folder.log("gradient_conflicts.jsonl")
    for step in range(2 * MOST_POINTS):
        append_json_line(log, conflict(step, "a", "b", low=-0.5 if step % 3 == 0 else 0.5))
    (found,) = gather_evidence(finished).conflicts
    assert len(found.steps) <= MOST_POINTS
    assert found.fraction_negative == pytest.approx(1 / 3)


def test_environments_that_differ_are_both_told(finished: Plan) -> None:
    for trial, processor in zip(finished.trials, ("fast", "slow", "fast"), strict=False):
        found = {"processor": processor, "python": "3.11", "command": f"gonogo {trial.name}"}
        write_json(trial.folder.environment, found)
    assert gather_evidence(finished).environment == {"processor": "fast; slow", "python": "3.11"}


def test_files_are_those_that_exist_relative_to_the_folder(finished: Plan) -> None:
    trial = joint(finished)
    write_text(trial.folder.run("embed", "left"), "q0 Q0 d0 1 1.0 x\n")
    write_text(trial.folder.log("train.jsonl"), "")
    files = gather_evidence(finished).files
    assert files["joint_single/seed_1: ranking embed/left"] == (
        "trials/joint_single/seed_1/runs/embed/left.trec"
    )
    assert "joint_single/seed_1: training log" in files
    assert "joint_single/seed_1: gradient conflicts" not in files
    assert not any("seed_2" in label for label in files)
    assert all((finished.folder.path / path).exists() for path in files.values())


def test_records_tell_state_cost_and_fingerprint(finished: Plan, tiny_study: Path) -> None:
    write_json(finished.trials[3].folder.inputs, finished.trials[3].training)
    write_json(finished.trials[3].folder.result, {"state": "failed", "error": "no memory"})
    plan = plan_of(tiny_study, finished.folder.path.parents[1])
    records = {(r.arm, r.seed): r for r in gather_evidence(plan).trials}
    done = records["emb_only", 1]
    assert (done.state, done.steps, done.device) == ("finished", 4, "cpu")
    assert done.fingerprint == combine(plan.trials[0].training)
    assert records["emb_only", 2].state == "failed"
    assert (records["rank_only", 2].state, records["rank_only", 2].fingerprint) == ("missing", "")
