"""A trained head on a frozen backbone: kept vectors teach what encoding at every step does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from study_values import write_beir
from torch import Tensor, nn

from gonogo.core.files import read_json_lines
from gonogo.core.progress import Silent
from gonogo.models.build import build_model
from gonogo.models.retrieval_model import RetrievalModel
from gonogo.spec.study import TrialConfig
from gonogo.training.frozen_rows import FrozenRows
from gonogo.training.tasks import build_tasks
from gonogo.training.trainer import train


def config(backbone: Path, objective: str) -> TrialConfig:
    return TrialConfig.model_validate(
        {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "frozen"},
                "projection": {"kind": "mlp", "dimension": 12, "dropout": 0.0},
                "similarity": "euclidean",
            },
            "tasks": {
                "embed": {
                    "kind": "retrieval",
                    "data": ["left"],
                    "batch_size": 4,
                    "negatives": {"kind": "bm25", "count": 2, "ranks": [1, 6]},
                    "objective": {"kind": objective},
                    "regularisers": [{"kind": "sigreg", "slices": 16}, {"kind": "covariance"}],
                }
            },
            "training": {
                "accumulation": 1,
                "max_steps": 6,
                "head_learning_rate": 0.001,
                "precision": "fp32",
            },
            "evaluation": {"datasets": ["left"]},
        }
    )


def head_of(model: nn.Module) -> dict[str, Tensor]:
    assert isinstance(model, RetrievalModel)
    return dict(model.bi_encoder.projection.named_parameters())


def trained(
    spec: TrialConfig, folder: Path, *, kept: bool
) -> tuple[list[float], dict[str, Tensor]]:
    """Return losses and the head's weights; without kept vectors each step runs the backbone."""
    model = build_model(spec.model, 1)
    tasks = build_tasks(spec, 1, model, beside=folder)
    assert isinstance(tasks["embed"]._frozen, FrozenRows)
    if not kept:
        tasks["embed"]._frozen = None
    place = folder / f"trial_{kept}"
    train(spec, 1, model, tasks, place, progress=Silent())
    lines = list(read_json_lines(place / "logs/train.jsonl"))
    return [line["loss"] for line in lines], head_of(model)


@pytest.mark.parametrize("objective", ["triplet", "infonce"])
def test_a_frozen_backbone_teaches_from_kept_vectors_what_it_teaches_anew(
    tmp_path: Path,
    tiny_encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    objective: str,
) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    write_beir(tmp_path / "left", 0)
    spec = config(tiny_encoder_folder, objective)
    losses, head = trained(spec, tmp_path, kept=True)
    again, other = trained(spec, tmp_path, kept=False)
    start = head_of(build_model(spec.model, 1))
    assert len(losses) == 6
    assert losses == pytest.approx(again, rel=1e-5)
    assert head.keys() == other.keys() == start.keys()
    for name, value in head.items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=1e-5)
        assert (value - start[name]).abs().max() > 1e-3
