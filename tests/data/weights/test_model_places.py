from __future__ import annotations

from pathlib import Path

import pytest
from sentence_folders import sentence_folder, write

from gonogo.core.errors import UserError
from gonogo.data.weights.model_places import find_model


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))


def saved(folder: Path) -> Path:
    write(folder / "model.json", {"format": 1})
    (folder / "heads.safetensors").write_bytes(b"x")
    return folder


def test_a_trial_stands_for_its_final_checkpoint(tmp_path: Path) -> None:
    trial = tmp_path / "trials" / "joint" / "seed_1"
    saved(trial / "checkpoints" / "final")
    for name in (trial, trial / "checkpoints" / "final"):
        place = find_model(str(name))
        assert (place.kind, place.label) == ("saved", "joint/seed_1")
    assert find_model(str(saved(tmp_path / "exported"))).label == "exported"


def test_a_trial_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text("arm: joint\n")
    with pytest.raises(UserError, match="no finished checkpoint"):
        find_model(str(tmp_path))


def test_folders_of_others(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    assert find_model("bm25").kind == "bm25"
    assert find_model(str(tiny_encoder_folder)).kind == "backbone"
    place = find_model(str(sentence_folder(tmp_path / "mine", tiny_encoder_folder)))
    assert (place.kind, place.label) == ("sentence", "mine")
    with pytest.raises(UserError, match="no backbone or folder 'nowhere'"):
        find_model("nowhere")


def test_the_fingerprint_follows_whatever_changes_a_vector(
    tmp_path: Path, tiny_encoder_folder: Path
) -> None:
    first = sentence_folder(tmp_path / "first", tiny_encoder_folder)
    same = sentence_folder(tmp_path / "same", tiny_encoder_folder)
    cut = sentence_folder(tmp_path / "cut", tiny_encoder_folder, longest=9)
    (same / "README.md").write_text("not read")
    fingerprints = [find_model(str(folder)).fingerprint for folder in (first, same, cut)]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    bare = find_model(str(tiny_encoder_folder)).fingerprint
    assert bare not in fingerprints  # the same weights, pooled and cut by other rules
    folder = saved(tmp_path / "saved")
    before = find_model(str(folder)).fingerprint
    (folder / "heads.safetensors").write_bytes(b"yy")
    assert find_model(str(folder)).fingerprint != before
