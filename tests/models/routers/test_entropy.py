"""Tsallis entropy and top-p, computed by hand; all experts where a token is undecided."""

from __future__ import annotations

import math

import pytest
import torch
from router_cases import inputs, make

from gonogo.models.routers.entropy import top_p, tsallis
from gonogo.spec.model.mixture import EntropyRouting

GATES = torch.tensor([[0.5, 0.3, 0.15, 0.05], [0.25, 0.25, 0.25, 0.25], [0.97, 0.01, 0.01, 0.01]])


def test_entropy_by_hand() -> None:
    # q = 2: 1 - sum of squares, over 1 - 1/4
    squares = torch.tensor([1 - 0.365, 0.75, 1 - (0.97**2 + 3e-4)]) / 0.75
    torch.testing.assert_close(tsallis(GATES, 2.0), squares)
    shannon = -(GATES * GATES.log()).sum(1) / math.log(4)
    torch.testing.assert_close(tsallis(GATES, 1.0), shannon)
    torch.testing.assert_close(tsallis(GATES, 1.0001), shannon, rtol=1e-2, atol=1e-3)
    assert tsallis(torch.ones(3, 1), 1.2).tolist() == [0, 0, 0]


def test_the_one_that_crosses_is_kept() -> None:
    kept = top_p(GATES, 0.75, 1)
    assert kept.tolist() == [
        [True, True, False, False],  # 0.5 < 0.75: 0.3 crosses it
        [True, True, True, False],
        [True, False, False, False],  # the first alone crosses it
    ]
    assert top_p(GATES, 0.5, 1)[0].tolist() == [True, False, False, False]  # reached, not crossed
    assert top_p(GATES, 0.75, 3)[2].sum() == 3
    assert top_p(GATES, 0.0, 1).sum(1).tolist() == [1, 1, 1]


@pytest.mark.parametrize("threshold", [0.0, 0.6, 1.0])
def test_undecided_tokens_have_all_experts(threshold: float) -> None:
    spec = EntropyRouting(threshold=threshold)
    router, x = make(spec), inputs(100)
    before = (x @ router.weight.T).softmax(1)
    undecided = tsallis(before, spec.index) > threshold
    gates = router(x)
    torch.testing.assert_close(gates[undecided], before[undecided])
    if threshold == 0.6:
        assert 5 < undecided.sum() < 95
    kept = top_p(before, spec.top_p, spec.least)[~undecided]
    assert torch.equal(gates[~undecided] > 0, kept)
    expected = before[~undecided] * kept
    torch.testing.assert_close(gates[~undecided], expected / expected.sum(1, keepdim=True))
