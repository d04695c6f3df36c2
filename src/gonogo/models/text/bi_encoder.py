"""Texts to embeddings: one vector a text, compared by a similarity that belongs to the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.core.types import Side, Similarity
from gonogo.models.backbone.backbones import Backbone
from gonogo.models.backbone.packed_encoder import is_packable, packed
from gonogo.models.heads.projection import Projection, project
from gonogo.models.parts.pooling import Pooling, pad_right
from gonogo.models.parts.prompts import instructed
from gonogo.models.parts.serving import serving
from gonogo.models.parts.tokenization import TextTokenizer
from gonogo.spec.model.model import Lengths

_LEAST_QUERY = 4  # tokens of a query's own that must fit behind the instruction


class BiEncoder(nn.Module):
    """A backbone, a pooling rule and a similarity.

    Args:
        backbone: shared with the cross-encoder.
        tokenizer: of the same checkpoint.
        pooling: how token vectors become one.
        similarity: cosine gives vectors of length 1, the others leave them as they are.
        instruction: what decoders read before a query; encoders read the bare query.
        lengths: longest inputs, in tokens.
        projection: a head on the pooled vector; without one the pooled vector is the embedding.
    """

    def __init__(
        self,
        backbone: Backbone,
        tokenizer: TextTokenizer,
        *,
        pooling: Pooling,
        similarity: Similarity,
        instruction: str | None,
        lengths: Lengths,
        projection: Projection | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.similarity: Similarity = similarity
        self.pad_id = tokenizer.pad_id
        self.projection = projection
        self._tokenizer = tokenizer
        self.pooling: Pooling = pooling
        self._instruction = instruction if backbone.kind == "decoder" else None
        self._longest: dict[Side, int] = {"query": lengths.query, "passage": lengths.passage}
        self._before, self._after = list(tokenizer.single.before), list(tokenizer.single.after)
        if pooling == "last_token" and not self._after:
            self._after = [tokenizer.end_id]
        self._check_room(lengths.query)

    def tokenize(self, texts: Sequence[str], side: Side) -> list[list[int]]:
        """Return ids with instruction and control tokens, cut to length, without padding.

        The control tokens, the one that is pooled among them, are never cut.
        """
        if side == "query":
            texts = [instructed(text, self._instruction) for text in texts]
        room = self._longest[side] - len(self._before) - len(self._after)
        return [[*self._before, *ids[:room], *self._after] for ids in self._tokenizer.encode(texts)]

    def forward(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return fp32 embeddings; padding may stand on either side."""
        return self.project(self.base(input_ids, attention_mask))

    @property
    def dimension(self) -> int:
        """Return the width of the embeddings."""
        return self.backbone.dimension if self.projection is None else self.projection.dimension

    def base(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return fp32 pooled vectors, before any projection and not normalised."""
        input_ids, attention_mask = pad_right(input_ids, attention_mask)
        with serving("embedding"):
            return self.backbone.pooled(input_ids, attention_mask, self.pooling)

    def project(self, base: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """Return the embeddings of pooled vectors; normalised when compared by cosine."""
        return project(self.projection, base, self.similarity == "cosine")

    def on_rows(self) -> Callable[[list[list[int]]], Float[Tensor, "n d"]] | None:
        """Return `forward` for rows of ids without padding, for inference, where it is faster."""
        encoder = packed(self.backbone)
        if encoder is None:
            return None

        def embed(rows: list[list[int]]) -> Float[Tensor, "n d"]:
            return self.project(encoder.pooled(rows, self.pooling))

        return embed

    def has_rows(self) -> bool:
        """Tell whether there is a faster form, without making it."""
        return is_packable(self.backbone)

    def _check_room(self, longest: int) -> None:
        around = len(self._before) + len(self._after)
        around += len(self._tokenizer.encode([instructed("", self._instruction)])[0])
        if around + _LEAST_QUERY > longest:
            raise UserError(
                f"lengths.query ({longest}) leaves no room for a query beside its instruction",
                hint=f"at least {around + _LEAST_QUERY}, or query_instruction: null",
            )
