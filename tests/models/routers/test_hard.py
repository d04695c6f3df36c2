"""The switch between tasks: it hears what a pass is for, and refuses to guess."""

from __future__ import annotations

import pytest
import torch

from gonogo.models.parts.emitted import collected
from gonogo.models.parts.serving import serving
from gonogo.models.routers.build import Routers
from gonogo.models.routers.router import Place
from gonogo.spec.model.mixture import HardRouting

PLACE = Place(("embed", "rerank", "shared"), 4, 0, "layer", 1)


def test_each_purpose_has_its_experts() -> None:
    router = Routers(HardRouting()).build(PLACE)
    assert router.always_on("embedding") == (0, 2)
    assert router.always_on("scoring") == (1, 2)
    apart = Routers(HardRouting(embedding=("embed",), scoring=("rerank",))).build(PLACE)
    assert apart.always_on("embedding") == (0,)
    with serving("scoring"), collected() as told:
        assert router(torch.zeros(2, 4)).tolist() == [[0, 1, 1], [0, 1, 1]]
    figures = {name: figure.value.item() for name, figure in told().figures.items()}
    assert figures["gate.embed"] == 0
    assert figures["gate.shared.layer_0"] == 1
    assert figures["active_experts"] == 2


def test_without_a_purpose_it_refuses() -> None:
    router = Routers(HardRouting()).build(PLACE)
    with pytest.raises(RuntimeError, match="embed or to score"):
        router(torch.zeros(2, 4))
