"""What the trainer asks of a model; anything that offers it can be trained."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor, nn

from gonogo.core.types import Device, Precision, Side, Similarity
from gonogo.models.parts.module import Head, ParameterGroup


@runtime_checkable
class TrainableModel(Protocol):
    """A module that names what of it learns and can save itself."""

    device: Device
    precision: Precision

    def trainable(self) -> dict[str, nn.Parameter]:
        """Return the parameters that learn, heads included, in a stable order."""
        ...

    def parameter_groups(self) -> Sequence[ParameterGroup]:
        """Return them in named groups that learn alike, each in one."""
        ...

    def learn_heads(self, heads: Collection[Head]) -> None:
        """Hear which heads the tasks move; no other needs to learn."""
        ...

    def autocast(self) -> AbstractContextManager[Any]:
        """Open the number format of its precision."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that loading it again needs."""
        ...

    def train(self, mode: bool = True) -> Any:
        """Switch dropout on or off."""
        ...

    def eval(self) -> Any:
        """Switch dropout off."""
        ...


@runtime_checkable
class TextEncoder(Protocol):
    """The bi-encoder as tasks see it."""

    similarity: Similarity
    pad_id: int

    def tokenize(self, texts: Sequence[str], side: Side) -> list[list[int]]:
        """Return token ids of each text, without padding."""
        ...

    def __call__(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Embed."""
        ...


@runtime_checkable
class PairScorer(Protocol):
    """The cross-encoder as tasks see it."""

    pad_id: int

    def tokenize(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Return token ids of each (query, document) pair, without padding."""
        ...

    def __call__(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, " n"]:
        """Score."""
        ...


@runtime_checkable
class TextModel(TrainableModel, Protocol):
    """A trainable model that embeds texts and scores pairs."""

    @property
    def bi_encoder(self) -> TextEncoder:
        """Return what embeds."""
        ...

    @property
    def cross_encoder(self) -> PairScorer:
        """Return what scores."""
        ...
