"""AdamW over a model's trainable parameters, by name, and its state as plain tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.spec.training import TrainingSpec
from gonogo.training.parts.trainable import TrainableModel

_SLOTS = ("step", "exp_avg", "exp_avg_sq")


def build_optimizer(model: TrainableModel, spec: TrainingSpec) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over the model's own groups.

    Each is cut in two: matrices decay, norms and biases (fewer than two dimensions) do not.

    Raises:
        UserError: if nothing is trainable.
    """
    found = []
    for group in model.parameter_groups():
        for matrices in (False, True):
            members = [p for p in group.parameters.values() if (p.ndim >= 2) == matrices]
            decay = spec.weight_decay * (matrices and group.decays)
            if members:
                named = {"name": group.name, "rate": group.rate}
                found.append({"params": members, "weight_decay": decay, **named})
    if not found:
        raise UserError("the model has no trainable parameters", place="model.adapter")
    return torch.optim.AdamW(
        found,
        lr=spec.learning_rate,
        fused=model.device in ("cpu", "cuda"),  # one kernel instead of one a tensor
    )


def set_learning_rates(optimizer: torch.optim.Optimizer, backbone: float, head: float) -> None:
    """Set this step's learning rates."""
    for group in optimizer.param_groups:
        group["lr"] = head if group["rate"] == "head" else backbone


def gradient_norm(parameters: Iterable[nn.Parameter], clip: float | None) -> Float[Tensor, ""]:
    """Scale the gradients down to norm ``clip`` (null: leave them) and return the norm before."""
    parameters = list(parameters)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients)
    if clip is not None:
        torch.nn.utils.clip_grads_with_norm_(parameters, clip, norm)
    return norm


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, trainable: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """Return the state as ``<parameter>/<slot>``; parameters that never moved have none."""
    return {
        f"{name}/{slot}": optimizer.state[parameter][slot]
        for name, parameter in trainable.items()
        for slot in _SLOTS
        if slot in optimizer.state.get(parameter, {})
    }


def load_optimizer_tensors(
    optimizer: torch.optim.Optimizer,
    trainable: Mapping[str, nn.Parameter],
    tensors: Mapping[str, Tensor],
) -> None:
    """Take up again what :func:`optimizer_tensors` returned."""
    optimizer.state.clear()
    for key, tensor in tensors.items():
        name, _, slot = key.rpartition("/")
        parameter = trainable[name]
        state: dict[str, Any] = optimizer.state[parameter]
        # Adam's step counter lives on the parameter's device only in the fused form.
        state[slot] = tensor.to(parameter.device, copy=True)
