"""Names of runs: kept with their trials, never a reason to run again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from planted_runs import finish_all, finish_trial, with_runs
from planted_trials import plan_of

from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_json
from gonogo.study.planning.plan import Plan
from gonogo.study.tracking.run_ids import (
    current_record,
    names_given,
    read_records,
    register_runs,
    rows_of,
)


@pytest.fixture
def study(tiny_study: Path) -> Path:
    return with_runs(tiny_study)


def backdate(plan: Plan) -> dict[str, str]:
    """Make the names on file old, so that a new one could not be equal; return them."""
    records = read_json(plan.folder.runs)
    for record in records:
        record["run_id"] = record["run_id"].replace("_20", "_19")
    write_json(plan.folder.runs, records)
    return {record["experiment"]: record["run_id"] for record in records}


def ids(plan: Plan) -> dict[str, str | None]:
    records = read_records(plan)
    found = {n: current_record(n, row, plan, records) for n, row in rows_of(plan.study).items()}
    return {name: record and record.run_id for name, record in found.items()}


def test_names_are_made_of_resolved_settings(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, "training.max_steps=3", "tasks.embed.batch_size=5")
    register_runs(plan)
    found = ids(plan)
    assert found["both"] is not None
    assert found["both"].startswith("v1_both_s3_seeds12_b5_2")
    assert re.fullmatch(r".*_b5_\d{8}_\d{6}", found["both"])


def test_a_format_writes_a_setting_with_its_digits(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, "summary.run_id='{experiment}_lr{lr:.4f}_b{batch}'")
    register_runs(plan)
    lr = plan.study.arms["emb_only"].training.learning_rate
    assert str(ids(plan)["one"]).startswith(f"one_lr{lr:.4f}_b")


@pytest.mark.parametrize("template", ["{lr:d}", "{experiment:.2f}"])
def test_a_format_that_cannot_write_the_value_is_refused(
    study: Path, tmp_path: Path, template: str
) -> None:
    with pytest.raises(UserError, match=r"summary\.run_id: .* cannot write"):
        plan_of(study, tmp_path, f"summary.run_id='{template}'")


def test_a_name_needs_no_choice_where_the_rows_are_one_run(study: Path, tmp_path: Path) -> None:
    values = yaml.safe_load(study.read_text(encoding="utf-8"))
    del values["experiments"]["long"]
    study.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    plan = plan_of(study, tmp_path, "seeds=[4]")
    assert [trial.name for trial in plan.trials] == ["emb_only/seed_4"]
    assert names_given(plan, "mine") == {"one": "mine"}
    with pytest.raises(UserError, match="one name for 2 runs: one, both"):
        names_given(plan_of(study, tmp_path), "mine")


def test_seeds_of_several_digits_stay_apart(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, "seeds=[4, 12]")
    register_runs(plan)
    assert "_seeds4-12_" in str(ids(plan)["one"])


def test_a_new_timestamp_runs_nothing_again_and_a_finished_run_keeps_its_name(
    study: Path, tmp_path: Path
) -> None:
    register_runs(plan_of(study, tmp_path))
    old = backdate(plan_of(study, tmp_path))
    plan = finish_all(study, tmp_path)
    assert {trial.action for trial in plan.trials} == {"skip"}
    register_runs(plan)
    assert ids(plan) == old


def test_an_interrupted_run_goes_on_under_its_name(study: Path, tmp_path: Path) -> None:
    register_runs(plan_of(study, tmp_path))
    old = backdate(plan_of(study, tmp_path))
    finish_trial(plan_of(study, tmp_path).trials[0], [0.5])
    register_runs(plan_of(study, tmp_path))
    assert ids(plan_of(study, tmp_path)) == old


def test_other_settings_and_force_are_other_runs(study: Path, tmp_path: Path) -> None:
    register_runs(plan_of(study, tmp_path))
    old = backdate(finish_all(study, tmp_path))
    changed = plan_of(study, tmp_path, "training.learning_rate=1e-3")
    assert set(ids(changed).values()) == {None}
    register_runs(plan_of(study, tmp_path, only="long", force=True))
    found = ids(plan_of(study, tmp_path))
    assert found["long"] != old["long"]
    assert (found["one"], found["both"]) == (old["one"], old["both"])


def test_whoever_goes_back_to_old_settings_finds_the_old_name(study: Path, tmp_path: Path) -> None:
    register_runs(plan_of(study, tmp_path))
    old = backdate(finish_all(study, tmp_path))
    register_runs(plan_of(study, tmp_path, "training.learning_rate=1e-3"))
    assert ids(plan_of(study, tmp_path)) == old


def test_a_row_that_others_have_computed_dates_from_them(study: Path, tmp_path: Path) -> None:
    register_runs(plan_of(study, tmp_path, only="emb_only/seed_2"))
    assert read_records(plan_of(study, tmp_path)) == {}
    plan = finish_all(study, tmp_path)
    assert ids(plan) == ids(plan)
    assert str(ids(plan)["one"]).startswith("v1_one_s4_seeds1_b4_2")


def test_a_row_is_named_only_when_all_its_trials_will_run(study: Path, tmp_path: Path) -> None:
    register_runs(plan_of(study, tmp_path, only="one"))
    started = read_records(plan_of(study, tmp_path)).values()
    assert [record.experiment for record in started] == ["one"]


def test_a_given_name_is_that_of_the_one_run_asked_for(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path, only="both")
    register_runs(plan, "my_custom_run")
    assert ids(plan_of(study, tmp_path))["both"] == "my_custom_run"
    assert str(ids(plan_of(study, tmp_path))["one"]).startswith("v1_one_")
    register_runs(finish_all(study, tmp_path), None)
    assert ids(plan_of(study, tmp_path))["both"] == "my_custom_run"


@pytest.mark.parametrize(
    ("only", "name", "told"),
    [
        (None, "mine", "one name for 3 runs"),
        ("emb_only/seed_2", "mine", "one name for 0 runs"),
        ("long", "a/b", "cannot be used as a name"),
        ("long", "taken", "'one' is called so already"),
    ],
)
def test_a_name_for_anything_but_one_run_is_refused(
    study: Path, tmp_path: Path, only: str | None, name: str, told: str
) -> None:
    register_runs(plan_of(study, tmp_path, only="one"), "taken")
    with pytest.raises(UserError) as error:
        names_given(plan_of(study, tmp_path, only=only), name)
    assert told in str(error.value)


def test_a_study_without_runs_takes_no_name(tiny_study: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this study has no runs to name"):
        names_given(plan_of(tiny_study, tmp_path), "mine")
