"""GradCache (Gao et al. 2021, arXiv 2101.06983): large contrastive batches in bounded memory.

The paper embeds all chunks without a graph, takes the loss's gradient at the representations, and
embeds each chunk once more, with the same dropout, to carry its share of that gradient into the
weights. Recomputing each chunk when autograd reaches it is the same algorithm: the loss still sees
every representation, one chunk's activations live at a time, and the gradients are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from torch.utils.checkpoint import checkpoint

T = TypeVar("T")


def replayed(forward: Callable[[], T]) -> T:
    """Return what ``forward`` returns; its activations are dropped and recomputed for the gradient.

    Random numbers (dropout of the backbone and of the adapters) are drawn from the saved state
    again, so the second pass is the first one bit for bit; so are the gradients. Whatever tensors
    it returns, rows or a model's own losses, their gradients go through the same second pass.
    """
    output: T = checkpoint(forward, use_reentrant=False, preserve_rng_state=True)
    return output
