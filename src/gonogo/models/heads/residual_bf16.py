"""The residual head with factors rounded to bf16, half the time of fp32 on a CPU that can.

Weights, their gradients, the optimiser, and everything behind the head (lengths, cosines, softmax,
loss) stay in fp32. Rounded are the factors of the matrix products, whose sums run in fp32, and the
activations between them. What else it saves: biases are a column of the products, so that neither
adding them nor summing their gradient is a pass of its own; rows and activations are written into
the same memory at every step; their number is filled up to a few sizes, because oneDNN makes and
keeps a kernel for each size it meets (2 GB after 1,000 steps, measured); and nothing is computed
for the inputs, which never learn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from gonogo.models.heads.projections import ResidualMlp
from gonogo.models.kernels.random_bits import RandomBits, scale_of_kept

_ALIGNED = 8  # columns a product's inner width is filled up to
_ROWS = 512  # rows a batch is filled up to a multiple of


def with_ones(unit: Float32[Tensor, "n d"]) -> Float[Tensor, "n w"]:
    """Return rows rounded to bf16 with a column of ones behind them, filled up with zeros."""
    count, width = unit.shape
    rows = torch.zeros(count, _widened(width), dtype=torch.bfloat16)
    rows[:, :width] = unit
    rows[:, width] = 1
    return rows


def _widened(width: int) -> int:
    return -(-(width + 1) // _ALIGNED) * _ALIGNED


class _Memory(NamedTuple):
    """What a step is written into.

    Rows, activations before and after, their gradient, and the outputs'.
    """

    unit: Tensor
    before: Tensor
    active: Tensor
    back: Tensor
    given: Tensor

    def first(self, count: int) -> _Memory:
        return _Memory(*(part[:count] for part in self))


class RoundedResidual:
    """A residual head on the rows of a table.

    Args:
        head: in training mode it drops activations, drawn from torch's own generator.
        table: rows of length 1, as :func:`with_ones` makes them.
    """

    def __init__(self, head: ResidualMlp, table: Float[Tensor, "n w"]) -> None:
        self._head, self._table = head, table
        self.passes, self._memory = 0, self._room(0)

    def __call__(
        self, rows: Int64[Tensor, "u"]
    ) -> tuple[Float[Tensor, "u e"], Float[Tensor, "u 1"]]:
        """Return the embeddings of rows by number at length 1, in fp32, and their lengths before.

        Their gradient must be asked for before the next call, which writes over what it needs; the
        lengths have none.
        """
        filled = -(-len(rows) // _ROWS) * _ROWS
        if filled > len(self._memory.unit):
            self._memory = self._room(filled)
        memory = self._memory.first(filled)
        torch.index_select(self._table, 0, rows, out=memory.unit[: len(rows)])
        memory.unit[len(rows) :] = 0
        head, self.passes = self._head, self.passes + 1
        embedded: tuple[Tensor, Tensor] = _ResidualHead.apply(  # type: ignore[no-untyped-call]
            head.mlp.inner.weight,
            head.mlp.inner.bias,
            head.mlp.outer.weight,
            head.mlp.outer.bias,
            head.skip.weight,
            head.skip_scale,
            memory,
            len(rows),
            head.mlp.drop.p if head.training else 0.0,
            self,
        )
        return embedded

    def _room(self, count: int) -> _Memory:
        hidden = self._head.mlp.inner.out_features
        widths = [self._table.shape[1], hidden, hidden, hidden, self._head.dimension]
        return _Memory(*(torch.empty(count, width, dtype=torch.bfloat16) for width in widths))


class _ResidualHead(torch.autograd.Function):
    """``o / |o|`` of ``o = W2 drop(gelu(W1 u + b1)) + b2 + s W u``, its gradient by all but u."""

    @staticmethod
    def forward(
        ctx: Any,
        inner: Tensor,
        inner_bias: Tensor,
        outer: Tensor,
        outer_bias: Tensor,
        skip: Tensor,
        scale: Tensor,
        memory: _Memory,
        count: int,
        drop: float,
        owner: RoundedResidual,
    ) -> tuple[Tensor, Tensor]:
        torch.mm(memory.unit, _with_bias(inner, inner_bias).t(), out=memory.before)
        torch.ops.aten.gelu.out(memory.before, out=memory.active)
        kept = RandomBits().mask(memory.active, drop) if drop else None
        if kept is not None:
            memory.active.view(torch.int16).bitwise_and_(kept)
        # The kept ones grow by 1 / (1 - p): in the small matrix rather than in every activation.
        scaled = (outer * scale_of_kept(drop)).bfloat16()
        linear = memory.unit @ _with_bias(scale * skip, outer_bias).t()
        out = torch.addmm(linear, memory.active, scaled.t())[:count].float()
        lengths = out.norm(dim=1, keepdim=True).clamp_min_(1e-12)
        out /= lengths
        ctx.mark_non_differentiable(lengths)
        ctx.save_for_backward(scaled, skip, scale, out, lengths)
        ctx.memory, ctx.kept, ctx.drop = memory, kept, drop
        ctx.owner, ctx.number = owner, owner.passes
        return out, lengths

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.number != ctx.owner.passes:
            raise RuntimeError("another pass wrote over what this gradient needs")
        scaled, skip, scale, out, lengths = ctx.saved_tensors
        memory, width = ctx.memory, skip.shape[1]
        along = (gradient * out).sum(dim=1, keepdim=True)
        rounded = memory.given
        rounded[: len(out)] = torch.addcmul(gradient, out, along, value=-1).div_(lengths)
        rounded[len(out) :] = 0
        outer = (rounded.t() @ memory.active).float() * scale_of_kept(ctx.drop)
        linear = (rounded.t() @ memory.unit).float()
        by_skip = linear[:, :width]
        torch.mm(rounded, scaled, out=memory.back)
        if ctx.kept is not None:
            memory.back.view(torch.int16).bitwise_and_(ctx.kept)
        torch.ops.aten.gelu_backward.grad_input(memory.back, memory.before, grad_input=memory.back)
        inner = (memory.back.t() @ memory.unit).float()
        return (
            inner[:, :width],
            inner[:, width],
            outer,
            linear[:, width],
            scale * by_skip,
            (skip * by_skip).sum(),
            None,
            None,
            None,
            None,
        )


def _with_bias(weight: Tensor, bias: Tensor) -> Tensor:
    """Return a layer's weights in bf16 with its bias as a further column."""
    width = weight.shape[1]
    both = weight.new_zeros(len(weight), _widened(width), dtype=torch.bfloat16)
    both[:, :width], both[:, width] = weight, bias
    return both
