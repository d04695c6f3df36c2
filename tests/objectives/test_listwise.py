"""Listwise softmax: by hand, against a loop in float64, and what only lists promise."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gonogo.objectives.listwise import listwise_softmax


def naive(scores: list[float], labels: list[int], lists: list[int], temperature: float) -> float:
    """Loop over lists and relevant documents, as the equation says."""
    losses = []
    for number in dict.fromkeys(lists):
        inside = [n for n, each in enumerate(lists) if each == number]
        total = math.fsum(math.exp(scores[n] / temperature) for n in inside)
        relevant = [n for n in inside if labels[n]]
        logs = [scores[n] / temperature - math.log(total) for n in relevant]
        losses.append(-math.fsum(logs) / len(relevant))
    return math.fsum(losses) / len(losses)


def test_by_hand():
    scores = torch.tensor([math.log(3), 0.0, 0.0, 0.0])
    loss = listwise_softmax(scores, torch.tensor([1, 0, 1, 0]), torch.tensor([0, 0, 1, 1]))
    assert loss.shape == ()
    assert loss.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2, rel=1e-6)


@st.composite
def ragged(draw):
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    lists = [number for number, length in enumerate(lengths) for _ in range(length)]
    scores = draw(st.lists(st.floats(-8, 8), min_size=len(lists), max_size=len(lists)))
    labels = draw(st.lists(st.integers(0, 1), min_size=len(lists), max_size=len(lists)))
    for number in range(len(lengths)):
        labels[lists.index(number)] = 1
    return scores, labels, lists


@given(ragged(), st.floats(0.05, 3.0))
def test_equals_a_loop_over_lists_and_ignores_what_is_added_to_one(case, temperature):
    scores, labels, lists = case
    values = torch.tensor(scores, dtype=torch.float64)
    given_lists, given_labels = torch.tensor(lists), torch.tensor(labels)
    loss = listwise_softmax(values, given_labels, given_lists, temperature=temperature)
    assert loss.item() == pytest.approx(naive(scores, labels, lists, temperature), abs=1e-9)
    moved = values + 3.0 * given_lists
    again = listwise_softmax(moved, given_labels, given_lists, temperature=temperature)
    assert again.item() == pytest.approx(loss.item(), abs=1e-8)


def test_gradients_equal_finite_differences_in_lists_of_unequal_length():
    scores = torch.tensor([0.3, -2.0, 1.5, 0.1, 0.9], dtype=torch.float64, requires_grad=True)
    labels, lists = torch.tensor([1, 0, 0, 1, 1]), torch.tensor([4, 4, 4, 7, 7])
    assert torch.autograd.gradcheck(
        lambda s: listwise_softmax(s, labels, lists, temperature=0.5), (scores,)
    )


def test_a_list_of_relevant_documents_alone_asks_for_equal_scores():
    scores = torch.tensor([1.0, 1.0], requires_grad=True)
    loss = listwise_softmax(scores, torch.tensor([1, 1]), torch.tensor([0, 0]))
    assert torch.autograd.grad(loss, scores)[0].abs().max() < 1e-7


def test_half_precision_scores_are_compared_in_fp32():
    scores = torch.tensor([40.0, -40.0], dtype=torch.float16)
    loss = listwise_softmax(scores, torch.tensor([0, 1]), torch.tensor([0, 0]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(80.0)


def test_a_list_without_a_relevant_document_is_refused():
    with pytest.raises(ValueError, match="without a relevant"):
        listwise_softmax(torch.zeros(3), torch.tensor([1, 0, 0]), torch.tensor([0, 0, 1]))
