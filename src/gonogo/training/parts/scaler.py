"""Loss scaling, which fp16 alone needs."""

from __future__ import annotations

import torch

from gonogo.training.parts.trainable import TrainableModel


def build_scaler(model: TrainableModel) -> torch.amp.GradScaler | None:
    """Return Accelerate's choice of scaler for this machine; None where nothing can vanish."""
    if model.precision != "fp16" or model.device == "cpu":
        return None
    from accelerate.utils.modeling import get_grad_scaler

    scaler: torch.amp.GradScaler = get_grad_scaler()
    return scaler
