"""InfoNCE with a margin in cosine, over groups of negatives."""

from __future__ import annotations

import math
from contextlib import nullcontext

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.objectives.margin_infonce import Negatives, margin_infonce

EVERYTHING = {"temperature": 0.05, "margin": 0.03}


def group(values: list[list[float]], mask: list[list[bool]] | None = None) -> Negatives:
    cosines = torch.tensor(values)
    kept = torch.ones_like(cosines, dtype=torch.bool) if mask is None else torch.tensor(mask)
    return Negatives(cosines, kept)


def test_a_hand_computed_value() -> None:
    positives = torch.tensor([0.5])
    expected = math.log(1 + math.exp((0.2 - 0.47) / 0.05) + math.exp((0.4 - 0.47) / 0.05))
    found = margin_infonce(positives, [group([[0.2]]), group([[0.4]])], **EVERYTHING).loss
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_the_margin_is_in_cosine_and_not_in_logits() -> None:
    # Taken off a logit, a margin of 0.03 would change almost nothing; off a cosine it is 0.6 nats.
    positives, others = torch.tensor([0.3]), [group([[0.9]])]
    with_margin = margin_infonce(positives, others, temperature=0.05, margin=0.03).loss
    without = margin_infonce(positives, others, temperature=0.05, margin=0.0).loss
    assert (with_margin - without).item() == pytest.approx(0.6, abs=1e-3)


def test_logits_are_refused() -> None:
    with pytest.raises(ValueError, match="divided by the temperature"):
        margin_infonce(torch.tensor([6.0]), [group([[0.1]])], **EVERYTHING)
    with pytest.raises(ValueError, match="divided by the temperature"):
        margin_infonce(torch.tensor([-1.02]), [group([[0.1]])], **EVERYTHING)
    margin_infonce(torch.tensor([1.005]), [group([[0.1]])], **EVERYTHING)  # rounded, as by bf16


def test_nothing_is_read_back_from_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    # "meta" has sizes and no values: whatever asks for one raises. It knows no autocast.
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    away = torch.zeros(3, device="meta")
    group = Negatives(torch.zeros(3, 2, device="meta"), torch.ones(3, 2, device="meta").bool())
    found = margin_infonce(away, [group, group], **EVERYTHING)
    assert found.loss.shape == ()
    assert [alone.shape for alone in found.alone] == [(), ()]


def test_what_is_masked_has_no_say_and_no_gradient() -> None:
    cosines = torch.tensor([[0.2, 0.99]], requires_grad=True)
    kept = torch.tensor([[True, False]])
    loss = margin_infonce(torch.tensor([0.5]), [Negatives(cosines, kept)], **EVERYTHING).loss
    loss.backward()
    assert torch.equal(
        loss, margin_infonce(torch.tensor([0.5]), [group([[0.2]])], **EVERYTHING).loss
    )
    assert cosines.grad is not None
    assert cosines.grad[0, 1] == 0
    assert cosines.grad[0, 0] > 0


def test_a_memory_of_equal_negatives_costs_the_logarithm_of_its_size() -> None:
    # 50,000 against 32 negatives: ln(50,000 / 32) = 7.35 nats for the same tower.
    positives = torch.tensor([0.0])
    few, many = (group([[0.0] * count]) for count in (32, 50_000))
    kept = {"temperature": 0.05, "margin": 0.0}
    gap = (
        margin_infonce(positives, [many], **kept).loss
        - margin_infonce(positives, [few], **kept).loss
    )
    assert gap.item() == pytest.approx(math.log(50_001 / 33), abs=1e-4)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 2**31))
def test_equals_cross_entropy_with_the_positive_first(rows: int, count: int, seed: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    positives = torch.rand(rows, generator=draws) * 2 - 1
    others = torch.rand(rows, count, generator=draws) * 2 - 1
    logits = torch.cat([positives.unsqueeze(1) - 0.03, others], dim=1) / 0.05
    expected = torch.nn.functional.cross_entropy(logits, torch.zeros(rows, dtype=torch.long))
    parts = [group(others[:, :1].tolist()), group(others[:, 1:].reshape(rows, -1).tolist())]
    parts = [part for part in parts if part.cosines.shape[1]]
    found = margin_infonce(positives, parts, **EVERYTHING).loss
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_each_group_alone_is_what_it_would_cost_by_itself() -> None:
    positives, parts = torch.tensor([0.5, 0.1]), [group([[0.2], [0.3]]), group([[0.4], [0.0]])]
    found = margin_infonce(positives, parts, **EVERYTHING)
    for part, alone in zip(parts, found.alone, strict=True):
        torch.testing.assert_close(alone, margin_infonce(positives, [part], **EVERYTHING).loss)


def test_a_group_of_which_nothing_is_in_force_is_as_none() -> None:
    cosines = torch.tensor([[0.2]], requires_grad=True)
    positives, nothing = torch.tensor([0.5]), Negatives(cosines, torch.tensor([[False]]))
    found = margin_infonce(positives, [nothing, group([[0.4]])], **EVERYTHING)
    found.loss.backward()
    assert torch.equal(found.loss, margin_infonce(positives, [group([[0.4]])], **EVERYTHING).loss)
    assert found.alone[0] == 0
    assert cosines.grad is not None
    assert cosines.grad.item() == 0
