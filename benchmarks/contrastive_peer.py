"""The contrastive training of benchmarks/contrastive.py by sentence-transformers' own trainer.

Its MultipleNegativesRankingLoss is the same InfoNCE, but that it also sets each query against the
hard negatives of the other queries; gonogo against its own. With `PeerSetting.same_loss` its
trainer is given gonogo's.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contrastive import RANK, Setting
from torch import Tensor, nn

from gonogo.data.examples.examples import RetrievalExample
from gonogo.data.weights.weights import locate
from gonogo.models.backbone.gguf_conversion import converted
from gonogo.objectives.infonce import infonce


@dataclass(frozen=True)
class PeerSetting:
    """How sentence-transformers is run.

    Args:
        bf16_weights: where products are in bf16, the weights as well; else autocast makes them.
        merged: all columns in one padded pass (its default), else one pass a column.
        cached_tokens: GradCache with blocks of so many tokens.
        same_loss: gonogo's InfoNCE in the place of the peer's.
    """

    bf16_weights: bool = False
    merged: bool = False
    cached_tokens: int | None = None
    same_loss: bool = False


class OwnNegatives(nn.Module):
    """gonogo's InfoNCE, called as sentence-transformers calls a loss."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Iterable[dict[str, Tensor]], _labels: object) -> Tensor:
        embedded = [self.model(each)["sentence_embedding"].float() for each in features]
        queries, positives, negatives = (nn.functional.normalize(each) for each in embedded)
        return infonce(
            queries,
            positives,
            negatives.unsqueeze(1),
            temperature=0.05,
            false_negative_margin=None,
            query_query=False,
            document_document=False,
        )


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
    from transformers import set_seed

    set_seed(seed)  # of the adapters' first values
    model = _peer_model(setting, how)
    columns = {
        "anchor": [each.query for each in examples],
        "positive": [each.positive for each in examples],
        "negative": [each.negatives[0] for each in examples],
    }
    loss: Any
    if how.same_loss:
        loss = OwnNegatives(model)
    elif how.cached_tokens:
        loss = losses.CachedMultipleNegativesRankingLoss(
            model, mini_batch_num_tokens=how.cached_tokens
        )
    else:
        loss = losses.MultipleNegativesRankingLoss(model)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_peer_arguments(setting, seed),
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


def _peer_arguments(setting: Setting, seed: int) -> Any:
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
        bf16=setting.form == "bf16",
        use_cpu=setting.device == "cpu",
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
    if source.kind == "encoder":
        model = SentenceTransformer(str(source.path), device=setting.device, model_kwargs=kept)
    else:
        parts = _decoder(str(converted(source)), kept)
        model = SentenceTransformer(modules=parts, device=setting.device)
    if setting.lora:
        model.add_adapter(_lora())
    model.max_seq_length = setting.length
    return model


def _decoder(folder: str, kept: dict[str, Any]) -> list[Any]:
    """Return modules that read what gonogo reads: the bare text and an end token, not a chat."""
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers.processors import TemplateProcessing

    transformer = Transformer(
        folder,
        model_kwargs=kept,
        modality_config={"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
        module_output_name="token_embeddings",
    )
    tokenizer = transformer.tokenizer
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"$A {tokenizer.eos_token}",
        special_tokens=[(tokenizer.eos_token, tokenizer.eos_token_id)],
    )
    width = transformer.get_embedding_dimension()
    return [transformer, Pooling(width, pooling_mode="lasttoken")]


def _lora() -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=RANK,
        lora_alpha=RANK,
        lora_dropout=0.05,
        target_modules="all-linear",
        task_type="FEATURE_EXTRACTION",
    )
