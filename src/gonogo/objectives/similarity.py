"""How two sets of embeddings are compared: larger is nearer, whatever the kind."""

from __future__ import annotations

from typing import assert_never

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Similarity


def similarities(
    left: Float[Tensor, "*batch n d"], right: Float[Tensor, "*batch m d"], kind: Similarity
) -> Float[Tensor, "*batch n m"]:
    """Return the similarity of each left vector to each right one.

    ``cosine`` expects vectors of length 1, as a model of that kind returns them, and is then the
    dot product. ``euclidean`` is minus the distance, without the matrix-product shortcut, which
    loses near-equal vectors to rounding.
    """
    match kind:
        case "cosine" | "dot":
            return left @ right.transpose(-1, -2)
        case "euclidean":
            mode = "donot_use_mm_for_euclid_dist"
            return -torch.cdist(left, right, compute_mode=mode)
        case _:
            assert_never(kind)
