"""Gates in rank space: a loop over experts as the oracle for values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gonogo.models.adapters.gated_low_rank import Ranks, add_experts
from gonogo.models.adapters.low_rank import add_update
from gonogo.models.kernels.dropout import Dropout
from gonogo.models.kernels.random_bits import drawing_from

RANKS, SCALES = (2, 3, 4), (1.0, 0.5, 2.0)
FORM = torch.float64


def values(dtype: torch.dtype = FORM, shape: tuple[int, ...] = (3, 4, 5)) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(1)

    def drawn(*size: int) -> Tensor:
        return torch.randn(*size, generator=random, dtype=FORM).to(dtype).requires_grad_()

    rows = torch.Size(shape[:-1]).numel()
    return {
        "x": drawn(*shape),
        "down": drawn(sum(RANKS), 5),
        "up": drawn(7, sum(RANKS)),
        "gates": (drawn(rows, 3) + 0.5).detach().requires_grad_(),
    }


def ranks(dtype: torch.dtype = FORM) -> Ranks:
    sizes = torch.tensor(RANKS)
    scales = torch.tensor(SCALES, dtype=dtype).repeat_interleave(sizes)
    return Ranks(torch.arange(3).repeat_interleave(sizes), scales)


def looped(x: Tensor, down: Tensor, up: Tensor, gates: Tensor | None) -> Tensor:
    """Compute each expert's output by itself, weigh it, and sum."""
    total: Tensor = torch.zeros(())
    downs, ups = down.split(RANKS), up.split(RANKS, 1)
    for number, scale in enumerate(SCALES):
        output = x @ downs[number].T @ ups[number].T * scale
        gate = 1 if gates is None else gates[:, number].view(*x.shape[:-1], 1)
        total = total + gate * output
    return total


def fused(x: Tensor, down: Tensor, up: Tensor, gates: Tensor | None, p: float = 0.0) -> Tensor:
    base = torch.zeros(*x.shape[:-1], 7, dtype=x.dtype)
    drop = Dropout(p)
    return add_experts(base, x, down, up, ranks(down.dtype), gates, drop, p)


def gradients(output: Tensor, given: dict[str, Tensor]) -> list[Tensor]:
    random = torch.Generator().manual_seed(4)
    weights = torch.randn(output.shape, generator=random, dtype=FORM).to(output.dtype)
    return list(torch.autograd.grad((output * weights).sum(), list(given.values())))


@pytest.mark.parametrize("shape", [(6, 5), (3, 4, 5)])
@pytest.mark.parametrize("gated", [True, False])
def test_equals_the_sum_of_experts(gated: bool, shape: tuple[int, ...]) -> None:
    given = values(shape=shape)
    if not gated:
        del given["gates"]
    ours, theirs = (make(**{"gates": None, **given}) for make in (fused, looped))
    torch.testing.assert_close(ours, theirs)
    for found, wanted in zip(gradients(ours, given), gradients(theirs, given), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_gradients_equal_finite_differences() -> None:
    given = values(shape=(4, 5))
    assert torch.autograd.gradcheck(fused, tuple(given.values()))


def test_gates_of_one_are_the_plain_update() -> None:
    given = values(torch.float32)
    ones = torch.ones(12, 3)
    scaling = ranks(torch.float32).scaling
    base = torch.zeros(3, 4, 7)
    args = given["x"], given["down"], given["up"]
    with drawing_from(1):
        plain = add_update(base.clone(), *args, 0.4, scaling)
    with drawing_from(1):
        gated = fused(*args, ones, p=0.4)
    assert torch.equal(plain, gated)
    del given["gates"]
    for found, wanted in zip(gradients(gated, given), gradients(plain, given), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_dropout_drops_the_same_in_the_gradient() -> None:
    given = values()
    with drawing_from(1):
        output = fused(**given, p=0.5)
    with drawing_from(1):
        seen = given["x"] * (fused_mask(given["x"], 0.5))
    theirs = looped(seen, given["down"], given["up"], given["gates"])
    torch.testing.assert_close(output, theirs, rtol=1e-6, atol=1e-6)
    for found, wanted in zip(gradients(output, given), gradients(theirs, given), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def fused_mask(like: Tensor, p: float) -> Tensor:
    return Dropout(p).train()(torch.ones_like(like))


def test_under_autocast_gates_get_gradients_in_fp32() -> None:
    given = values(torch.float32)
    exact = gradients(fused(**given), given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        base = nn.functional.linear(given["x"], torch.zeros(7, 5))
        output = add_experts(
            base, given["x"], given["down"], given["up"], ranks(), given["gates"], Dropout(0.0), 0.0
        )
    assert output.dtype == torch.bfloat16
    for found, wanted in zip(gradients(output, given), exact, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, wanted, rtol=0.1, atol=0.3)
