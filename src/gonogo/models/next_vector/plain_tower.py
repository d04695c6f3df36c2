"""The plain tower as somebody else saved it: a GRU, its mean, a linear layer, under any names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.next_vector.towers import GruContext
from gonogo.spec.next_vector.towers import QueryTower as QueryTowerSpec

_FIRST = "weight_ih_l0"
_GRU = re.compile(r"(weight|bias)_(ih|hh)_l\d+(_reverse)?")
_IS = "the plain tower is a bidirectional GRU, the mean of its states, and a linear layer"


def load_plain_tower(file: Path, *, device: Device, precision: Precision) -> QueryTower:
    """Read a plain tower from safetensors, or from what ``torch.save`` wrote of a state dict.

    Names are mapped by what they end in and by shapes: ``query_tower.gru.weight_ih_l0``,
    ``module.fc.weight``. A checkpoint may hold other things beside the tower, below names of
    their own; nothing beside the GRU and the linear layer may stand below the tower's name.

    Raises:
        UserError: if the file cannot be read without unpickling objects, or holds another tower.
    """
    state = _read(file)
    stem = _stem(state, file)
    gru = {
        name.removeprefix(stem): value
        for name, value in state.items()
        if name.startswith(stem) and _GRU.fullmatch(name.removeprefix(stem))
    }
    dimension, hidden = _sizes(gru, file)
    weight, bias = _linear(state, stem, gru, dimension, 2 * hidden, file)
    layers = sum(name.startswith("weight_ih") and "reverse" not in name for name in gru)
    encoder = GruContext(hidden=hidden, layers=layers)
    spec = QueryTowerSpec(dimension=dimension, encoder=encoder)
    model = QueryTower(spec, 0, device=device, precision=precision)
    values = {f"encoder.gru.{name}": value for name, value in gru.items()}
    values |= {"encoder.out.weight": weight, "encoder.out.bias": bias}
    own = model.state_dict()
    for name in sorted({*own, *values}):
        here = tuple(own[name].shape) if name in own else "absent"
        there = tuple(values[name].shape) if name in values else "absent"
        if here != there:
            raise UserError(
                f"{name.removeprefix('encoder.')} is {there}, expected {here}", file=file, hint=_IS
            )
    model.load_state_dict({name: value.float() for name, value in values.items()})
    return model


def _read(file: Path) -> dict[str, Tensor]:
    """Return every tensor of a file by its dotted name."""
    if not file.is_file():
        raise UserError("no such file", file=file)
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        # weights_only: tensors and plain containers, never objects that could run code
        return dict(_tensors(torch.load(file, map_location="cpu", weights_only=True), ""))
    except Exception as error:  # whatever the two libraries raise for a file of something else
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"no weights that can be read without running its code: {reason[:160]}",
            file=file,
            hint="safetensors, or torch.save(model.state_dict(), file)",
        ) from error


def _tensors(value: Any, prefix: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield prefix, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _tensors(inner, f"{prefix}.{name}" if prefix else str(name))


def _stem(state: Mapping[str, Tensor], file: Path) -> str:
    """Return what stands before the GRU's own names; of several GRUs, that of the query tower."""
    stems = [name.removesuffix(_FIRST) for name in state if name.endswith(_FIRST)]
    if len(stems) > 1:
        stems = [stem for stem in stems if "query" in stem.lower()] or stems
    if len(stems) != 1:
        found = ", ".join(sorted(stems or state)[:4]) or "nothing"
        raise UserError(f"{len(stems)} GRUs, expected one; found {found}", file=file, hint=_IS)
    return stems[0]


def _sizes(gru: Mapping[str, Tensor], file: Path) -> tuple[int, int]:
    """Return the width of the vectors and of each direction's state."""
    three, width = gru[_FIRST].shape
    recurrent = gru.get("weight_hh_l0")
    if recurrent is None or tuple(recurrent.shape) != (three, three // 3) or three % 3:
        raise UserError(f"{_FIRST} {(three, width)} is no GRU's", file=file, hint=_IS)
    if f"{_FIRST}_reverse" not in gru:
        raise UserError("the GRU reads in one direction only", file=file, hint=_IS)
    return width, three // 3


def _linear(
    state: Mapping[str, Tensor],
    stem: str,
    gru: Mapping[str, Tensor],
    dimension: int,
    states: int,
    file: Path,
) -> tuple[Tensor, Tensor]:
    """Return the weight (d, 2 h) and bias (d) of the layer that stands beside the GRU."""
    tower = stem.rstrip(".").rpartition(".")[0]
    below = f"{tower}." if tower else ""
    beside = {
        name: value
        for name, value in state.items()
        if name.startswith(below) and name.removeprefix(stem) not in gru and value.ndim
    }
    if not tower:  # the tower is the whole checkpoint, or stands at its top
        skip = ("optim", "scheduler", "ema", "doc")
        beside = {n: v for n, v in beside.items() if not n.lower().startswith(skip)}
    layers = [name for name, value in beside.items() if tuple(value.shape) == (dimension, states)]
    if len(layers) != 1:
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in beside.items())
        raise UserError(
            f"{len(layers)} linear layers {(dimension, states)} beside the GRU, expected one;"
            f" found {shapes or 'nothing'}",
            file=file,
            hint=_IS,
        )
    bias = beside.get(f"{layers[0].removesuffix('weight')}bias", torch.zeros(dimension))
    known = {layers[0], f"{layers[0].removesuffix('weight')}bias"}
    if more := sorted(beside.keys() - known):
        raise UserError(
            f"{more[0]} {tuple(beside[more[0]].shape)} has no place in it", file=file, hint=_IS
        )
    return beside[layers[0]], bias
