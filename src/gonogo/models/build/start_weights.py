"""A model that starts from the weights of another one, name by name."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.models.parts.module import LearningModule
from gonogo.models.text.retrieval_model import RetrievalModel


def take_weights(model: LearningModule, source: LearningModule, folder: Path) -> None:
    """Copy what can have been learned: everything, or adapter and heads of a text model.

    Args:
        model: changed in place; its optimiser and its seed's streams begin anew.
        source: of the same make.
        folder: that the source was loaded from, named in errors.

    Raises:
        UserError: naming the first weight that is missing, too many, or of another shape; or
            pretrained weights that differ, on which an adapter would mean nothing.
    """
    if (
        isinstance(model, RetrievalModel)
        and isinstance(source, RetrievalModel)
        and model.weights != source.weights
    ):
        raise UserError(
            f"its weights stand on {source.spec.backbone!r}, not on {model.spec.backbone!r}",
            file=folder,
            place="model.start_from",
        )
    own, given = _learned(model), _learned(source)
    for name in [*own, *(name for name in given if name not in own)]:
        here, there = _shape(own, name), _shape(given, name)
        if here != there:
            raise UserError(
                f"its weights do not fit this model: {name} is {there} there, {here} here",
                file=folder,
                place="model.start_from",
                hint="give the model the settings that the other one has (its model.json)",
            )
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(given[name])


def _learned(model: LearningModule) -> dict[str, Tensor]:
    """Return parameters and buffers by name, without what stays as it was pretrained."""
    if not isinstance(model, RetrievalModel):
        return dict(nn.Module.state_dict(model, keep_vars=True))
    groups = model.adapter.learning(model.backbone).values()
    adapter = {f"backbone.{name}": value for group in groups for name, value in group.items()}
    return {**adapter, **model.head_state()}


def _shape(weights: dict[str, Tensor], name: str) -> str:
    return str(tuple(weights[name].shape)) if name in weights else "absent"
