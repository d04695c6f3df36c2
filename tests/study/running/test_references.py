"""The backbone's own row on retrieval texts: no head, and the cosine whatever the model has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from planted_trials import plan_of
from study_values import study_values, write_beir

from gonogo.analysis.geometry.geometry_record import read_geometry
from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.data.files.score_table import read_scores
from gonogo.data.sources.loading import load_dataset
from gonogo.evaluation.encoding.encoding import encode
from gonogo.models.build.build import build_model
from gonogo.spec.data.text_data import BeirData
from gonogo.spec.model.model import TextModel
from gonogo.study.running.references import score_reference
from gonogo.study.running.runner import run_plan


@pytest.fixture
def study(tmp_path: Path, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a study of a euclidean model with a head, which looks at the geometry too."""
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    values: dict[str, Any] = study_values(tiny_encoder_folder)
    values["defaults"]["model"] |= {
        "adapter": {"kind": "full"},
        "projection": {"kind": "mlp", "dimension": 8},
        "similarity": "euclidean",
    }
    del values["defaults"]["tasks"]["rerank"], values["defaults"]["monitors"]
    values["arms"] = {"plain": {}, "other": {"training": {"epochs": 2}}}
    values["evaluation"] = {
        "datasets": ["left"],
        "metrics": ["RR@50"],
        "tasks": {"embed": {"kind": "retrieval", "depth": 50}},
        "references": ["untrained", "backbone"],
        "geometry": {"texts": "left", "count": 40},
    }
    values["gate"] = {
        **{"kind": "improvement", "task": "embed", "metric": "RR@50"},
        **{"candidate": "other", "baseline": "plain"},
    }
    write_beir(tmp_path / "left", 0)
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def reciprocal_rank(backbone: Path, folder: Path) -> dict[str, float]:
    """Return the mean reciprocal rank of pooled vectors, by cosine and by distance."""
    spec = TextModel(backbone=str(backbone), lengths={"query": 8, "passage": 24, "pair": 40})
    bare = build_model(spec.model_copy(update={"similarity": "euclidean"}), 0)
    data = load_dataset(BeirData(folder=str(folder)), "test")

    def vectors(texts: list[str], side: Any) -> Any:
        return encode(bare.bi_encoder, texts, side, device="cpu", autocast=bare.autocast)

    documents = vectors(list(data.corpus.texts), "passage")
    queries = vectors(list(data.queries.values()), "query")
    unit = documents / np.linalg.norm(documents, axis=1, keepdims=True)
    far = np.linalg.norm(queries[:, None] - documents[None], axis=-1)
    gold = [data.corpus.ids.index(next(iter(data.qrels[query]))) for query in data.queries]
    found = {}
    for name, order in {"cosine": -queries @ unit.T, "distance": far}.items():
        ranks = [
            1 + list(row).index(at) for row, at in zip(order.argsort(axis=1), gold, strict=True)
        ]
        found[name] = float(np.mean([1 / rank if rank <= 50 else 0.0 for rank in ranks]))
    return found


def test_it_is_the_bare_base_by_cosine(
    study: Path, tmp_path: Path, tiny_encoder_folder: Path
) -> None:
    plan = plan_of(study, tmp_path / "out", only="backbone")
    assert not run_plan(plan, device="cpu", progress=Silent()).failed
    [row] = plan.references
    expected = reciprocal_rank(tiny_encoder_folder, tmp_path / "left")
    assert abs(expected["cosine"] - expected["distance"]) > 1e-4
    scores = read_scores(row.folder.scores)
    assert scores["arm"].unique().to_list() == ["backbone"]
    assert scores["value"].mean() == pytest.approx(expected["cosine"], abs=1e-6)
    record = read_geometry(row.folder.geometry)
    assert (record.model, record.dimension) == ("backbone", 32)
    assert record.norm_mean == pytest.approx(1.0)


def test_it_is_not_the_untrained_row(study: Path, tmp_path: Path) -> None:
    plan = plan_of(study, tmp_path / "out", only="untrained")
    [row] = plan.references
    score_reference(row, Workplace(plan.beside))
    assert read_geometry(row.folder.geometry).dimension == 8  # under the head, and of any length
    assert read_geometry(row.folder.geometry).norm_std > 1e-4


def test_it_needs_no_head_and_teacher_is_its_other_name(study: Path, tmp_path: Path) -> None:
    headless = "model.projection=null"
    rows = plan_of(study, tmp_path, headless, "evaluation.references=[backbone]").references
    assert [row.name for row in rows] == ["backbone"]
    both = plan_of(study, tmp_path, "evaluation.references=[teacher, backbone]").references
    assert [type(row.row) for row in both] == 2 * [type(rows[0].row)]
    with pytest.raises(UserError, match="teacher needs a model of vectors under a head"):
        plan_of(study, tmp_path, headless, "evaluation.references=[teacher]")
