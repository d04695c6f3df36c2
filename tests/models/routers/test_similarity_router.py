"""Gates from cosines with pilots."""

from __future__ import annotations

import torch
from router_cases import inputs, make

from gonogo.spec.model.mixture import SimilarityRouting

PILOTS = dict.fromkeys(("embed", "rerank", "shared", "other"), ("a", "b"))


def test_gates_are_softmax_of_mean_cosines() -> None:
    router, x = make(SimilarityRouting(pilots=PILOTS, temperature=0.5)), inputs()
    pilots = inputs(8).view(4, 2, 6).flip(0)
    router.take_pilots(list(pilots))
    cosines = torch.cosine_similarity(x[:, None, None], pilots[None], dim=-1).mean(2)
    torch.testing.assert_close(router(x), (cosines / 0.5).softmax(1))
    torch.testing.assert_close(router(3 * x), router(x))
    assert not router.weight.requires_grad


def test_pilots_that_learn_are_compared_by_cosine() -> None:
    router, x = make(SimilarityRouting(temperature=0.5)), inputs()
    cosines = torch.cosine_similarity(x[:, None], router.weight[None], dim=-1)
    torch.testing.assert_close(router(x), (cosines / 0.5).softmax(1))
    assert router.weight.requires_grad


def test_the_most_similar_expert_alone() -> None:
    gates = make(SimilarityRouting(top=1))(inputs())
    assert torch.equal(gates.sort(1).values[:, :3], torch.zeros(40, 3, dtype=torch.float64))
