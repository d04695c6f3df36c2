"""A model's own loss arrives, with its gradient, through every kind of pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from training_toys import FakeModel, equal_bits, make_embed, make_model, make_rerank

from gonogo.models.parts.emitted import emit_figure, emit_term
from gonogo.training.parts.task import TaskLoss
from gonogo.training.passes.chunked import ChunkSettings

WEIGHT = 0.25
KINDS = {
    "one pass": (10**6, False, False),
    "chunked": (24, False, False),
    "gradcache": (24, True, False),
    "cores": (24, False, True),
    "cores, gradcache": (24, True, True),
}


class TellingModel(FakeModel):
    """Tells the mean over rows of the squared output of its layer, as a router tells its balance.

    A mean over rows: however rows are cut into passes, the mean over all is the same.
    """

    def __init__(self, weight: float = WEIGHT) -> None:
        super().__init__(0.0)
        self.load_state_dict(make_model(0.0).state_dict())
        self.body.layer.register_forward_hook(self.tell)
        self.weight = weight

    def tell(self, _: object, __: object, output: Tensor) -> None:
        if self.weight:
            emit_term("balance", output.square().mean(), weight=self.weight, count=len(output))
        emit_figure("rows", float(len(output)), count=1)


def settings(model: FakeModel, kind: str) -> ChunkSettings:
    budget, replay, cores = KINDS[kind]
    learns = model.trainable if cores else None
    return ChunkSettings(budget, 0, "cpu", model.autocast, replay, learns)


def run(model: FakeModel, make: Callable[..., object], kind: str) -> tuple[TaskLoss, dict]:
    model.zero_grad()
    task = make(model, settings=settings(model, kind))
    result = task.loss(task.batch(0))
    result.loss.backward()
    learns = model.trainable().items()
    return result, {name: p.grad.clone() for name, p in learns if p.grad is not None}


def by_hand(make: Callable[..., object]) -> tuple[float, dict[str, Tensor]]:
    """Return the term and its weighted gradient over all distinct rows of the batch, in one go."""
    model = TellingModel(weight=0.0)
    task = make(model, settings=settings(model, "one pass"))
    outputs: list[Tensor] = []
    hook = model.body.layer.register_forward_hook(lambda *a: outputs.append(a[2]))
    task.loss(task.batch(0))
    hook.remove()
    term = torch.cat(outputs).square().mean()
    model.zero_grad()
    (WEIGHT * term).backward()
    learns = model.trainable().items()
    return term.item(), {name: p.grad.clone() for name, p in learns if p.grad is not None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [make_embed, make_rerank])
def test_a_terms_gradient_arrives_in_every_kind_of_pass(
    make: Callable[..., object], kind: str
) -> None:
    term, own = by_hand(make)
    plain, without = run(make_model(0.0), make, kind)
    told, found = run(TellingModel(), make, kind)
    assert told.figures["balance"].item() == pytest.approx(term, rel=1e-5)
    assert told.figures["objective"].item() == pytest.approx(plain.loss.item(), rel=1e-6)
    assert told.loss.item() == pytest.approx(plain.loss.item() + WEIGHT * term, rel=1e-5)
    assert not told.figures["balance"].requires_grad
    assert own["body.layer.weight"].abs().max() > 1e-3
    for name, gradient in found.items():
        expected = without[name] + own.get(name, torch.zeros(()))
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_figures_alone_change_no_bit(kind: str) -> None:
    plain, without = run(make_model(0.0), make_embed, kind)
    told, found = run(TellingModel(weight=0.0), make_embed, kind)
    assert torch.equal(plain.loss, told.loss)
    assert equal_bits(without, found)
    assert set(told.figures) == {"rows"}
    assert (told.figures["rows"] >= 1).all()


def test_frozen_negatives_tell_figures_and_no_term() -> None:
    model = TellingModel()
    result, _ = run(model, lambda m, **k: make_embed(m, hard_negatives="frozen", **k), "one pass")
    exact, _ = run(model, make_embed, "one pass")
    assert result.figures["balance"] != exact.figures["balance"]  # over the pairs' rows alone
