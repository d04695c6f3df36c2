"""What reads a context of vectors: one encoder a file, from a specification and a seed."""

from __future__ import annotations

from typing import assert_never

from torch import nn

from gonogo.models.next_vector.attention_context import AttentionPooling
from gonogo.models.next_vector.gru_context import Gru
from gonogo.models.next_vector.residual_mean import ResidualMean
from gonogo.spec.next_vector.towers import (
    AttentionContext,
    ContextSpec,
    GruContext,
    ResidualMeanContext,
)


def build_context(spec: ContextSpec, dimension: int, seed: int) -> nn.Module:
    """Return the encoder that ``spec`` describes."""
    match spec:
        case GruContext():
            return Gru(spec, dimension, seed)
        case ResidualMeanContext():
            return ResidualMean(spec, dimension, seed)
        case AttentionContext():
            return AttentionPooling(spec, dimension, seed)
        case _:
            assert_never(spec)
