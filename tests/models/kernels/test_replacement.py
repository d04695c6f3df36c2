"""Layers replaced by name: those of just one class, at every depth, and no others."""

from __future__ import annotations

from torch import nn

from gonogo.models.kernels.replacement import replace_layers


class Own(nn.Dropout):
    """Computes something else, for all that is known."""


def test_layers_of_that_class_alone_are_replaced_at_every_depth():
    model = nn.ModuleDict(
        {"top": nn.Dropout(0.1), "own": Own(0.2), "in": nn.Sequential(nn.ReLU(), nn.Dropout(0.3))}
    )
    replace_layers(model, (nn.Dropout,), lambda layer: nn.Threshold(layer.p, 0.0))
    assert isinstance(model["top"], nn.Threshold)
    assert model["top"].threshold == 0.1
    assert model["in"][1].threshold == 0.3
    assert type(model["own"]) is Own
    assert type(model["in"][0]) is nn.ReLU
