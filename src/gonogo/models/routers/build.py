"""From a study's router to one before each layer: the one place that knows them all."""

from __future__ import annotations

from typing import assert_never

from gonogo.models.routers.entropy import EntropyRouter
from gonogo.models.routers.hard import HardRouter
from gonogo.models.routers.router import Place, Router
from gonogo.models.routers.similarity import SimilarityRouter
from gonogo.models.routers.softmax import SoftmaxRouter
from gonogo.models.routers.sparsegen import SparsegenRouter, Sparsity
from gonogo.spec.model.mixture import (
    EntropyRouting,
    HardRouting,
    RouterSpec,
    SimilarityRouting,
    SoftmaxRouting,
    SparsegenRouting,
)


class Routers:
    """Builds the routers of one backbone; what layers share is made once.

    Args:
        spec: which kind.
    """

    def __init__(self, spec: RouterSpec) -> None:
        self._spec = spec
        self._sparsities: dict[int, Sparsity] = {}

    def build(self, place: Place) -> Router:
        """Return the router of one layer."""
        spec = self._spec
        match spec:
            case SparsegenRouting():
                return SparsegenRouter(spec, place, self._sparsity(place, spec.hidden))
            case SoftmaxRouting():
                return SoftmaxRouter(spec, place)
            case EntropyRouting():
                return EntropyRouter(spec, place)
            case HardRouting():
                return HardRouter(spec, place)
            case SimilarityRouting():
                return SimilarityRouter(spec, place)
            case _:
                assert_never(spec)

    def _sparsity(self, place: Place, hidden: int) -> Sparsity:
        if place.width not in self._sparsities:
            self._sparsities[place.width] = Sparsity(place.width, hidden, place.seed)
        return self._sparsities[place.width]
