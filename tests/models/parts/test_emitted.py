"""What a model tells on the side: means by count, one thread's own, and never lost silently."""

from __future__ import annotations

import threading

import pytest
import torch

from gonogo.models.parts.emitted import (
    Emitted,
    collected,
    emit_figure,
    emit_term,
    together,
    with_emitted,
)


def test_told_twice_is_the_mean_by_count() -> None:
    with collected() as told:
        emit_term("balance", torch.tensor(1.0), weight=0.5, count=3)
        emit_term("balance", torch.tensor(5.0), weight=0.5, count=1)
        emit_figure("active", 2.0, count=1)
    other = Emitted(figures={"active": told().figures["active"]})
    found = together([told(), other])
    assert (found.terms["balance"].value.item(), found.terms["balance"].count) == (2.0, 4)
    assert (found.figures["active"].value.item(), found.figures["active"].count) == (2.0, 2)


def test_terms_are_added_with_their_weight_and_shown_without() -> None:
    with collected() as told:
        emit_term("balance", torch.tensor(3.0), weight=0.5, count=1)
        emit_figure("active", 2.0, count=1)
    loss, shown = told().added_to(torch.tensor(10.0))
    assert loss.item() == 11.5
    values = {name: value.item() for name, value in shown.items()}
    assert values == {"objective": 10.0, "balance": 3.0, "active": 2.0}


def test_without_terms_the_loss_is_the_same_object() -> None:
    loss = torch.tensor(1.0)
    assert Emitted().added_to(loss) == (loss, {})
    assert Emitted().added_to(loss)[0] is loss


def test_a_term_that_nobody_collects_is_an_error_where_it_has_a_gradient() -> None:
    value = torch.ones((), requires_grad=True)
    with pytest.raises(RuntimeError, match="balance"):
        emit_term("balance", value * 2, weight=1.0, count=1)
    with torch.no_grad():  # an evaluation minimises nothing
        emit_term("balance", value * 2, weight=1.0, count=1)
    emit_figure("active", 1.0, count=1)


def test_one_name_has_one_weight() -> None:
    with collected() as told:
        for weight in (0.1, 0.2):
            emit_term("balance", torch.tensor(1.0), weight=weight, count=1)
    with pytest.raises(ValueError, match="two weights"):
        told()


def test_each_thread_collects_its_own_and_an_inner_pass_hides_the_outer() -> None:
    def tell(value: float) -> torch.Tensor:
        emit_figure("seen", value, count=1)
        return torch.zeros(())

    found: dict[int, float] = {}

    def work(number: int) -> None:
        _, told = with_emitted(tell, float(number))
        found[number] = told.figures["seen"].value.item()

    with collected() as outer:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with_emitted(tell, 9.0)
    assert found == {number: float(number) for number in range(4)}
    assert outer() == Emitted()
