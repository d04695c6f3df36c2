"""Contrastive training on judged texts: what gonogo and its peer learn, and gonogo's way.

Both learn the same triples (a query, a relevant document, a BM25 negative) from the same weights
with AdamW at the same rates: InfoNCE over the batch's positives and hard negatives at temperature
0.05. The peer's way is in benchmarks/contrastive_peer.py.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import peak
from forward_work import distinct_rows

from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.examples import RetrievalExample, retrieval_examples
from gonogo.data.sources.loading import load_dataset
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.study import TrialConfig
from gonogo.spec.task.tasks import RetrievalTask as TaskSpec
from gonogo.training.loop.learning_rate import learning_rates
from gonogo.training.loop.optimizer import build_optimizer
from gonogo.training.loop.run import Run
from gonogo.training.loop.step import take_step
from gonogo.training.loop.tasks import build_tasks, task_budgets
from gonogo.training.parts.determinism import deterministic
from gonogo.training.parts.schedules import plan_steps
from gonogo.training.text.retrieval_task import RetrievalTask

DATASETS = Path(__file__).parents[1].parent / "shared" / "datasets"
RANK = 16


@dataclass(frozen=True)
class Setting:
    """What both sides train.

    Args:
        model: the backbone.
        lora: adapters of rank 16 learn, else all weights.
        data: a BEIR folder, by its name or path.
        examples: how many training queries.
        batch_size: queries a step.
        length: most tokens of a document; queries have 64.
        learning_rate: the peak; a cosine falls from it after one step in twenty of warm-up.
        other_negatives: gonogo, too, sets each query against the other queries' hard negatives.
        device: where both train.
        precision: of the products; the fastest that the device multiplies in hardware by itself.
    """

    model: str = "minilm"
    lora: bool = False
    data: str = "scifact"
    examples: int = 64
    batch_size: int = 32
    length: int = 256
    learning_rate: float = 5e-5
    other_negatives: bool = False
    device: peak.Device = "cpu"
    precision: peak.Format | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> Setting:
        """Return what `add_options` asked for."""
        return cls(**{each.name: getattr(options, each.name) for each in fields(cls)})

    @property
    def form(self) -> peak.Format:
        return self.precision or peak.formats(self.device)[-1]

    @property
    def folder(self) -> str:
        return self.data if Path(self.data).exists() else str(DATASETS / self.data)

    def trial(self, **training: Any) -> TrialConfig:
        adapter = {"kind": "lora", "rank": RANK} if self.lora else {"kind": "full"}
        objective = {
            "kind": "infonce",
            "false_negative_margin": None,
            "query_query": False,
            "document_document": False,
            "other_negatives": self.other_negatives,
        }
        return TrialConfig.model_validate(
            {
                "model": {
                    "backbone": self.model,
                    "adapter": adapter,
                    "query_instruction": None,
                    "lengths": {"query": 64, "passage": self.length, "pair": 512},
                },
                "tasks": {
                    "embed": {
                        "kind": "retrieval",
                        "data": [self.folder],
                        "max_queries": self.examples,
                        "positives_per_query": 1,
                        "negatives": {"kind": "bm25", "count": 1},
                        "objective": objective,
                        "batch_size": self.batch_size,
                    }
                },
                "training": {
                    "accumulation": 1,
                    "learning_rate": self.learning_rate,
                    **training,
                },
                "evaluation": {
                    "datasets": [self.folder],
                    "tasks": {"embed": {"kind": "retrieval"}},
                },
            }
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add one option for each field of a `Setting`."""
    parser.add_argument("--model", default=Setting.model)
    parser.add_argument("--lora", action="store_true", help="adapters learn, else all weights")
    parser.add_argument("--data", default=Setting.data, help="a BEIR folder, by its name or path")
    parser.add_argument("--examples", type=int, default=Setting.examples)
    parser.add_argument("--batch-size", type=int, default=Setting.batch_size)
    parser.add_argument("--length", type=int, default=Setting.length)
    parser.add_argument("--learning-rate", type=float, default=Setting.learning_rate)
    parser.add_argument(
        "--other-negatives", action="store_true", help="gonogo learns with the peer's denominator"
    )
    parser.add_argument("--precision", choices=peak.FORMATS, help="by itself the fastest there is")
    peak.add_device(parser)


class Ours:
    """gonogo's model and task; `epoch` takes every step of one epoch."""

    def __init__(self, setting: Setting, seed: int = 1) -> None:
        self.trial, self.seed = setting.trial(), seed
        model = build_model(self.trial.model, seed, device=setting.device, precision=setting.form)
        assert isinstance(model, RetrievalModel)
        self.model = model
        self.tasks = build_tasks(self.trial, seed, model)

    @property
    def task(self) -> RetrievalTask:
        task = self.tasks["embed"]
        assert isinstance(task, RetrievalTask)
        return task

    def epoch(self, steps: int | None = None) -> tuple[int, int]:
        """Return the tokens that were real and those that went through, padding included."""
        training = self.trial.training
        plans = plan_steps(self.trial.schedule, task_budgets(self.trial, self.tasks), training)
        run = Run(self.model, build_optimizer(self.model, training), self.tasks)
        real = padded = 0
        with deterministic(self.model.device):
            for number, plan in enumerate(plans[:steps]):
                rates = learning_rates(training, plan, number, len(plans))
                outcome = take_step(run, plan, rates, seed=self.seed, clip=training.clip)
                real += outcome.parts[0].tokens
                padded += outcome.parts[0].padded_tokens
        return real, padded

    def lengths(self) -> list[int]:
        """Return the tokens of every row of one epoch, each batch's distinct ones once."""
        task = self.task
        rows = [row for index in range(len(self)) for row in distinct_rows(task, index)]
        return [len(task._tokens[row]) for row in rows]

    def __len__(self) -> int:
        return task_budgets(self.trial, self.tasks)["embed"]


def triples(setting: Setting) -> list[RetrievalExample]:
    """Return what gonogo trains on."""
    spec = setting.trial().tasks["embed"]
    assert isinstance(spec, TaskSpec)
    dataset = load_dataset(spec.data[0], spec.split)
    return list(retrieval_examples(dataset, spec, 1, bm25=Bm25Index(dataset.corpus)))
