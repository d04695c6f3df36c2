import pytest
import torch

from gonogo.models.heads.projections import ResidualMlp
from gonogo.models.heads.residual_bf16 import RoundedResidual, with_ones


def head(dropout=0.0, width=24):
    made = ResidualMlp(width, 40, 16, dropout, 0.3, seed=3)
    with torch.no_grad():
        made.mlp.inner.bias.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
        made.mlp.outer.bias.normal_(0, 0.1, generator=torch.Generator().manual_seed(2))
    return made.train()


def unit(count=60, width=24):
    rows = torch.randn(count, width, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.normalize(rows, dim=1)


def normalised(outputs):
    return torch.nn.functional.normalize(outputs, dim=1)


def gradients(made, normal):
    made.zero_grad()
    torch.autograd.backward((normal @ normal[:7].T).square().mean())
    return {name: value.grad.clone() for name, value in made.named_parameters()}


@pytest.mark.parametrize("width", [24, 23, 32])
def test_equals_the_head_in_fp32_but_for_rounding(width):
    made, rows = head(width=width), unit(width=width)
    picked = torch.randperm(60, generator=torch.Generator().manual_seed(4))[:50]
    fast = RoundedResidual(made, with_ones(rows))
    expected = made(rows[picked])
    found, lengths = fast(picked)
    assert torch.allclose(found, normalised(expected), atol=0.01)
    assert torch.allclose(lengths, expected.norm(dim=1, keepdim=True), rtol=0.01)
    assert not lengths.requires_grad
    slow = gradients(made, normalised(made(rows[picked])))
    for name, value in gradients(made, fast(picked)[0]).items():
        assert value.shape == slow[name].shape
        apart = (value - slow[name]).norm() / slow[name].norm()
        assert apart < 0.02, name


def test_equal_seeds_drop_the_same_and_about_the_share():
    made = head(dropout=0.25)
    fast = RoundedResidual(made, with_ones(unit()))
    rows = torch.arange(60)
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(fast(rows)[0].detach().clone())
    assert outputs[0].equal(outputs[1])
    assert not outputs[0].equal(outputs[2])
    share = (fast._memory.active[:60] == 0).float().mean()
    assert share == pytest.approx(0.25, abs=0.03)


def test_dropout_keeps_the_mean():
    made, rows = head(dropout=0.5), torch.arange(60)
    fast = RoundedResidual(made, with_ones(unit()))
    torch.manual_seed(0)
    drawn = [torch.mul(*fast(rows)).detach() for _ in range(600)]
    mean = torch.stack(drawn).mean(0)
    assert torch.allclose(mean, made.eval()(unit()), atol=0.08)


def test_nothing_is_dropped_outside_training():
    made = head(dropout=0.5).eval()
    fast = RoundedResidual(made, with_ones(unit()))
    assert torch.allclose(fast(torch.arange(60))[0], normalised(made(unit())), atol=0.01)


def test_a_gradient_that_was_written_over_is_refused():
    fast = RoundedResidual(head(), with_ones(unit()))
    first, _ = fast(torch.arange(9))
    fast(torch.arange(9))
    with pytest.raises(RuntimeError, match="wrote over"):
        torch.autograd.backward(first.sum())


def test_a_batch_that_fills_no_block_has_no_strangers_in_its_gradient():
    """Rows of a larger batch before it lie in the same memory."""
    made = head()
    fast = RoundedResidual(made, with_ones(unit(1200)))
    fast(torch.arange(1100))
    picked = torch.arange(40)
    found = gradients(made, fast(picked)[0])
    fresh = gradients(made, RoundedResidual(made, with_ones(unit(1200)))(picked)[0])
    assert all(found[name].equal(fresh[name]) for name in fresh)
