"""What a trial's fingerprint sees, and what it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planted_sequences import tower_config
from planted_weights import write_tiny_study

from gonogo.core.errors import UserError
from gonogo.core.files import sha256_file
from gonogo.spec.base import NOT_HASHED, Spec
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.data.text_data import DataSpec
from gonogo.spec.data.vector_data import PairsData, VectorFile
from gonogo.spec.evaluation.evaluation_tasks import NeighbourEvaluation
from gonogo.spec.evaluation.references import Bm25Row, SvdRow, UntrainedRow
from gonogo.study.folder import fingerprints
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


def test_the_way_out_of_an_error_is_kept(tiny: Path) -> None:
    config = resolve(tiny, "full", ("evaluation.datasets=[nowhere]",)).arms["emb_only"]
    with pytest.raises(UserError) as told:
        Hasher(tiny.parent, file=tiny).evaluation_inputs(config)
    assert "GONOGO_DATA" in str(told.value)


def test_a_data_set_is_hashed_once_and_fetched_unless_that_is_off(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, bool]] = []

    def hashed(spec: DataSpec, split: str, *, beside: Path | None, fetch: bool) -> str:
        assert beside == tiny.parent
        asked.append((spec.name, split, fetch))
        return f"{spec.name}-{split}"

    monkeypatch.setattr(fingerprints, "dataset_fingerprint", hashed)
    arms = resolve(tiny).arms
    for hasher, fetches in ((Hasher(tiny.parent), True), (Hasher(tiny.parent, fetch=False), False)):
        asked.clear()
        for config in arms.values():
            inputs = hasher.training_inputs(config, 1) | hasher.evaluation_inputs(config)
            assert "left left-train" in inputs.values()
        assert len(set(asked)) == len(asked) > 1
        assert {fetch for *_, fetch in asked} == {fetches}


def test_files_folders_and_banks_are_looked_up_beside_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    for name in ("p", "other"):
        (study / name).mkdir(parents=True)
    (study / "p" / "manifest.json").write_text(json.dumps({"kind": "pairs", "format": 1}))
    (study / "bank.npy").write_bytes(b"bank")
    (study / "v.npy").write_bytes(b"vectors")
    config = tower_config(study / "p")
    [name] = config.tasks
    data = PairsData(folder="p", bank="bank.npy")
    tasks = {name: config.tasks[name].model_copy(update={"data": data})}
    asked = NeighbourEvaluation(data=(VectorFile(path="v.npy"),))
    spec = config.evaluation.model_copy(update={"tasks": {"near": asked}, "datasets": ()})
    config = config.model_copy(update={"tasks": tasks, "evaluation": spec})
    hasher = Hasher(study)
    training, evaluation = hasher.training_inputs(config, 1), hasher.evaluation_inputs(config)
    assert training[f"tasks.{name}.data.folder"] == sha256_file(study / "p" / "manifest.json")
    assert training[f"tasks.{name}.data.bank"] == sha256_file(study / "bank.npy")
    assert evaluation["evaluation.tasks.near.data[0].path"] == sha256_file(study / "v.npy")


MARKED = {
    "TrialConfig.monitors",
    "TrialConfig.postmortem",
    "EvaluationSpec.off_task",
    "EvaluationSpec.in_domain",
    "TrainingSpec.gradcache",
    "TrainingSpec.checkpoint_every",
    "TrainingSpec.log_every",
    "TrainingSpec.keep_checkpoints",
    "TrainingSpec.trackers",
    "GradientConflict.every",
    "Validation.line",
}
"""Every key that cannot change a result; one more, or one less, moves fingerprints."""


def specifications(kind: type[Spec]) -> set[type[Spec]]:
    """Return every specification below one."""
    below = {each for own in kind.__subclasses__() for each in specifications(own)}
    return {kind} | below


def test_what_is_marked_as_not_hashed_is_known() -> None:
    found = {
        f"{kind.__name__}.{name}"
        for kind in specifications(Spec)
        if kind.__module__.startswith("gonogo.spec")
        for name, field in kind.model_fields.items()
        if field.json_schema_extra == NOT_HASHED
    }
    assert found == MARKED


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


def test_a_key_that_came_later_is_hashed_once_it_differs_from_its_default(tiny: Path) -> None:
    before = inputs(tiny, "emb_only")
    assert not [key for part in before for key in part if key.endswith((".max_steps", ".geometry"))
                if key != "training.max_steps"]  # fmt: skip
    after, _ = inputs(tiny, "emb_only", "arms.emb_only.tasks.embed.max_steps=3")
    assert {key for key in after if after[key] != before[0].get(key)} == {"tasks.embed.max_steps"}
