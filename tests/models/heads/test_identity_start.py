"""Heads that start as the identity keep the ranking of what they read, and learn from there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.models.build.build import build_model, load_model
from gonogo.models.heads.identity_start import IdentityResidual
from gonogo.models.heads.projection import Projection, project
from gonogo.models.heads.projections import build_projection
from gonogo.models.heads.vector_model import VectorModel
from gonogo.spec.model.model import VectorModel as VectorModelSpec
from gonogo.spec.model.projections import MlpProjection, ProjectionSpec, ResidualProjection

WIDTH = 6
SPECS: list[ProjectionSpec] = [
    MlpProjection(dimension=WIDTH, widening=2.5, start="identity"),
    ResidualProjection(dimension=WIDTH, hidden=9, start="identity"),
]
either = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)


def rows(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(seed))


def moved(head: Projection) -> Projection:
    random = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for value in head.parameters():
            value += 0.1 * torch.randn(value.shape, generator=random)
    return head.eval()


@either
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100))
def test_cosines_are_those_of_the_input(spec: ProjectionSpec, seed: int, scale: float) -> None:
    head, base = build_projection(spec, WIDTH, seed).eval(), scale * rows(7, seed)
    found, expected = project(head, base, True), nn.functional.normalize(base, dim=-1)
    torch.testing.assert_close(found @ found.T, expected @ expected.T, atol=1e-5, rtol=1e-5)


def test_an_mlp_returns_its_input_and_a_residual_its_direction_times_the_root_of_the_width() -> (
    None
):
    mlp, residual = (build_projection(spec, WIDTH, 1).eval() for spec in SPECS)
    base = rows(5)
    torch.testing.assert_close(mlp(base), base)
    torch.testing.assert_close(residual(base), WIDTH**0.5 * base / base.norm(dim=1, keepdim=True))


def test_a_residual_is_its_formula() -> None:
    head = moved(IdentityResidual(WIDTH, 9, 0.1, 1))
    assert isinstance(head, IdentityResidual)
    u = (base := rows(4)) / base.norm(dim=1, keepdim=True)
    active = nn.functional.gelu(u @ head.inner.weight.T + head.inner.bias)
    expected = head.scale * (u + active @ head.outer.weight.T + head.outer.bias)
    torch.testing.assert_close(head(base), expected)


@either
def test_dense_layers_are_the_trained_head(spec: ProjectionSpec) -> None:
    head = moved(build_projection(spec, WIDTH, 2))
    hidden = nn.functional.normalize(rows(4), dim=-1) if head.reads_unit else rows(4)
    for layer in head.dense():
        hidden = hidden @ layer.weight.T + layer.bias
        hidden = nn.functional.gelu(hidden) if layer.activation == "activation.GELU" else hidden
    torch.testing.assert_close(hidden, head(rows(4)), atol=1e-5, rtol=1e-5)


@either
def test_the_first_step_already_moves_it(spec: ProjectionSpec) -> None:
    head = build_projection(spec, WIDTH, 3).eval()
    (head(rows(5)) * rows(5, 1)).sum().backward()
    [outer] = [value.grad for name, value in head.named_parameters() if name == "outer.weight"]
    assert outer is not None
    assert outer.abs().max() > 0


@either
def test_a_saved_one_is_loaded_as_it_was(spec: ProjectionSpec, tmp_path: Path) -> None:
    model = build_model(VectorModelSpec(dimension=WIDTH, projection=spec), 1)
    assert isinstance(model, VectorModel)
    assert model.projection is not None
    moved(model.projection)
    model.save(tmp_path)
    loaded = load_model(tmp_path)
    assert isinstance(loaded, VectorModel)
    assert torch.equal(loaded.project(rows(3)), model.project(rows(3)))


@either
def test_another_width_is_refused_with_the_one_that_fits(spec: ProjectionSpec) -> None:
    with pytest.raises(UserError, match=r"width 6 on vectors of width 8.*dimension: 8"):
        build_projection(spec, 8, 1)


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValidationError, match="widening 2 or more, not 1"):
        MlpProjection(widening=1.0, start="identity")
    with pytest.raises(ValidationError, match="leave out skip_start: svd"):
        ResidualProjection(skip_start="svd", start="identity")
