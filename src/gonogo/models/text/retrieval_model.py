"""One backbone that embeds texts and scores pairs, and how it is kept on disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.core.types import Device, Precision, Similarity
from gonogo.models.adapters.adapter import Adapter
from gonogo.models.heads.projection import Projection
from gonogo.models.parts.module import (
    FORMAT,
    HEADS_FILE,
    MODEL_FILE,
    FrozenEncoder,
    Head,
    LearningModule,
    ParameterGroup,
)
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.models.text.bi_encoder import BiEncoder
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.spec.model.model import TextModel


class RetrievalModel(LearningModule):
    """A bi-encoder and a cross-encoder that share one backbone.

    Args:
        spec: what it was built from.
        adapter: what of the backbone learns; applied already.
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
        adapter: Adapter,
        bi_encoder: BiEncoder,
        cross_encoder: CrossEncoder,
        *,
        tokenizer: TextTokenizer,
        weights: str,
        device: Device,
        precision: Precision,
    ) -> None:
        super().__init__(device, precision)
        self.spec, self.adapter, self.weights = spec, adapter, weights
        self.backbone = bi_encoder.backbone  # first, so that its parameters carry this name
        self.bi_encoder, self.cross_encoder = bi_encoder, cross_encoder
        self._tokenizer = tokenizer
        self.to(device)
        self.eval()

    def train(self, mode: bool = True) -> RetrievalModel:
        """Switch dropout; a frozen backbone never drops, so that its vectors can be kept."""
        super().train(mode)
        if self.adapter.keeps_backbone:
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
        if not self.adapter.keeps_backbone:
            return None
        encoder = self.bi_encoder
        return FrozenEncoder(encoder.base, encoder.project, encoder.backbone, encoder.pooling)

    def project(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return the embeddings of pooled vectors."""
        return self.bi_encoder.project(base)

    @property
    def projection(self) -> Projection | None:
        """Return the head on pooled vectors, if there is one."""
        return self.bi_encoder.projection

    def put_head(self, head: Projection | None) -> None:
        """Put a head, or none, in the place of the model's own."""
        self.bi_encoder.projection = head

    @property
    def base_dimension(self) -> int:
        """Return the width of pooled vectors."""
        return self.backbone.dimension

    def parameter_groups(self) -> tuple[ParameterGroup, ...]:
        """Return the backbone's groups, as its adapter names them, and the heads."""
        heads = self.trainable()
        names = {id(parameter): name for name, parameter in heads.items()}
        groups = []
        for group, found in self.adapter.learning(self.backbone).items():
            own = [names[id(parameter)] for parameter in found.values()]
            groups.append(ParameterGroup(group, "backbone", {n: heads.pop(n) for n in own}))
        return (*groups, *([ParameterGroup("heads", "head", heads)] if heads else ()))

    def learn_heads(self, heads: Collection[Head]) -> None:
        """Say which heads learn; all do until this is called.

        A head that no task moves has no gradient. Were it said to learn, it would be counted and
        stand in every checkpoint of the training for nothing. `save` writes it all the same, for
        an arm may be scored on a task that it was not trained on.

        Args:
            heads: ``embedding``: the projection of texts, if there is one. ``scoring``: the head
                on pairs.
        """
        if self.bi_encoder.projection is not None:
            self.bi_encoder.projection.requires_grad_("embedding" in heads)
        self.cross_encoder.head.requires_grad_("scoring" in heads)

    def save(self, folder: Path) -> None:
        """Write what `gonogo.models.build.build.load_model` needs beside the pretrained weights.

        What is written of the backbone, and how, its adapter says.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.adapter.save(self.backbone, folder)
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
        below = {id(value) for value in self.backbone.state_dict(keep_vars=True).values()}
        own = self.state_dict(keep_vars=True).items()
        return {name: value.detach() for name, value in own if id(value) not in below}

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
