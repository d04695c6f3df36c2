"""From a pair that was read together to its score: what every score head answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float, Int
from torch import Tensor, nn

from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.packed_encoder import PackedEncoder
from gonogo.models.parts.pooling import Pooling
from gonogo.models.parts.prompts import PairLayout
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.spec.model.model import Lengths

Types = list[list[int]]


@dataclass(frozen=True)
class Ground:
    """What a score head is built on.

    Attributes:
        backbone: that reads the pairs.
        tokenizer: of the same checkpoint.
        name: the backbone's, for errors.
        pooling: how the model's embeddings are pooled; what ``auto`` means for pairs.
        instruction: what a decoder reads before a query that it embeds.
        lengths: longest inputs, in tokens.
        seed: of first values.
        checkpoint: the pretrained weights' folder; None where all values will be loaded anyway.
    """

    backbone: Backbone
    tokenizer: TextTokenizer
    name: str
    pooling: Pooling
    instruction: str | None
    lengths: Lengths
    seed: int
    checkpoint: Path | None


class ScoreHead(nn.Module, ABC):
    """Reads pairs by a backbone and scores them.

    Its parameters and buffers are saved and loaded with the model's other heads; whatever else it
    is made of follows from its specification.

    Args:
        layout: how a pair becomes token ids.
    """

    def __init__(self, layout: PairLayout) -> None:
        super().__init__()
        self.layout = layout

    @abstractmethod
    def read(
        self,
        backbone: Backbone,
        input_ids: Int[Tensor, "n t"],
        attention_mask: Int[Tensor, "n t"],
        types: Int[Tensor, "n t"] | None,
    ) -> Float[Tensor, "n"]:
        """Return fp32 logits of right-padded pairs; ``types`` as BERT marks the two texts."""

    @abstractmethod
    def read_rows(
        self, encoder: PackedEncoder, rows: list[list[int]], types: Types | None
    ) -> Float[Tensor, "n"]:
        """Return `read` for rows of ids without padding, by the backbone's packed form."""

    @property
    def of_last_token(self) -> Callable[[Float[Tensor, "n d"]], Float[Tensor, "n"]] | None:
        """Return the score as a function of the last token's vector, where it is one.

        Pairs that begin alike are then read from where they differ.
        """
        return None


class PooledScore(ScoreHead):
    """A score head on one vector a pair.

    Args:
        layout: how a pair becomes token ids.
        pooling: how the pair's token vectors become one.
    """

    def __init__(self, layout: PairLayout, pooling: Pooling) -> None:
        super().__init__(layout)
        self.pooling: Pooling = pooling

    @abstractmethod
    def forward(self, pooled: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Return one logit a pair's vector."""

    def read(
        self,
        backbone: Backbone,
        input_ids: Int[Tensor, "n t"],
        attention_mask: Int[Tensor, "n t"],
        types: Int[Tensor, "n t"] | None,
    ) -> Float[Tensor, "n"]:
        """Pool, and score."""
        score: Tensor = self(backbone.pooled(input_ids, attention_mask, self.pooling, types))
        return score

    def read_rows(
        self, encoder: PackedEncoder, rows: list[list[int]], types: Types | None
    ) -> Float[Tensor, "n"]:
        """Pool, and score."""
        score: Tensor = self(encoder.pooled(rows, self.pooling, types))
        return score

    @property
    def of_last_token(self) -> Callable[[Float[Tensor, "n d"]], Float[Tensor, "n"]] | None:
        """Return itself where the last token is what is pooled."""
        return self if self.pooling == "last_token" else None
