"""Retrieval with regularisers: what is added to the objective, over which rows, over a resume."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from training_toys import FakeModel, make_embed, make_model, retrieval_data

from gonogo.objectives.build import build_embedding_objective
from gonogo.objectives.covariance import covariance_distance
from gonogo.objectives.variance import variance_distance
from gonogo.spec.task.objectives import InfoNce
from gonogo.spec.task.regularisers import CovarianceTerm, Sigreg, VarianceTerm
from gonogo.training.text.regularisation import Regularisation
from gonogo.training.text.retrieval_task import RetrievalBatch, RetrievalTask

TERMS = (CovarianceTerm(weight=3.0, memory=0), VarianceTerm(weight=0.5))
INFONCE = InfoNce(temperature=0.5)


def regularised(model: FakeModel, *terms: object, **changes: object) -> RetrievalTask:
    return make_embed(
        model,
        objective=build_embedding_objective(INFONCE),
        regularise=Regularisation(terms or TERMS, "cosine", 1, "embed"),
        **changes,
    )


def by_hand(
    model: FakeModel, task: RetrievalTask, batch: RetrievalBatch, hard: str
) -> tuple[Tensor, dict[str, Tensor]]:
    """Embed each distinct text alone; return the objective and the terms' own values."""
    pairs = {*batch.queries.tolist(), *batch.positives.tolist()}

    def embed(number: int, *, negative: bool) -> Tensor:
        ids = torch.tensor([task._tokens[number]])
        row = model.bi_encoder(ids, torch.ones_like(ids))[0]
        return row.detach() if negative and hard == "frozen" else row

    def stacked(numbers: np.ndarray, *, negative: bool = False) -> Tensor:
        return torch.stack([embed(int(n), negative=negative) for n in numbers.ravel()])

    objective = build_embedding_objective(INFONCE)(
        stacked(batch.queries),
        stacked(batch.positives),
        stacked(batch.negatives, negative=True).unflatten(0, batch.negatives.shape),
        relevant=torch.from_numpy(batch.relevant),
        negative_kept=torch.from_numpy(batch.negative_kept),
        same_query=torch.from_numpy(batch.same_query),
    )
    distinct = sorted(pairs | {*batch.negatives.ravel().tolist()})
    rows = torch.stack([embed(n, negative=n not in pairs) for n in distinct])
    return objective, {
        "covariance": covariance_distance(rows, similarity="cosine"),
        "variance": variance_distance(rows, similarity="cosine"),
    }


@pytest.mark.parametrize("hard", ["frozen", "exact"])
def test_the_loss_is_the_objective_and_weighted_terms_over_distinct_rows(hard: str) -> None:
    model = make_model(0.0)
    task = regularised(model, hard_negatives=hard, batch_size=12)
    batch = task.batch(0)
    texts = np.concatenate([batch.queries, batch.positives, batch.negatives.ravel()])
    assert len(np.unique(texts)) < len(texts)  # else distinct rows would be all rows
    found = task.loss(batch)
    objective, terms = by_hand(model, task, batch, hard)
    expected = objective + 3.0 * terms["covariance"] + 0.5 * terms["variance"]
    assert {name: float(value) for name, value in found.figures.items()} == pytest.approx(
        {"objective": objective.item(), **{name: value.item() for name, value in terms.items()}},
        rel=1e-5,
    )
    torch.testing.assert_close(found.loss, expected, rtol=1e-5, atol=1e-6)
    parameters = list(model.body.parameters())
    ours, wanted = (torch.autograd.grad(loss, parameters) for loss in (found.loss, expected))
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


def test_figures_are_read_by_the_step_and_not_before_the_backward_pass() -> None:
    """A number read at once would make an accelerator wait for the host."""
    result = regularised(make_model()).loss(regularised(make_model()).batch(0))
    assert all(isinstance(value, Tensor) for value in result.figures.values())
    assert not any(value.requires_grad for value in result.figures.values())


def test_what_the_terms_remember_goes_on_after_a_resume() -> None:
    model = make_model(0.0)
    terms = (CovarianceTerm(memory=40), VarianceTerm(memory=16), Sigreg(slices=8))
    whole, resumed, fresh = (
        regularised(model, *terms, hard_negatives="frozen", examples=retrieval_data(16))
        for _ in range(3)
    )
    for index in range(2):
        whole.loss(whole.batch(index))
    resumed.load_state_dict(whole.state_dict())
    for index in (2, 3):
        one, other, empty = (each.loss(each.batch(index)) for each in (whole, resumed, fresh))
        assert torch.equal(one.loss, other.loss)
        assert one.figures == other.figures
        assert not torch.equal(one.loss, empty.loss)
