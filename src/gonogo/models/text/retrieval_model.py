"""One backbone that embeds texts and scores pairs, and how it is kept on disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.core.types import Device, Precision, Similarity
from gonogo.models.adapters.adapters import save_adapter
from gonogo.models.backbone.backbones import quiet
from gonogo.models.parts.module import FORMAT, HEADS_FILE, MODEL_FILE, FrozenEncoder, LearningModule
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.models.text.bi_encoder import BiEncoder
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.spec.model.model import Frozen, FullTuning, LoraAdapter, TextModel


class RetrievalModel(LearningModule):
    """A bi-encoder and a cross-encoder that share one backbone.

    Args:
        spec: what it was built from.
        bi_encoder: texts to embeddings.
        cross_encoder: pairs to scores, on the same backbone.
        tokenizer: kept with the weights when saved.
        weights: hash of the pretrained weights that it stands on.
        device: where it computes.
        precision: the number format of its matrix products.
    """

    def __init__(
        self,
        spec: TextModel,
        bi_encoder: BiEncoder,
        cross_encoder: CrossEncoder,
        *,
        tokenizer: TextTokenizer,
        weights: str,
        device: Device,
        precision: Precision,
    ) -> None:
        super().__init__(device, precision)
        self.spec, self.weights = spec, weights
        self.backbone = bi_encoder.backbone  # first, so that its parameters carry this name
        self.bi_encoder, self.cross_encoder = bi_encoder, cross_encoder
        self._tokenizer = tokenizer
        self.to(device)
        self.eval()

    def train(self, mode: bool = True) -> RetrievalModel:
        """Switch dropout; a frozen backbone never drops, so that its vectors can be kept."""
        super().train(mode)
        if isinstance(self.spec.adapter, Frozen):
            self.backbone.eval()
        return self

    @property
    def similarity(self) -> Similarity:
        """Return how embeddings are compared."""
        return self.bi_encoder.similarity

    @property
    def dimension(self) -> int:
        """Return the width of the embeddings."""
        return self.bi_encoder.dimension

    def frozen_encoder(self) -> FrozenEncoder | None:
        """Return the encoder as a head on vectors that can be kept; None if the backbone learns."""
        if not isinstance(self.spec.adapter, Frozen):
            return None
        encoder = self.bi_encoder
        return FrozenEncoder(encoder.base, encoder.project, encoder.backbone, encoder.pooling)

    def project(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return the embeddings of pooled vectors."""
        return self.bi_encoder.project(base)

    def learn_heads(self, *, embedding: bool, scoring: bool) -> None:
        """Say which heads learn; all do until this is called.

        A head that no task moves has no gradient. Were it said to learn, it would be counted and
        stand in every checkpoint of the training for nothing. `save` writes it all the same, for
        an arm may be scored on a task that it was not trained on.

        Args:
            embedding: the projection of texts, if there is one.
            scoring: the head on pairs.
        """
        if self.bi_encoder.projection is not None:
            self.bi_encoder.projection.requires_grad_(embedding)
        self.cross_encoder.head.requires_grad_(scoring)

    def save(self, folder: Path) -> None:
        """Write what `gonogo.models.build.build.load_model` needs beside the pretrained weights.

        An adapter is written as PEFT lays it out, a fully tuned backbone as transformers does.
        """
        folder.mkdir(parents=True, exist_ok=True)
        match self.spec.adapter:
            case LoraAdapter():
                save_adapter(self.backbone, folder)
            case FullTuning():
                with quiet():
                    self.backbone.transformer.save_pretrained(folder)
            case Frozen():
                pass
        heads = {
            name: value.detach().cpu().contiguous() for name, value in self.head_state().items()
        }
        save_file(heads, folder / HEADS_FILE)
        self._tokenizer.saved.save_pretrained(folder)
        record = {
            "format": FORMAT,
            "spec": self.spec.model_dump(mode="json", by_alias=True),
            "kind": self.backbone.kind,
            "weights": self.weights,
        }
        write_json(folder / MODEL_FILE, record)

    def head_state(self) -> dict[str, Tensor]:
        """Return parameters and buffers outside the backbone, by name."""
        own = self.state_dict()
        return {name: value for name, value in own.items() if "backbone." not in name}

    def load_heads(self, saved: Mapping[str, Tensor]) -> None:
        """Fill parameters and buffers outside the backbone.

        Raises:
            UserError: when ``saved`` does not hold exactly these.
        """
        own = self.head_state()
        if saved.keys() != own.keys():
            raise UserError(f"heads {sorted(saved)} do not match {sorted(own)}", file=HEADS_FILE)
        for name, value in saved.items():
            own[name].copy_(value)
