"""What ranking and encoding need of a model, ours or one that others trained."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from gonogo.core.types import Device, Precision
from gonogo.evaluation.encoding.encoding import Embedder
from gonogo.spec.base import Spec


@runtime_checkable
class EmbeddingModel(Protocol):
    """An embedder with its device and number format."""

    @property
    def bi_encoder(self) -> Embedder:
        """Return the encoder; the similarity of its vectors belongs to it."""
        ...

    @property
    def device(self) -> Device:
        """Return where it computes."""
        ...

    @property
    def precision(self) -> Precision:
        """Return the number format of its matrix products."""
        ...

    @property
    def spec(self) -> Spec:
        """Return how it frames, cuts and pools texts."""
        ...

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context that a forward pass runs in."""
        ...

    def eval(self) -> object:
        """Switch dropout off."""
        ...
