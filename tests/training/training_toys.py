"""A model, tasks and configurations small enough that a training takes a second."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from gonogo.data.examples.examples import RelevanceExample, RetrievalExample
from gonogo.models.parts.module import Head, ParameterGroup
from gonogo.objectives.build import build_embedding_objective, build_score_objective
from gonogo.spec.study import TrialConfig
from gonogo.spec.task.objectives import InfoNce, YesNoCrossEntropy
from gonogo.training.passes.chunked import ChunkSettings
from gonogo.training.text.relevance_task import RelevanceTask
from gonogo.training.text.retrieval_task import RetrievalTask

VOCABULARY, WIDTH = 64, 16


def word_ids(text: str) -> list[int]:
    """Return an id from 1 on for each word."""
    return [1 + zlib.crc32(word.encode()) % (VOCABULARY - 1) for word in text.split()]


class Body(nn.Module):
    """Word vectors, averaged, through dropout and a layer: the least that has a length."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.layer = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        mask = attention_mask.unsqueeze(-1).float()
        mean = (self.words(input_ids) * mask).sum(1) / mask.sum(1)
        return self.norm(mean + self.layer(self.dropout(mean)).tanh())


class FakeBiEncoder(nn.Module):
    similarity = "cosine"
    pad_id = 0

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body

    def tokenize(self, texts: Sequence[str], side: str) -> list[list[int]]:
        return [word_ids(text) for text in texts]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return nn.functional.normalize(self.body(input_ids, attention_mask), dim=-1)


class FakeCrossEncoder(nn.Module):
    pad_id = 0

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(WIDTH, 1)

    def tokenize(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        return [[*word_ids(query), *word_ids(document)] for query, document in pairs]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(self.body(input_ids, attention_mask)).squeeze(-1)


class FakeModel(nn.Module):
    """The least that the trainer and the tasks ask for."""

    device = "cpu"
    precision = "fp32"

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.body = Body(dropout)
        self.bi_encoder, self.cross_encoder = FakeBiEncoder(self.body), FakeCrossEncoder(self.body)

    def trainable(self) -> dict[str, nn.Parameter]:
        return dict(self.named_parameters())

    def parameter_groups(self) -> tuple[ParameterGroup, ...]:
        learns = self.trainable()
        heads = {name: learns.pop(name) for name in list(learns) if ".head." in name}
        return ParameterGroup("body", "backbone", learns), ParameterGroup("heads", "head", heads)

    def learn_heads(self, heads: Collection[Head]) -> None:
        """Let all learn."""

    def autocast(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def save(self, folder: Path) -> None:
        save_file(
            {name: p.detach().clone() for name, p in self.trainable().items()},
            folder / "model.safetensors",
        )

    def bits(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.trainable().items()}


def make_model(dropout: float = 0.1, seed: int = 0) -> FakeModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FakeModel(dropout)


def equal_bits(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


TOPICS = ("tree", "river", "stone", "cloud", "fire", "snow", "iron", "glass", "salt", "wood")


def _document(number: int) -> str:
    topic = TOPICS[number % len(TOPICS)]
    return f"{topic} stands in paragraph {number} " + "with more words " * (number % 4)


def retrieval_data(count: int = 24) -> list[RetrievalExample]:
    """A query shares its topic with its document, and with no negative."""
    return [
        RetrievalExample(
            dataset="toy",
            query_id=f"q{n}",
            query=f"what about {TOPICS[n % len(TOPICS)]} number {n}",
            positive_id=f"d{n}",
            positive=_document(n),
            negative_ids=(f"d{n + 1}", f"d{n + 2}")[: 1 + n % 2],
            negatives=(_document(n + 1), _document(n + 2))[: 1 + n % 2],
            relevant_ids=frozenset({f"d{n}"}),
        )
        for n in range(count)
    ]


def relevance_data(count: int = 12) -> list[RelevanceExample]:
    return [
        RelevanceExample(
            dataset="toy",
            query_id=f"q{n}",
            query=f"what about {TOPICS[n % len(TOPICS)]}",
            document_id=f"d{n + shift}",
            document=_document(n + shift),
            label=int(shift == 0),
        )
        for n in range(count)
        for shift in (0, 3, 5)
    ]


def settings(model: FakeModel, budget: int = 64, replay: bool = False) -> ChunkSettings:
    return ChunkSettings(budget, 0, model.device, model.autocast, replay)


def make_embed(model: FakeModel, seed: int = 1, **changes: Any) -> RetrievalTask:
    options = {"batch_size": 4, "settings": settings(model), "examples": retrieval_data()}
    options["objective"] = build_embedding_objective(InfoNce())
    options |= changes
    return RetrievalTask(
        "embed",
        options.pop("examples"),
        tokenize=model.bi_encoder.tokenize,
        forward=model.bi_encoder,
        seed=seed,
        **options,
    )


def make_rerank(model: FakeModel, seed: int = 1, **changes: Any) -> RelevanceTask:
    options = {"batch_size": 6, "settings": settings(model), "examples": relevance_data()}
    options["objective"] = build_score_objective(YesNoCrossEntropy())
    options |= changes
    return RelevanceTask(
        "rerank",
        options.pop("examples"),
        tokenize=model.cross_encoder.tokenize,
        forward=model.cross_encoder,
        seed=seed,
        **options,
    )


def make_tasks(model: FakeModel, *names: str, seed: int = 1) -> dict[str, Any]:
    makers: dict[str, Callable[..., Any]] = {"embed": make_embed, "rerank": make_rerank}
    return {name: makers[name](model, seed) for name in names or makers}


def make_config(
    *names: str, schedule: dict[str, Any] | None = None, **training: Any
) -> TrialConfig:
    tasks = {
        "embed": {"kind": "retrieval", "data": ["python-api/json"], "batch_size": 4},
        "rerank": {"kind": "relevance", "data": ["python-api/json"], "batch_size": 6},
    }
    defaults = {"epochs": 2, "accumulation": 2, "learning_rate": 0.01, "checkpoint_every": 3}
    return TrialConfig.model_validate(
        {
            "model": {"backbone": "fake"},
            "tasks": {name: tasks[name] for name in names or tasks},
            "schedule": schedule or {"kind": "alternating"},
            "training": defaults | training,
            "evaluation": {"datasets": ["python-api/json"]},
        }
    )
