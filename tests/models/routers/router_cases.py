"""Routers of every kind that reads its input, and the place that they stand at."""

from __future__ import annotations

from typing import Any

import torch

from gonogo.models.routers.build import Routers
from gonogo.models.routers.router import Place
from gonogo.spec.model.mixture import (
    EntropyRouting,
    SimilarityRouting,
    SoftmaxRouting,
    SparsegenRouting,
)

EXPERTS = ("embed", "rerank", "shared", "other")
LEARNED = {
    "sparsegen": SparsegenRouting(),
    "sparsegen, at most 2": SparsegenRouting(most=2),
    "sparsegen, bias": SparsegenRouting(balance="bias", most=2),
    "softmax": SoftmaxRouting(),
    "softmax, top 2": SoftmaxRouting(top=2),
    "softmax, top 2, bias": SoftmaxRouting(top=2, balance="bias"),
    "entropy": EntropyRouting(),
    "entropy, bias": EntropyRouting(threshold=1.0, balance="bias"),
    "similarity": SimilarityRouting(),
    "similarity, top 1": SimilarityRouting(top=1),
}


def make(spec: Any, experts: tuple[str, ...] = EXPERTS, width: int = 6, spread: float = 1.0) -> Any:
    """Return a router whose weights are wide enough that its choices differ between inputs."""
    router = Routers(spec).build(Place(experts, width, 3, "layer", 1))
    with torch.no_grad():
        router.weight.normal_(std=spread, generator=torch.Generator().manual_seed(5))
        if router.bias is not None:
            router.bias.copy_(torch.tensor([0.05, -0.05, 0.02, 0.0]))
    return router.double().eval()


def inputs(rows: int = 40, width: int = 6) -> torch.Tensor:
    random = torch.Generator().manual_seed(2)
    return torch.randn(rows, width, generator=random, dtype=torch.float64)
