"""Where a training starts, against the loss of embeddings that are all alike."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from training_toys import equal_bits

from gonogo.core.workplace import Workplace
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.objectives.build import build_unmasked_objective
from gonogo.spec.study import TrialConfig
from gonogo.spec.task.objectives import InfoNce
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.text.retrieval_task import RetrievalTask
from gonogo.training.text.start_check import Start, start_of, start_warnings

PLAIN = build_unmasked_objective(InfoNce(query_query=False, document_document=False), "cosine")


def config(backbone: Path, pooling: str, **objective: Any) -> TrialConfig:
    return TrialConfig.model_validate(
        {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "lora", "rank": 2, "dropout": 0.2},
                "pooling": pooling,
                "query_instruction": None,
            },
            "tasks": {
                "embed": {
                    "kind": "retrieval",
                    "data": ["left"],
                    "batch_size": 8,
                    "negatives": {"kind": "none"},
                    "objective": {
                        "kind": "infonce",
                        "query_query": False,
                        "document_document": False,
                        **objective,
                    },
                    "regularisers": [{"kind": "covariance"}],
                }
            },
            "training": {"accumulation": 1, "precision": "fp32", "token_budget": 512},
            "evaluation": {"datasets": ["left"]},
        }
    )


def built(config: TrialConfig, home: Path) -> tuple[RetrievalModel, dict[str, Any]]:
    model = build_model(config.model, 1)
    assert isinstance(model, RetrievalModel)
    return model, build_tasks(config, 1, model, Workplace(home))


def test_alike_is_ln_of_the_candidates(data_home: Path, tiny_decoder_folder: Path) -> None:
    """Each query of the batch has one answer and seven other documents, none masked."""
    model, tasks = built(config(tiny_decoder_folder, "last_token"), data_home)
    task = tasks["embed"]
    assert isinstance(task, RetrievalTask)
    start = start_of(task, model, PLAIN)
    assert start.alike == pytest.approx(math.log(8), abs=1e-5)
    assert start.batch == 8
    # all five parts of the denominator: other queries and other documents, too
    model, tasks = built(
        config(tiny_decoder_folder, "mean", query_query=True, document_document=True), data_home
    )
    loss = build_unmasked_objective(InfoNce(), "cosine")
    assert start_of(tasks["embed"], model, loss).alike == pytest.approx(
        math.log(1 + 3 * 7), abs=1e-5
    )


def test_only_a_last_token_start_above_it_is_told(
    data_home: Path, tiny_decoder_folder: Path
) -> None:
    """Temperatures far too small put any random model above; one far too large none."""
    for pooling, temperature, told in (
        ("last_token", 0.001, True),
        ("last_token", 100.0, False),
        ("mean", 0.001, False),
    ):
        settings = {"temperature": temperature}
        configured = config(tiny_decoder_folder, pooling, **settings)
        model, tasks = built(configured, data_home)
        lines = list(start_warnings(model, tasks, configured.tasks))
        assert bool(lines) == told, (pooling, temperature)
        assert all("model.pooling: mean" in line and "2.08" in line for line in lines)


def test_measuring_the_start_leaves_everything_as_it_was(
    data_home: Path, tiny_decoder_folder: Path
) -> None:
    model, tasks = built(config(tiny_decoder_folder, "last_token"), data_home)
    before = {name: weight.detach().clone() for name, weight in model.trainable().items()}
    memory = dict(tasks["embed"].state_dict())
    start_of(tasks["embed"], model, PLAIN)
    assert equal_bits(before, dict(model.trainable()))
    after = tasks["embed"].state_dict()
    assert str(after) == str(memory)


def test_equal_is_not_above() -> None:
    assert not Start(2.0, 2.0, 8).is_above
    assert Start(2.1, 2.0, 8).is_above
