"""gonogo evaluate --calibration: fitted on the train split, told on the test split, drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_folders import sentence_folder
from study_values import write_beir
from typer.testing import CliRunner

from gonogo.analysis.statistics.calibration import (
    calibration_error,
    concatenated,
    fit_monotone,
)
from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.data.sources.evaluation_sets import evaluation_sets
from gonogo.data.sources.loading import load_dataset
from gonogo.data.weights.model_places import find_model
from gonogo.evaluation.text.candidates import as_ranking, bm25_candidates
from gonogo.study.trained.calibrate_models import CalibratedSet, calibrate_models
from gonogo.study.trained.evaluate_model_parts import Settings
from gonogo.study.trained.evaluate_models import Machine


@pytest.fixture(autouse=True)
def _home(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_beir(data_home / "alone", 20, splits=("test",))


def calibrated(models: list[str], sets: list[str]) -> list[CalibratedSet]:
    return calibrate_models(
        [find_model(name) for name in models],
        evaluation_sets(sets),
        Settings(),
        Machine(fetch=False),
        progress=Silent(),
    )


def scored(split: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what BM25 finds for each query of a split."""
    (member,) = evaluation_sets(["left"])[0].members
    dataset = load_dataset(member, split)  # type: ignore[arg-type]
    ranking = as_ranking(bm25_candidates(dataset, 100), dataset)
    return [
        (
            np.array([score for _, score in found]),
            np.array([dataset.qrels[query].get(document, 0) > 0 for document, _ in found]),
        )
        for query, found in ranking.items()
    ]


def test_the_map_is_fitted_on_the_train_split_and_judged_on_the_test_split() -> None:
    [row] = calibrated(["bm25"], ["left"])
    assert row.found is not None
    mapped = fit_monotone(*concatenated(scored("train"))[:2])
    scores, relevant, queries = concatenated(scored("test"))
    assert row.found == calibration_error(mapped(scores), relevant, queries)
    assert row.found.low <= row.found.high
    assert 0 < row.found.share < 1
    assert row.found.documents == sum(bar.count for bar in row.found.bins)


def test_a_set_without_a_train_split_says_so_and_the_others_go_on() -> None:
    rows = calibrated(["bm25"], ["alone", "left"])
    assert [row.found is None for row in rows] == [True, False]
    assert "train" in rows[0].note


def test_a_model_that_embeds(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    model = str(sentence_folder(tmp_path / "mine", tiny_encoder_folder, longest=24))
    [row] = calibrated([model], ["left"])
    assert row.found is not None
    assert row.found.queries > 10


def test_the_verb_writes_every_bin_and_the_figure(tmp_path: Path) -> None:
    out = tmp_path / "evidence" / "calibration.json"
    command = ["evaluate", "bm25", "--datasets", "left", "--calibration", "--out", str(out)]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    [found] = json.loads(out.read_text(encoding="utf-8"))["sets"]
    assert (found["model"], found["dataset"]) == ("bm25", "left")
    assert {"error", "low", "high", "bins", "share"} <= found.keys()
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert out.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert "expected calibration error" in done.stdout


def test_what_has_no_figure_ends_with_code_one_and_another_ending_is_refused(
    tmp_path: Path,
) -> None:
    given = ["evaluate", "bm25", "--datasets", "alone", "--calibration", "--out"]
    done = CliRunner().invoke(app, [*given, str(tmp_path / "a.json")])
    assert done.exit_code == 1
    refused = CliRunner().invoke(app, [*given, str(tmp_path / "a.md")])
    assert isinstance(refused.exception, UserError)
    assert "'a.md' is no .json file" in str(refused.exception)
