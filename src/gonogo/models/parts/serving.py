"""What a pass is for, and how its tokens fall into texts: told to layers deep inside a backbone.

A transformer's layers see token vectors and nothing else. A router may have to know whether texts
are embedded or pairs scored, and where one text ends and the next begins; whoever starts a pass
says so around it, in its own thread, and a pass that is computed anew for its gradient says it
again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.models.parts.module import Head


@dataclass(frozen=True, slots=True)
class Texts:
    """How the tokens of a pass fall into texts.

    Attributes:
        lengths: tokens of texts laid end to end in one row; None for a text a row.
        real: which places of right-padded rows are no padding; None where all are.
    """

    lengths: tuple[int, ...] | None = None
    real: Bool[Tensor, "n t"] | None = None

    def real_tokens(self, tokens: Float[Tensor, "*rows d"]) -> Bool[Tensor, " m"] | None:
        """Return which of the tokens, row behind row, are no padding; None where all are."""
        if self.real is None or self.real.shape != tokens.shape[:-1]:
            return None
        return self.real.flatten()

    def means(self, tokens: Float[Tensor, "*rows d"]) -> Float[Tensor, "texts d"]:
        """Return the mean vector of each text's tokens."""
        if self.lengths is not None and tokens.shape[-2] == sum(self.lengths):
            sizes = torch.tensor(self.lengths, device=tokens.device)
            flat = tokens.flatten(0, -2).to(_exact(tokens))
            # Sums of whole texts, not differences of running ones, which would round away.
            return torch.segment_reduce(flat, "mean", lengths=sizes, axis=0)
        if self.real is not None and self.real.shape == tokens.shape[:-1]:
            kept = self.real.to(_exact(tokens))[..., None]
            return (tokens * kept).sum(-2) / kept.sum(-2)
        rows = tokens.reshape(-1, *tokens.shape[-2:]) if tokens.ndim > 2 else tokens[None]
        return rows.to(_exact(tokens)).mean(-2)

    def spread(
        self, of_texts: Float[Tensor, "texts e"], tokens: Float[Tensor, "*rows d"]
    ) -> Float[Tensor, "m e"]:
        """Return each text's values at each of its tokens, row behind row."""
        if self.lengths is not None and tokens.shape[-2] == sum(self.lengths):
            sizes = torch.tensor(self.lengths, device=tokens.device)
            return of_texts.repeat_interleave(sizes, 0, output_size=sum(self.lengths))
        return of_texts.repeat_interleave(tokens.shape[-2], 0)


class _Now(threading.local):
    """What this thread's pass is; cores run passes side by side."""

    purpose: Head | None = None
    texts: Texts = Texts()


_NOW = _Now()


@contextmanager
def serving(purpose: Head) -> Iterator[None]:
    """Say inside which head the tokens are computed for."""
    before, _NOW.purpose = _NOW.purpose, purpose
    try:
        yield
    finally:
        _NOW.purpose = before


@contextmanager
def reading(texts: Texts) -> Iterator[None]:
    """Say inside how tokens fall into texts."""
    before, _NOW.texts = _NOW.texts, texts
    try:
        yield
    finally:
        _NOW.texts = before


def served() -> Head | None:
    """Return which head this thread's tokens are computed for; None where nobody said it."""
    return _NOW.purpose


def texts_read() -> Texts:
    """Return how this thread's tokens fall into texts; by default a text a row, without padding."""
    return _NOW.texts


def _exact(tokens: Tensor) -> torch.dtype:
    return torch.promote_types(tokens.dtype, torch.float32)
