"""The table of token vectors, whose gradient can be kept as the few rows that a pass has read.

A dense gradient is as large as the table, 47 MB for MiniLM. Zeroing one for each pass of 2,048
tokens, and summing them, took 3 % of a training step.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

_own = threading.local()


@contextmanager
def sparse_tables() -> Iterator[None]:
    """Let passes that this thread computes inside give their tables sparse gradients."""
    before = getattr(_own, "sparse", False)
    _own.sparse = True
    try:
        yield
    finally:
        _own.sparse = before


class TokenTable(nn.Embedding):
    """An `nn.Embedding` that asks, at each pass, which form of gradient is wanted."""

    def forward(self, input: Int[Tensor, "*any"]) -> Float[Tensor, "*any d"]:  # noqa: A002
        """Return a row a token."""
        sparse = getattr(_own, "sparse", False)
        return functional.embedding(input, self.weight, self.padding_idx, sparse=sparse)


def replace_token_table(transformer: PreTrainedModel) -> None:
    """Put a `TokenTable` with the same weights where the model has a plain table."""
    plain = transformer.get_input_embeddings()
    if type(plain) is not nn.Embedding or plain.max_norm is not None or plain.scale_grad_by_freq:
        return
    count, width = plain.weight.shape
    table = TokenTable(count, width, plain.padding_idx, _weight=plain.weight)
    table.weight = plain.weight
    transformer.set_input_embeddings(table)
