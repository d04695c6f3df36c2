"""Token rows through a model in length-sorted chunks, so that little of the work is padding."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn

from gonogo.core.types import Device
from gonogo.data.examples.batching import end_to_end_chunks, even_shares, pad, token_budget_chunks
from gonogo.models.parts.emitted import Emitted, together, with_emitted
from gonogo.training.passes.core_passes import Forwarded, Pass, side_by_side
from gonogo.training.passes.gradcache import replayed
from gonogo.training.passes.token_rows import TokenRows

Forward = Callable[[Int[Tensor, "n t"], Int[Tensor, "n t"]], Tensor]
"""Token ids and attention mask to one row of output a text: vectors (n d) or scores (n).

What it tells by `gonogo.models.parts.emitted` on the way, its own losses and figures, is returned
beside the rows by every kind of pass."""

Learns = Callable[[], Mapping[str, nn.Parameter]]
"""Names and parameters of what learns."""

Rows = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """How rows become forward passes.

    Args:
        budget: most tokens under way at once, padding included: in one pass, or over the passes
            of all cores; a longer single row still goes alone.
        pad_id: the token that fills short rows.
        device: where the model lives.
        autocast: opens the model's number format around each pass.
        replay: drop each pass's activations and compute them anew for its gradient.
        learns: what the model's gradient goes to, for a model that takes padding out itself and
            draws from `gonogo.models.kernels.random_bits` alone: rows of any lengths then share a
            pass, and each core takes passes of its own.
    """

    budget: int
    pad_id: int
    device: Device
    autocast: Callable[[], AbstractContextManager[object]]
    replay: bool = False
    learns: Learns | None = None


@dataclass(frozen=True, slots=True)
class ChunkedOutput:
    """The outputs in the rows' own order, what the model told, and what they took.

    Args:
        rows: one output a row, fp32, with the graph.
        tokens: real tokens.
        padded_tokens: real tokens and padding.
        emitted: the model's own losses, with their graph, and figures; means over all passes.
    """

    rows: Float[Tensor, "n *d"]
    tokens: int
    padded_tokens: int
    emitted: Emitted = field(default_factory=Emitted)


def forward_chunks(forward: Forward, rows: Rows, settings: ChunkSettings) -> ChunkedOutput:
    """Send rows through ``forward`` in chunks of like length and put the outputs back in order.

    Only rounding (and, where there is any, the draw of the dropout) depends on the budget.

    Args:
        forward: the model; called in autocast, its output is returned as fp32.
        rows: token ids of each text, at least one row.
        settings: how to cut.
    """
    lengths = [len(row) for row in rows]
    shares = _shares_of_chunks(lengths, settings)
    padded = [[pad([rows[row] for row in chunk], settings.pad_id) for chunk in c] for c in shares]
    passes = [[partial(_forward, forward, *each, settings) for each in share] for share in padded]
    order = np.concatenate(list(chain.from_iterable(shares)))
    each = _outputs(passes, settings)
    outputs, emitted = torch.cat([out.rows for out in each]), together(e.emitted for e in each)
    tokens = sum(lengths)
    through = tokens
    if settings.learns is None:
        through = sum(ids.size for ids, _ in chain.from_iterable(padded))
    rows_in_order = outputs[_tensor(np.argsort(order), settings.device)]
    return ChunkedOutput(rows_in_order, tokens, through, emitted)


def _shares_of_chunks(
    lengths: Sequence[int], settings: ChunkSettings
) -> list[list[Int64[np.ndarray, " rows"]]]:
    """Return the rows of each pass, one list of passes a core."""
    if settings.learns is None:
        return [token_budget_chunks(lengths, settings.budget)]
    cores = torch.get_num_threads()
    of_a_core = max(1, settings.budget // cores)
    return [
        [share[chunk] for chunk in end_to_end_chunks([lengths[row] for row in share], of_a_core)]
        for share in even_shares(lengths, cores)
    ]


def _outputs(shares: Sequence[Sequence[Pass]], settings: ChunkSettings) -> list[Forwarded]:
    if settings.learns is not None:
        learns = list(settings.learns().values())
        return side_by_side(shares, learns, replay=settings.replay)
    run = replayed if settings.replay and torch.is_grad_enabled() else operator.call
    return [run(each) for each in chain.from_iterable(shares)]


def _forward(
    forward: Forward,
    ids: Int64[np.ndarray, "n t"],
    mask: Int64[np.ndarray, "n t"],
    how: ChunkSettings,
) -> Forwarded:
    with how.autocast():
        told = with_emitted(forward, _tensor(ids, how.device), _tensor(mask, how.device))
        return Forwarded(told[0].float(), told[1])


def forward_distinct(
    forward: Forward, tokens: TokenRows, numbers: Int64[np.ndarray, " n"], settings: ChunkSettings
) -> ChunkedOutput:
    """Send stored rows through ``forward``, each distinct one once however often it is named."""
    distinct, places = np.unique(numbers, return_inverse=True)
    output = forward_chunks(forward, [tokens[row] for row in distinct.tolist()], settings)
    rows = output.rows[_tensor(places, settings.device)]
    return replace(output, rows=rows)


def joined(first: ChunkedOutput, second: ChunkedOutput) -> ChunkedOutput:
    """Return the rows of both, one behind the other, what was told and what they took together.

    Where one carries no gradient, its terms are no losses: give it without them.
    """
    rows = torch.cat([first.rows, second.rows])
    padded = first.padded_tokens + second.padded_tokens
    emitted = together([first.emitted, second.emitted])
    return ChunkedOutput(rows, first.tokens + second.tokens, padded, emitted)


def _tensor(array: Int64[np.ndarray, "..."], device: str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)).to(device)
