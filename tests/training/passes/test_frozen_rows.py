from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from training_toys import Body, word_ids

from gonogo.models.build.build import build_model
from gonogo.models.parts.module import FrozenEncoder
from gonogo.spec.model.model import Frozen, TextModel
from gonogo.spec.model.projections import MlpProjection
from gonogo.training.passes.chunked import ChunkSettings, forward_distinct
from gonogo.training.passes.frozen_rows import FrozenRows
from gonogo.training.passes.token_rows import TokenRows

SETTINGS = ChunkSettings(64, 0, "cpu", nullcontext)
TEXTS = ["one two", "three", "four five six", "one two", "seven eight nine ten"]


class Counted:
    """A base encoder that counts its calls."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.body = Body(0.1).eval()
        self.head = nn.Linear(16, 4)
        self.calls = 0

    def base(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.body(ids, mask)

    def encoder(self) -> FrozenEncoder:
        return FrozenEncoder(self.base, self.head, self.body, "mean")


def rows() -> tuple[TokenRows, np.ndarray]:
    tokens = TokenRows()
    return tokens, tokens.add(TEXTS, lambda texts: [word_ids(text) for text in texts])


def frozen(toy: Counted, cache: Path) -> FrozenRows:
    return FrozenRows(toy.encoder(), rows()[0], SETTINGS, precision="fp32", cache=cache)


def test_equals_running_the_backbone_each_time(tmp_path: Path) -> None:
    toy = Counted()
    tokens, numbers = rows()
    found = frozen(toy, tmp_path)(numbers).rows
    again = forward_distinct(lambda i, m: toy.head(toy.body(i, m)), tokens, numbers, SETTINGS).rows
    torch.testing.assert_close(found, again, atol=1e-6, rtol=1e-6)
    assert torch.equal(found[0], found[3])


def test_the_head_learns_in_the_number_format_of_a_model_whose_backbone_learns(
    tmp_path: Path,
) -> None:
    """Arms that differ in what learns must not differ in what their heads are rounded to."""
    toy, (tokens, numbers) = Counted(), rows()
    autocast = partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    settings = ChunkSettings(64, 0, "cpu", autocast)
    embed = FrozenRows(toy.encoder(), tokens, settings, precision="bf16", cache=tmp_path)
    found = embed(numbers).rows
    forward = lambda i, m: toy.head(toy.body(i, m).float())  # noqa: E731
    again = forward_distinct(forward, tokens, numbers, settings).rows
    torch.testing.assert_close(found, again, atol=1e-6, rtol=1e-6)
    assert found.dtype == torch.float32
    assert torch.equal(found, found.bfloat16().float())


def test_the_head_learns_and_the_backbone_is_run_once(tmp_path: Path) -> None:
    toy = Counted()
    embed = frozen(toy, tmp_path)
    calls = toy.calls
    for _ in range(3):
        embed(rows()[1]).rows.sum().backward()
    assert toy.calls == calls
    assert toy.head.weight.grad is not None
    assert toy.body.layer.weight.grad is None


def test_vectors_are_shared_through_the_cache_until_the_weights_change(tmp_path: Path) -> None:
    first, second = Counted(), Counted()
    one = frozen(first, tmp_path)(rows()[1]).rows
    two = frozen(second, tmp_path)(rows()[1]).rows
    assert (first.calls > 0, second.calls) == (True, 0)
    assert not torch.equal(one, two) or torch.equal(first.head.weight, second.head.weight)
    with torch.no_grad():
        second.body.layer.weight.add_(1.0)
    frozen(second, tmp_path)
    assert second.calls > 0


def test_other_rows_and_another_pooling_share_nothing(tmp_path: Path) -> None:
    toy = Counted()
    frozen(toy, tmp_path)
    more, last = TokenRows(), replace(toy.encoder(), pooling="last_token")
    more.add([*TEXTS, "eleven"], lambda texts: [word_ids(text) for text in texts])
    for encoder, tokens in ((toy.encoder(), more), (last, rows()[0])):
        calls = toy.calls
        FrozenRows(encoder, tokens, SETTINGS, precision="fp32", cache=tmp_path)
        assert toy.calls > calls


def test_the_budget_of_the_training_does_not_matter(tmp_path: Path) -> None:
    toy = Counted()
    frozen(toy, tmp_path)
    calls = toy.calls
    FrozenRows(
        toy.encoder(), rows()[0], replace(SETTINGS, budget=7), precision="fp32", cache=tmp_path
    )
    assert toy.calls == calls


def test_a_backbone_with_a_faster_form_is_run_in_it(
    tiny_encoder_folder: Path, tmp_path: Path
) -> None:
    """And gives what the slow one gives at every step of a training."""
    projection = MlpProjection(dimension=4, dropout=0.0)
    spec = TextModel(backbone=str(tiny_encoder_folder), adapter=Frozen(), projection=projection)
    model = build_model(spec, 0).train()
    bi_encoder, tokens, calls = model.bi_encoder, TokenRows(), []
    numbers = tokens.add(TEXTS, lambda texts: bi_encoder.tokenize(texts, "passage"))
    slow = forward_distinct(bi_encoder, tokens, numbers, SETTINGS).rows
    encoder = model.frozen_encoder()
    assert encoder is not None
    watched = replace(encoder, base=lambda *inputs: calls.append(inputs) or encoder.base(*inputs))
    fast = FrozenRows(watched, tokens, SETTINGS, precision="fp32", cache=tmp_path)(numbers).rows
    torch.testing.assert_close(fast, slow, atol=1e-5, rtol=1e-5)
    assert calls == []
