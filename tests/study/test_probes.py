"""Short measurements count everything that an evaluation does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from study_values import write_beir

from gonogo.models.build import build_model
from gonogo.spec.evaluation import EvaluationSpec
from gonogo.spec.model import TextModel
from gonogo.study import probes
from gonogo.study.probes import time_evaluation


@pytest.mark.parametrize(("count", "texts"), [(20, 20), (5000, 75)])
def test_a_look_at_the_geometry_costs_its_texts(
    tmp_path: Path,
    tiny_encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    texts: int,
) -> None:
    """No more of them than the corpus has, each at the pace of the sample."""
    write_beir(tmp_path / "left", 0)
    model = build_model(TextModel(backbone=str(tiny_encoder_folder)), 0)
    monkeypatch.setattr(probes, "TEXTS", 5)
    monkeypatch.setattr(probes, "_seconds", lambda work: 100.0)
    plain: dict[str, Any] = {
        "datasets": ["left"],
        "tasks": {"embed": {"kind": "retrieval"}},
    }
    looking = {**plain, "geometry": {"texts": "left", "count": count}}
    without, with_it = (
        time_evaluation(model, EvaluationSpec.model_validate(values), tmp_path)
        for values in (plain, looking)
    )
    assert with_it - without == pytest.approx(100.0 * texts / 5, abs=10.0)
