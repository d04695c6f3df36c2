"""From a study's adapter to what applies, saves and loads it: the one place that knows them all."""

from __future__ import annotations

from typing import assert_never

from gonogo.models.adapters.adapter import Adapter
from gonogo.models.adapters.frozen import FrozenBackbone
from gonogo.models.adapters.full import WholeBackbone
from gonogo.models.adapters.lora import Lora
from gonogo.models.adapters.mixture import Mixture
from gonogo.spec.model.mixture import MixtureAdapter
from gonogo.spec.model.model import AdapterSpec, Frozen, FullTuning, LoraAdapter


def build_adapter(spec: AdapterSpec) -> Adapter:
    """Return the adapter that ``spec`` describes; no backbone is touched yet."""
    match spec:
        case LoraAdapter():
            return Lora(spec)
        case FullTuning():
            return WholeBackbone()
        case Frozen():
            return FrozenBackbone()
        case MixtureAdapter():
            return Mixture(spec)
        case _:
            assert_never(spec)
