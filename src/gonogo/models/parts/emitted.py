"""A model's own losses and figures: told from whatever depth of it, collected around each pass.

A router deep inside a transformer cannot return its load-balancing loss through the layers above
it. It tells it, and the pass that is under way hands it on beside the rows. Where nobody collects,
a term that has a gradient is an error: it would be lost, and the training go on without it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec

import torch
from jaxtyping import Float
from torch import Tensor

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Term:
    """A mean that is minimised beside the task's loss.

    Attributes:
        value: the mean, with its graph.
        weight: what it is multiplied by in the loss.
        count: over how many things (rows, tokens) it is a mean.
    """

    value: Float[Tensor, ""]
    weight: float
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean for the log.

    Attributes:
        value: without a graph.
        count: over how many things it is a mean.
    """

    value: Float[Tensor, ""]
    count: int


@dataclass(frozen=True, slots=True)
class Emitted:
    """What a model told in one pass, or in several.

    Told twice under one name, by two layers or in two passes, it is the mean of both, each
    weighing as much as what it is a mean over.
    """

    terms: Mapping[str, Term] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def added_to(
        self, loss: Float[Tensor, ""]
    ) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """Return a loss with the terms in it, and what to log under which names.

        That is each term's own value, unweighted, each figure, and the ``objective`` alone, for a
        loss that holds terms cannot be compared between models. Without terms the loss is itself.
        """
        shown = {name: figure.value for name, figure in self.figures.items()}
        if not self.terms:
            return loss, shown
        shown["objective"] = loss.detach()
        for name, term in self.terms.items():
            loss = loss + term.weight * term.value
            shown[name] = term.value.detach()
        return loss, shown


def together(parts: Iterable[Emitted]) -> Emitted:
    """Return what was told in several passes as one."""
    terms: dict[str, Term] = {}
    figures: dict[str, Figure] = {}
    for part in parts:
        for name, term in part.terms.items():
            known = terms.get(name)
            terms[name] = term if known is None else _both_terms(name, known, term)
        for name, figure in part.figures.items():
            seen = figures.get(name)
            figures[name] = figure if seen is None else _both(seen, figure)
    return Emitted(terms, figures)


def _both_terms(name: str, first: Term, second: Term) -> Term:
    if first.weight != second.weight:
        raise ValueError(f"term {name!r} has two weights: {first.weight} and {second.weight}")
    both = _mean(first.value, first.count, second.value, second.count)
    return Term(both, first.weight, first.count + second.count)


def _both(first: Figure, second: Figure) -> Figure:
    both = _mean(first.value, first.count, second.value, second.count)
    return Figure(both, first.count + second.count)


def _mean(first: Tensor, own: int, second: Tensor, other: int) -> Tensor:
    return (first * own + second * other) / (own + other)


class _Listening(threading.local):
    """The collector of the pass that this thread is in, if any: cores run passes side by side."""

    heard: list[Emitted] | None = None


_LISTENING = _Listening()


def emit_term(name: str, value: Float[Tensor, ""], *, weight: float, count: int) -> None:
    """Tell a loss of the model's own, such as a router's load balance.

    Args:
        name: it is logged under.
        value: a mean; detached where gradients are off.
        weight: what it is multiplied by in the loss; one a name.
        count: over how many things it is a mean, so that passes of other sizes weigh less or more.

    Raises:
        RuntimeError: outside of a pass that collects, where its gradient would be lost.
    """
    if _LISTENING.heard is not None:
        _LISTENING.heard.append(Emitted({name: Term(value.float(), weight, count)}))
    elif value.requires_grad and torch.is_grad_enabled():
        raise RuntimeError(f"no pass collects the term {name!r}: its gradient would be lost")


def emit_figure(name: str, value: float | Float[Tensor, ""], *, count: int) -> None:
    """Tell a number for the log, such as how many experts were active; nothing where nobody logs.

    Args:
        name: it is logged under.
        value: a mean.
        count: over how many things.
    """
    if _LISTENING.heard is not None:
        told = torch.as_tensor(value, dtype=torch.float32).detach()
        _LISTENING.heard.append(Emitted(figures={name: Figure(told, count)}))


def emit_figures(values: Mapping[str, Float[Tensor, ""]], *, count: int) -> None:
    """Tell several figures at once, as `emit_figure` tells one."""
    if _LISTENING.heard is not None:
        told = {name: Figure(value.detach(), count) for name, value in values.items()}
        _LISTENING.heard.append(Emitted(figures=told))


def anyone_collects() -> bool:
    """Return whether what is told here is collected: computing it may cost."""
    return _LISTENING.heard is not None


@contextmanager
def collected() -> Iterator[Callable[[], Emitted]]:
    """Collect what this thread's models tell inside; the value returns it, at any later time."""
    before, heard = _LISTENING.heard, list[Emitted]()
    _LISTENING.heard = heard
    try:
        yield lambda: together(heard)
    finally:
        _LISTENING.heard = before


def with_emitted(
    model: Callable[P, Tensor], *args: P.args, **kwargs: P.kwargs
) -> tuple[Tensor, Emitted]:
    """Return what a model returns, and what it told meanwhile."""
    with collected() as told:
        rows = model(*args, **kwargs)
    return rows, told()
