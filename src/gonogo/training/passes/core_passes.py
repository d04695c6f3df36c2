"""Forward and backward passes side by side: each core takes passes of its own, on one thread.

Inside one pass two threads meet after every product, and whichever is done first waits: a training
step of MiniLM reached half of the product peak on two threads and two thirds on one. Between passes
nobody waits. A pass draws its dropout from a stream of its own, and each core sums the gradients of
its passes in their order, so that equal seeds give equal bits on equally many cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gonogo.evaluation.search.cores import on_cores
from gonogo.models.kernels.random_bits import drawing_from
from gonogo.models.kernels.token_table import sparse_tables

Pass = Callable[[], Tensor]
"""Rows of output (n ...), drawing nothing at random but `gonogo.models.kernels.random_bits`."""

Gradients = list[Tensor | None]

_SEEDS = torch.iinfo(torch.int64).max


def side_by_side(
    shares: Sequence[Sequence[Pass]], learns: Sequence[nn.Parameter], *, replay: bool = False
) -> list[Tensor]:
    """Return what each pass returns; its gradient goes to ``learns`` and nowhere else.

    Args:
        shares: the passes of each core, at least one in all.
        learns: parameters, whether a pass reads them or not.
        replay: drop a pass's activations and compute them anew for its gradient, with the same
            dropout (GradCache, Gao et al. 2021, arXiv 2101.06983).

    Returns:
        The first core's outputs, then the second's, and so on.
    """
    seeds = iter(torch.empty(sum(map(len, shares)), dtype=torch.int64).random_(_SEEDS).tolist())
    seeded = [[partial(_seeded, each, next(seeds)) for each in share] for share in shares]
    if not torch.is_grad_enabled():
        return list(chain.from_iterable(_run(_without_graph, seeded)))
    outputs: tuple[Tensor, ...] = _SideBySide.apply(seeded, replay, *learns)  # type: ignore[no-untyped-call]
    return list(outputs)


def _run(how: Callable[[Pass], Tensor], shares: Sequence[Sequence[Pass]]) -> list[list[Tensor]]:
    return on_cores(lambda core: list(map(how, shares[core])), len(shares))


class _SideBySide(torch.autograd.Function):
    """Keeps a graph for each pass, or makes it again, and differentiates each by itself."""

    @staticmethod
    def forward(
        ctx: Any, shares: Sequence[Sequence[Pass]], replay: bool, *learns: nn.Parameter
    ) -> tuple[Tensor, ...]:
        outputs = _run(_without_graph if replay else _with_graph, shares)
        ctx.graphs = outputs
        if replay:
            ctx.graphs = [[partial(_with_graph, each) for each in share] for share in shares]
        ctx.learns = learns
        return tuple(output.detach() for output in chain.from_iterable(outputs))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        graphs, learns, given = ctx.graphs, ctx.learns, iter(gradients)
        ctx.graphs = None  # each graph goes with its pass
        shares = [list(zip(share, islice(given, len(share)), strict=True)) for share in graphs]
        del graphs

        def share_of(core: int) -> Gradients:
            total, share = _Sum(len(learns)), shares[core]
            while share:
                graph, gradient = share.pop(0)
                rows = graph if isinstance(graph, Tensor) else graph()
                del graph
                total.add(_gradients(rows, learns, gradient))
            return total.values

        total = _Sum(len(learns))
        for found in on_cores(share_of, len(shares)):
            total.add(found)
        return None, None, *total.values


def _seeded(each: Pass, seed: int) -> Tensor:
    with drawing_from(seed):
        return each()


def _with_graph(each: Pass) -> Tensor:
    # Gradients, as their opposite, are a property of the thread.
    with torch.enable_grad(), sparse_tables():
        return each()


def _without_graph(each: Pass) -> Tensor:
    with torch.no_grad():
        return each()


def _gradients(
    rows: Float[Tensor, "n ..."], learns: Iterable[nn.Parameter], gradient: Tensor
) -> Gradients:
    if not rows.requires_grad:
        return [None for _ in learns]
    return list(torch.autograd.grad(rows, list(learns), gradient, allow_unused=True))


class _Sum:
    """A sum of gradients; None stands for no gradient."""

    def __init__(self, count: int) -> None:
        self.values: Gradients = [None] * count
        self._own = [False] * count

    def add(self, more: Gradients) -> None:
        for place, gradient in enumerate(more):
            known = self.values[place]
            if gradient is None:
                continue
            if known is None and gradient.layout == torch.sparse_coo:
                # Made dense once, so that the sum does not grow with the passes.
                self.values[place], self._own[place] = gradient.to_dense(), True
            elif known is None:
                self.values[place] = gradient
            elif self._own[place]:
                known.add_(gradient)
            else:  # not in place: autograd may have handed out one tensor for two parameters
                self.values[place], self._own[place] = known + gradient, True
