"""Loss scaling, which fp16 alone needs."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from gonogo.training.parts.trainable import TrainableModel


def build_scaler(
    model: TrainableModel, tasks: Iterable[object] = ()
) -> torch.amp.GradScaler | None:
    """Return Accelerate's choice of scaler for this machine; None where nothing can vanish.

    Args:
        model: what learns, in its number format.
        tasks: of which some may multiply in a format of their own.
    """
    formats = {model.precision, *(getattr(task, "precision", None) for task in tasks)}
    if "fp16" not in formats or model.device == "cpu":
        return None
    from accelerate.utils.modeling import get_grad_scaler

    scaler: torch.amp.GradScaler = get_grad_scaler()
    return scaler
