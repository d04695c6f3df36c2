import math

import pytest
import torch
from torch.nn.functional import normalize

from gonogo.objectives.build import build_embedding_objective, build_score_objective
from gonogo.objectives.infonce import infonce
from gonogo.objectives.listwise import listwise_softmax
from gonogo.objectives.triplet import triplet
from gonogo.objectives.yes_no import yes_no_cross_entropy
from gonogo.spec.task.objectives import InfoNce, ListwiseSoftmax, Triplet, YesNoCrossEntropy


def test_every_setting_of_infonce_arrives():
    draws = torch.Generator().manual_seed(0)
    q, p = (normalize(torch.randn(4, 6, generator=draws), dim=1) for _ in range(2))
    n = normalize(torch.randn(4, 2, 6, generator=draws), dim=2)
    base = {"temperature": 0.05, "false_negative_margin": 0.1}
    values = {build_embedding_objective(InfoNce())(q, p, n).item()}
    assert values == {infonce(q, p, n, **base).item()}
    changes = [
        {"temperature": 0.2},
        {"false_negative_margin": -0.5},
        {"query_query": False},
        {"document_document": False},
    ]
    for change in changes:
        loss = build_embedding_objective(InfoNce(**change))(q, p, n)
        assert loss == infonce(q, p, n, **{**base, **change})
        values.add(loss.item())
    assert len(values) == 5


def misranked():
    """Return a query 10 from its positive, and a negative 9 nearer; no vector has length 1."""
    query, positive = torch.zeros(1, 2), torch.tensor([[6.0, 8.0]])
    return query, positive, torch.tensor([[[0.6, 0.8]]], requires_grad=True)


@pytest.mark.parametrize("similarity", ["euclidean", "dot"])
def test_by_default_a_misranked_negative_without_length_1_is_pushed_away(similarity):
    """0.1 is a margin between cosines: among distances it would mask what has to be learned."""
    query, positive, negative = misranked()
    query = query if similarity == "euclidean" else query - 1  # products -14 and -1.4
    loss = build_embedding_objective(InfoNce(), similarity)(query, positive, negative)
    loss.backward()
    assert loss.item() == pytest.approx(9 if similarity == "euclidean" else 12.6, abs=0.01)
    assert negative.grad.norm() > 0.9


def test_a_margin_and_a_temperature_that_are_given_hold_for_distances_too():
    query, positive, negative = misranked()
    given = InfoNce(false_negative_margin=0.1, temperature=3.0)
    build_embedding_objective(given, "euclidean")(query, positive, negative).backward()
    assert not negative.grad.any()  # masked, as the study asks
    given = InfoNce(false_negative_margin=None, temperature=3.0)
    loss = build_embedding_objective(given, "euclidean")(query, positive, negative)
    assert loss.item() == pytest.approx(math.log1p(math.exp(9 / 3)), abs=1e-4)


def test_the_triplets_compare_as_the_model_does():
    query, positive, negative = misranked()
    loss = build_embedding_objective(Triplet(margin=2.0), "euclidean")(query, positive, negative)
    assert loss.item() == pytest.approx(9 + 2)
    plain = triplet(query, positive, negative, margin=2.0, similarity="dot")
    assert build_embedding_objective(Triplet(margin=2.0), "dot")(query, positive, negative) == plain


def test_every_setting_of_yes_no_arrives():
    margins, labels = torch.tensor([0.5, -1.0]), torch.tensor([1, 0])
    lists = torch.tensor([0, 1])
    for weight in (1.0, 3.0):
        objective = build_score_objective(YesNoCrossEntropy(positive_weight=weight))
        loss = objective(margins, labels, lists)
        assert loss == yes_no_cross_entropy(margins, labels, positive_weight=weight)


def test_every_setting_of_the_listwise_loss_arrives():
    scores, labels, lists = torch.tensor([0.5, -1.0]), torch.tensor([1, 0]), torch.tensor([0, 0])
    for temperature in (1.0, 0.2):
        objective = build_score_objective(ListwiseSoftmax(temperature=temperature))
        expected = listwise_softmax(scores, labels, lists, temperature=temperature)
        assert objective(scores, labels, lists) == expected
