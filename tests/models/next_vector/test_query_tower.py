"""Query towers: their size, their padding, where they start, and their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from gonogo.core.errors import UserError
from gonogo.evaluation.next_vector.next_vector_heuristics import weighted_mean
from gonogo.models.build.build import build_model, load_model
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.next_vector.towers import QueryTower as TowerSpec

KINDS = ("gru", "residual_mean", "attention")


def tower(kind: str, dimension: int = 12, seed: int = 3, **encoder: Any) -> QueryTower:
    spec = TypeAdapter(TowerSpec).validate_python(
        {"dimension": dimension, "encoder": {"kind": kind, **encoder}}
    )
    model = build_model(spec, seed)
    assert isinstance(model, QueryTower)
    return model


def contexts(count: int = 5, length: int = 7, dimension: int = 12) -> torch.Tensor:
    draws = torch.Generator().manual_seed(1)
    return torch.nn.functional.normalize(
        torch.randn(count, length, dimension, generator=draws), dim=-1
    )


def disturb(model: QueryTower) -> None:
    """Move every weight, so that parts which start at 0 are tested too."""
    draws = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.3 * torch.randn(value.shape, generator=draws))


def test_the_gru_tower_has_4_725_504_parameters() -> None:
    assert tower("gru", 768).count_trainable() == 4_725_504


@pytest.mark.parametrize("kind", KINDS)
def test_padding_in_front_changes_nothing(kind: str) -> None:
    model = tower(kind)
    disturb(model)
    context = contexts(length=4)
    padded = torch.cat([torch.full((5, 3, 12), 9.0), context], dim=1)
    present = torch.tensor([False] * 3 + [True] * 4).expand(5, 7)
    alone = model(context, torch.ones(5, 4, dtype=torch.bool))
    torch.testing.assert_close(model(padded, present), alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_contexts_of_several_lengths_do_not_disturb_each_other(kind: str) -> None:
    model = tower(kind)
    disturb(model)
    context = contexts()
    lengths = torch.tensor([7, 1, 4, 6, 2])
    present = torch.arange(7) >= 7 - lengths.unsqueeze(1)
    together = model(context, present)
    for row, length in enumerate(lengths.tolist()):
        own = model(context[row : row + 1, 7 - length :], torch.ones(1, length, dtype=torch.bool))
        torch.testing.assert_close(together[row : row + 1], own, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["residual_mean", "attention"])
def test_a_residual_tower_starts_as_the_weighted_mean(kind: str) -> None:
    context, lengths = contexts(), torch.tensor([7, 3, 5, 7, 1])
    present = torch.arange(7) >= 7 - lengths.unsqueeze(1)
    expected = weighted_mean(context.numpy(), present.numpy(), 0.3)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = tower(kind)(context, present)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_queries_have_length_1_and_every_parameter_learns(kind: str) -> None:
    model = tower(kind)
    disturb(model)
    queries = model(contexts(), torch.ones(5, 7, dtype=torch.bool))
    torch.testing.assert_close(queries.norm(dim=1), torch.ones(5))
    queries[:, 0].sum().backward()
    still = [name for name, value in model.named_parameters() if not value.grad.abs().sum() > 0]
    assert still == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_tower_is_the_same_tower(kind: str, tmp_path: Path) -> None:
    model = tower(kind)
    disturb(model)
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, QueryTower)
    present = torch.ones(5, 7, dtype=torch.bool)
    assert torch.equal(loaded(contexts(), present), model(contexts(), present))


@pytest.mark.parametrize("kind", KINDS)
def test_first_values_follow_the_seed_alone(kind: str) -> None:
    torch.manual_seed(0)
    one = tower(kind, seed=5).state_dict()
    torch.manual_seed(99)
    again, other = tower(kind, seed=5).state_dict(), tower(kind, seed=6).state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_bank_of_another_width_is_refused() -> None:
    with pytest.raises(UserError, match=r"384 numbers, the tower reads 12.*dimension: 384"):
        tower("gru").check_width(384, Path("pairs"))
