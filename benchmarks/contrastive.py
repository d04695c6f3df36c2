"""Contrastive training on judged texts, by gonogo and by sentence-transformers' own trainer.

Both learn the same triples (a query, a relevant document, a BM25 negative) from the same weights
with AdamW at the same rates: InfoNCE over the batch's positives and hard negatives at temperature
0.05, which sentence-transformers calls MultipleNegativesRankingLoss. It also sets each query
against the hard negatives of the other queries; gonogo against its own.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gonogo.core.progress import Silent
from gonogo.data.bm25 import Bm25Index
from gonogo.data.examples import RetrievalExample, retrieval_examples
from gonogo.data.loading import load_dataset
from gonogo.data.weights import locate
from gonogo.models.build import build_model
from gonogo.models.retrieval_model import RetrievalModel
from gonogo.spec.study import TrialConfig
from gonogo.spec.tasks import RetrievalTask as TaskSpec
from gonogo.training.determinism import deterministic
from gonogo.training.learning_rate import learning_rates
from gonogo.training.optimizer import build_optimizer
from gonogo.training.retrieval_task import RetrievalTask
from gonogo.training.run import Run
from gonogo.training.schedules import plan_steps
from gonogo.training.step import take_step
from gonogo.training.tasks import build_tasks, task_budgets

DATASETS = Path(__file__).parents[1].parent / "shared" / "datasets"
RANK = 16


@dataclass(frozen=True)
class Setting:
    """What both sides train.

    Args:
        model: ``minilm`` is tuned whole, any other gets LoRA.
        data: a BEIR folder, by its name or path.
        examples: how many training queries.
        batch_size: queries a step.
        length: most tokens of a document; queries have 64.
        learning_rate: the peak; a cosine falls from it after one step in twenty of warm-up.
    """

    model: str = "minilm"
    data: str = "scifact"
    examples: int = 64
    batch_size: int = 32
    length: int = 256
    learning_rate: float = 5e-5

    @property
    def folder(self) -> str:
        return self.data if Path(self.data).exists() else str(DATASETS / self.data)

    def trial(self, **training: Any) -> TrialConfig:
        lora = {"kind": "lora", "rank": RANK}
        objective = {
            "kind": "infonce",
            "false_negative_margin": None,
            "query_query": False,
            "document_document": False,
        }
        return TrialConfig.model_validate(
            {
                "model": {
                    "backbone": self.model,
                    "adapter": {"kind": "full"} if self.model == "minilm" else lora,
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


class Ours:
    """gonogo's model and task; `epoch` takes every step of one epoch."""

    def __init__(self, setting: Setting, seed: int = 1, precision: Any = "bf16") -> None:
        self.trial, self.seed = setting.trial(), seed
        model = build_model(self.trial.model, seed, precision=precision)
        assert isinstance(model, RetrievalModel)
        self.model = model
        self.tasks = build_tasks(self.trial, seed, model, progress=Silent())

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
        with deterministic("cpu"):
            for number, plan in enumerate(plans[:steps]):
                rates = learning_rates(training, plan, number, len(plans))
                outcome = take_step(run, plan, rates, seed=self.seed, clip=training.clip)
                real += outcome.parts[0].tokens
                padded += outcome.parts[0].padded_tokens
        return real, padded

    def lengths(self) -> list[int]:
        """Return the tokens of every row of one epoch, each batch's distinct ones once."""
        task, found = self.task, []
        for index in range(len(self)):
            batch = task.batch(index)
            parts = [batch.queries, batch.positives, batch.negatives.ravel()]
            found += [len(task._tokens[row]) for row in np.unique(np.concatenate(parts)).tolist()]
        return found

    def __len__(self) -> int:
        return task_budgets(self.trial, self.tasks)["embed"]


def triples(setting: Setting) -> list[RetrievalExample]:
    """Return what gonogo trains on."""
    spec = setting.trial().tasks["embed"]
    assert isinstance(spec, TaskSpec)
    dataset = load_dataset(spec.data[0], spec.split)
    return list(retrieval_examples(dataset, spec, 1, bm25=Bm25Index(dataset.corpus)))


@dataclass(frozen=True)
class PeerSetting:
    """How sentence-transformers is run.

    Args:
        autocast: bf16 products on fp32 weights.
        bf16_weights: the weights themselves in bf16.
        merged: all columns in one padded pass (its default), else one pass a column.
        cached_tokens: GradCache with blocks of so many tokens.
    """

    autocast: bool = True
    bf16_weights: bool = False
    merged: bool = False
    cached_tokens: int | None = None


def peer(
    setting: Setting,
    how: PeerSetting,
    examples: Sequence[RetrievalExample],
    seed: int = 1,
) -> tuple[Any, Callable[[], object]]:
    """Return sentence-transformers' model and the call that trains it for one epoch."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.base.losses.merged_forward import column_merging_disabled
    from sentence_transformers.sentence_transformer import losses

    model = _peer_model(setting, how)
    columns = {
        "anchor": [each.query for each in examples],
        "positive": [each.positive for each in examples],
        "negative": [each.negatives[0] for each in examples],
    }
    if how.cached_tokens:
        loss: Any = losses.CachedMultipleNegativesRankingLoss(
            model, mini_batch_num_tokens=how.cached_tokens
        )
    else:
        loss = losses.MultipleNegativesRankingLoss(model)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_peer_arguments(setting, how, seed),
        train_dataset=Dataset.from_dict(columns),
        loss=loss,
    )
    for callback in list(trainer.callback_handler.callbacks):
        if "ModelCard" in type(callback).__name__ or "Print" in type(callback).__name__:
            trainer.remove_callback(callback)

    def train() -> None:
        with contextlib.nullcontext() if how.merged else column_merging_disabled():
            trainer.train()

    return model, train


def _peer_arguments(setting: Setting, how: PeerSetting, seed: int) -> Any:
    from sentence_transformers import SentenceTransformerTrainingArguments

    return SentenceTransformerTrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=setting.batch_size,
        num_train_epochs=1,
        learning_rate=setting.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        weight_decay=0.01,
        max_grad_norm=1.0,
        seed=seed,
        bf16=how.autocast,
        use_cpu=True,
        optim="adamw_torch_fused",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def _peer_model(setting: Setting, how: PeerSetting) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    kept = {"dtype": torch.bfloat16 if how.bf16_weights else torch.float32}
    source = locate(setting.model)
    if setting.model == "minilm":
        model = SentenceTransformer(str(source.path), device="cpu", model_kwargs=kept)
    else:
        model = _peer_with_lora(str(_as_safetensors(setting.model)), kept)
    model.max_seq_length = setting.length
    return model


def _as_safetensors(name: str) -> Path:
    from gonogo.models.gguf_conversion import converted

    return converted(locate(name))


def _peer_with_lora(folder: str, kept: dict[str, Any]) -> Any:
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(folder, model_kwargs=kept)
    width = transformer.get_embedding_dimension()
    model = SentenceTransformer(
        modules=[transformer, Pooling(width, pooling_mode="lasttoken")], device="cpu"
    )
    model.add_adapter(
        LoraConfig(
            r=RANK,
            lora_alpha=RANK,
            lora_dropout=0.05,
            target_modules="all-linear",
            task_type="FEATURE_EXTRACTION",
        )
    )
    return model
