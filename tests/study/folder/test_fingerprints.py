"""What a trial's fingerprint sees, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_sequences import tower_config
from planted_weights import write_tiny_study

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.evaluation.references import Bm25Row, SvdRow, UntrainedRow
from gonogo.study.folder.fingerprints import Hasher, Inputs


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny_study(tmp_path)


def inputs(path: Path, arm: str, *sets: str) -> tuple[Inputs, Inputs]:
    """Return what an arm's training and its evaluation depend on, with some settings changed."""
    config = resolve(path, "full", sets).arms[arm]
    hasher = Hasher(path.parent)
    return hasher.training_inputs(config, 1), hasher.evaluation_inputs(config)


def test_a_schedule_matters_only_to_arms_with_several_tasks(tiny: Path) -> None:
    change = "arms.joint_single.schedule.kind=mixed"
    assert inputs(tiny, "emb_only") == inputs(tiny, "emb_only", "schedule.kind=mixed")
    before, after = (inputs(tiny, "joint_single", *sets)[0] for sets in ((), (change,)))
    assert (before["schedule.kind"], after["schedule.kind"]) == ("alternating", "mixed")
    rest = [{k: v for k, v in each.items() if "schedule" not in k} for each in (before, after)]
    assert rest[0] == rest[1]


@pytest.mark.parametrize(
    "change",
    [
        "training.gradcache=true",
        "training.trackers=[tensorboard]",
        "training.checkpoint_every=7",
        "training.log_every=3",
        "monitors=[{kind: gradient_conflict, every: 9}]",
        "evaluation.in_domain=[left]",
    ],
)
def test_what_changes_no_number_is_not_hashed(tiny: Path, change: str) -> None:
    assert inputs(tiny, "joint_single") == inputs(tiny, "joint_single", change)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("training.epochs=7", "training.epochs"),
        ("training.accumulation=3", "training.accumulation"),
        ("training.token_budget=256", "training.token_budget"),
        ("model.adapter.rank=9", "model.adapter.rank"),
    ],
)
def test_what_changes_weights_is_hashed(tiny: Path, change: str, key: str) -> None:
    before, after = inputs(tiny, "joint_single")[0], inputs(tiny, "joint_single", change)[0]
    assert {name for name in before if before[name] != after[name]} == {key}


def test_reference_rows_are_no_part_of_a_trials_evaluation(tiny: Path) -> None:
    """A row more or less scores nothing anew but itself."""
    few, more = (
        inputs(tiny, "emb_only", f"evaluation.references=[{rows}]")[1]
        for rows in ("{kind: bm25}", "{kind: bm25}, {kind: untrained}")
    )
    assert few == more
    assert not [key for key in few if "references" in key]


def test_a_row_that_is_fitted_depends_on_what_the_arms_are_trained_on(tiny: Path) -> None:
    config, hasher = resolve(tiny).arms["emb_only"], Hasher(tiny.parent)
    untrained = hasher.reference_inputs(UntrainedRow(), config, 1)
    fitted = hasher.reference_inputs(SvdRow(dimension=8), config, 1)
    assert not [key for key in untrained if key.startswith("tasks.")]
    assert [key for key in fitted if key.startswith("tasks.embed.data")]
    assert hasher.reference_inputs(Bm25Row(), config, 1) == hasher.evaluation_inputs(config)


def test_an_error_that_names_its_file_keeps_it(tiny: Path) -> None:
    (tiny.parent / "weights" / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config\.json") as told:
        inputs(tiny, "emb_only")
    assert (told.value.file, told.value.place) == (tiny.parent / "weights", None)


def test_an_error_that_names_no_place_is_told_with_its_key(tiny: Path) -> None:
    config = resolve(tiny, "full", ("evaluation.datasets=[nowhere]",)).arms["emb_only"]
    with pytest.raises(UserError, match="no data folder 'nowhere'") as told:
        Hasher(tiny.parent, file=tiny).evaluation_inputs(config)
    assert (told.value.file, told.value.place) == (tiny, "evaluation.datasets[0]")


def test_weights_to_start_from_enter_by_content_and_by_seed(tmp_path: Path) -> None:
    for seed in (1, 2):
        folder = tmp_path / f"gru/seed_{seed}/checkpoints/final"
        folder.mkdir(parents=True)
        (folder / "model.json").write_text("{}")
        (folder / "heads.safetensors").write_bytes(bytes([seed]))
    config = tower_config(tmp_path / "pairs")
    named = config.model.model_copy(update={"start_from": "gru"})
    started = config.model_copy(update={"model": named, "tasks": {}})
    hasher, key = Hasher(tmp_path), "model.start_from"
    one, two = (hasher.training_inputs(started, seed) for seed in (1, 2))
    assert one[key] != two[key]
    assert key not in hasher.training_inputs(config.model_copy(update={"tasks": {}}), 1)
    (tmp_path / "gru/seed_1/checkpoints/final/heads.safetensors").write_bytes(b"more")
    assert Hasher(tmp_path).training_inputs(started, 1)[key] != one[key]
