"""Jitter: while training alone, from a stream of its own, as large as it says."""

from __future__ import annotations

import pytest
import torch
from router_cases import inputs, make

from gonogo.models.kernels.random_bits import RandomBits, drawing_from
from gonogo.spec.model.mixture import SoftmaxRouting

SPEC = SoftmaxRouting(balance="none", jitter=0.3)


def trained(router, x, seed: int):
    with drawing_from(seed):
        return router.train()(x)


def test_jitter_is_drawn_while_training_alone_and_replays() -> None:
    router, x = make(SPEC), inputs()
    still = router.eval()(x)
    assert torch.equal(still, make(SPEC.model_copy(update={"jitter": 0.0})).train()(x))
    first = trained(router, x, 3)
    assert not torch.equal(first, still)
    assert torch.equal(first, trained(router, x, 3))
    assert not torch.equal(first, trained(router, x, 4))


def test_jitter_leaves_all_other_draws_as_they_are() -> None:
    def dropped(jitter: float) -> torch.Tensor:
        router, like = make(SPEC.model_copy(update={"jitter": jitter})), torch.ones(64)
        with drawing_from(3):
            RandomBits().keep(like, 0.5)
            router.train()(inputs())
            return RandomBits().keep(like, 0.5)

    assert torch.equal(dropped(0.0), dropped(0.5))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = make(SPEC).train()(inputs())
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, make(SPEC).train()(inputs()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_jitter_has_the_variance_of_uniform_factors(dtype: torch.dtype) -> None:
    router = make(SPEC, width=64).to(dtype)
    x = inputs(4000, 64).to(dtype)
    with drawing_from(1):
        noise = router._noise(x)
    random = torch.Generator().manual_seed(1)
    factors = 1 + 0.3 * (2 * torch.rand(x.shape, generator=random, dtype=dtype) - 1)
    uniform = (x * factors - x) @ router.weight.T
    torch.testing.assert_close(noise.std(0), uniform.std(0), rtol=0.06, atol=0)
    assert noise.mean(0).abs().max() < 0.05 * noise.std(0).min()
