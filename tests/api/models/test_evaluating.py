"""gonogo.evaluate on real data, with a model that gonogo has trained."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

import gonogo as gg

NEAR = Path(__file__).parents[3].parent / "shared" / "datasets"
"""Where data sets lie beside a checkout; $GONOGO_DATA names another place."""


def data_folder(name: str) -> Path:
    """Return the folder of a real data set; skip where there is none."""
    for folder in (*os.environ.get("GONOGO_DATA", "").split(os.pathsep), str(NEAR)):
        if folder and (Path(folder) / name).is_dir():
            return Path(folder)
    pytest.skip(f"no data folder with {name} here")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_trained_model_on_scifact(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONOGO_DATA", str(data_folder("scifact")))
    settings = {"training.max_steps": 2, "seeds": [1], "evaluation.references": []}
    study = gg.study(tiny_study, set=settings, out=tmp_path / "out")
    trained = study.run(device="cpu", warn=lambda line: None).trials["emb_only", 1]
    model = trained.load(device="cpu")
    found = gg.evaluate(
        model, ["scifact"], metrics=["nDCG@10"], max_queries=20, folder=tmp_path / "e", device="cpu"
    )
    assert not found.failed
    scores = found.scores()
    assert set(scores["dataset"]) == {"scifact"}
    assert set(scores["metric"]) == {"nDCG@10"}
    assert scores["query_id"].n_unique() == len(scores) == 20
    mean = found.to_frame().filter(pl.col("metric") == "nDCG@10")["mean"].item()
    assert mean == pytest.approx(scores["value"].mean())
    again = gg.evaluate(
        trained.folder,
        ["scifact"],
        ["nDCG@10"],
        max_queries=20,
        folder=tmp_path / "f",
        device="cpu",
    )
    assert again.scores()["value"].to_list() == scores["value"].to_list()
