"""What is done, stale, or left to do; the plan touches nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.spec.checks.resolve import resolve
from gonogo.study.folder.fingerprints import Hasher, changed_keys
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.planning.plan import Plan, make_plan


def plan_of(path: Path, out: Path, *sets: str, tier: str = "full", **options: object) -> Plan:
    study = resolve(path, tier, sets)
    folder = StudyFolder.under(out, study.study, study.tier)
    return make_plan(study, folder, path.parent, **options)  # type: ignore[arg-type]


def pretend_trained(plan: Plan) -> None:
    for trial in plan.trials:
        write_json(trial.folder.inputs, trial.training)
        write_json(trial.folder.final / "state.json", {"complete": True})


def pretend_finished(plan: Plan) -> None:
    pretend_trained(plan)
    for trial in plan.trials:
        write_json(trial.folder.evaluation, {"inputs": trial.evaluation})
        trial.folder.scores.touch()


def test_a_plan_lists_every_trial_and_writes_nothing(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path / "out")
    assert [trial.name for trial in plan.trials[:3]] == [
        "emb_only/seed_1",
        "rank_only/seed_1",
        "joint_single/seed_1",
    ]
    assert {trial.action for trial in plan.trials} == {"run"}
    assert [row.name for row in plan.references] == ["bm25", "untrained"]
    assert not (tmp_path / "out").exists()


def test_finished_trials_are_skipped(tiny_study: Path, tmp_path: Path) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path))
    assert {trial.action for trial in plan_of(tiny_study, tmp_path).trials} == {"skip"}


def test_trained_trials_go_to_evaluation(tiny_study: Path, tmp_path: Path) -> None:
    pretend_trained(plan_of(tiny_study, tmp_path))
    assert {trial.action for trial in plan_of(tiny_study, tmp_path).trials} == {"evaluate"}


def test_a_half_written_final_folder_is_not_a_finished_trial(
    tiny_study: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_study, tmp_path)
    for trial in plan.trials:
        write_json(trial.folder.inputs, trial.training)
        trial.folder.final.mkdir(parents=True)
    assert {trial.action for trial in plan_of(tiny_study, tmp_path).trials} == {"resume"}


def test_a_changed_key_makes_a_trial_stale_and_is_named(tiny_study: Path, tmp_path: Path) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path))
    for trial in plan_of(tiny_study, tmp_path, "model.adapter.rank=3").trials:
        assert trial.action == "run"
        assert trial.reason == "stale: model.adapter.rank: 2 -> 3"


def test_a_changed_measure_scores_again_and_trains_nothing(
    tiny_study: Path, tmp_path: Path
) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path))
    for trial in plan_of(tiny_study, tmp_path, "evaluation.tasks.embed.depth=7").trials:
        assert trial.action == "evaluate"
        assert "evaluation.tasks.embed.depth: 20 -> 7" in trial.reason


def test_changed_data_make_stale_what_learned_from_them(tiny_study: Path, tmp_path: Path) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path))
    qrels = tiny_study.parent / "left" / "qrels" / "train.tsv"
    qrels.write_text(qrels.read_text().replace("q0\td0\t1", "q0\td1\t1"), encoding="utf-8")
    reasons = [trial.reason for trial in plan_of(tiny_study, tmp_path).trials]
    assert all("stale: tasks." in reason and "data[0]: left " in reason for reason in reasons)


@pytest.mark.parametrize(
    "override",
    ["training.checkpoint_every=7", "training.log_every=3", "monitors=[]", "gate.pass=0.5"],
)
def test_what_cannot_change_a_result_is_not_in_the_fingerprint(
    tiny_study: Path, tmp_path: Path, override: str
) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path))
    plan = plan_of(tiny_study, tmp_path, override)
    assert {trial.action for trial in plan.trials} == {"skip"}


def test_a_setting_that_came_later_leaves_finished_trials_current_at_its_default(
    tiny_study: Path, tmp_path: Path
) -> None:
    key = "training.learning_rate_schedule"
    plan = plan_of(tiny_study, tmp_path)
    assert key not in plan.trials[0].training
    pretend_finished(plan)
    changed = plan_of(tiny_study, tmp_path, f"{key}=constant").trials[0]
    assert (changed.action, changed.reason) == ("run", f"stale: {key}: absent -> constant")


def test_a_study_moved_to_another_folder_has_the_same_fingerprints(
    tiny_study: Path, tmp_path: Path
) -> None:
    first = plan_of(tiny_study, tmp_path).trials[0]
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("left", "right", "tiny.yaml"):
        (tiny_study.parent / name).rename(moved / name)
    second = plan_of(moved / "tiny.yaml", tmp_path).trials[0]
    assert first.training == second.training
    assert first.evaluation == second.evaluation


def test_seeds_and_tiers_never_satisfy_one_another(tiny_study: Path, tmp_path: Path) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path, tier="quick"))
    assert {trial.action for trial in plan_of(tiny_study, tmp_path).trials} == {"run"}
    config = resolve(tiny_study).arms["emb_only"]
    hasher = Hasher(tiny_study.parent)
    changes = changed_keys(hasher.training_inputs(config, 1), hasher.training_inputs(config, 2))
    assert changes == ["seed: 1 -> 2"]


def test_only_and_force(tiny_study: Path, tmp_path: Path) -> None:
    pretend_finished(plan_of(tiny_study, tmp_path))
    plan = plan_of(tiny_study, tmp_path, only="joint*/seed_2", force=True)
    assert [(trial.name, trial.action) for trial in plan.trials] == [("joint_single/seed_2", "run")]
    with pytest.raises(UserError, match="matches no trial"):
        plan_of(tiny_study, tmp_path, only="nobody")


def test_a_trial_that_was_set_aside_is_found_by_its_fingerprint(
    tiny_study: Path, tmp_path: Path
) -> None:
    before = plan_of(tiny_study, tmp_path)
    pretend_finished(before)
    for trial in before.trials:
        shutil.move(trial.folder.path, before.folder.set_aside(trial.arm, trial.seed, "then"))
    changed = plan_of(tiny_study, tmp_path, "model.adapter.rank=3")
    assert {trial.action for trial in changed.trials} == {"run"}
    pretend_finished(changed)
    back = plan_of(tiny_study, tmp_path)
    assert {trial.action for trial in back.trials} == {"skip"}
    first = back.trials[0]
    assert first.folder.path == before.folder.set_aside(first.arm, first.seed, "then")
    assert first.reason == "scores are complete (in stale/emb_only/seed_1_then)"
    assert plan_of(tiny_study, tmp_path, "model.adapter.rank=3").trials[0].action == "skip"
    forced = plan_of(tiny_study, tmp_path, force=True).trials[0]
    assert (forced.action, forced.folder.path) == ("run", before.trials[0].folder.path)


def test_a_pattern_on_reference_rows_leaves_out_all_trials(
    tiny_study: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_study, tmp_path, only="bm*")
    assert plan.trials == ()
    assert [row.name for row in plan.references] == ["bm25"]
    # A trial's scores mean little without the rows beside them: those stay.
    assert len(plan_of(tiny_study, tmp_path, only="emb_only").references) == 2
    with pytest.raises(UserError) as raised:
        plan_of(tiny_study, tmp_path, only="bm26")
    assert "reference rows: bm25, untrained" in str(raised.value.hint)
