"""From a specification, or a saved folder, to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_never, overload

from pydantic import TypeAdapter, ValidationError

from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.core.types import Device, Precision
from gonogo.data.files.start_weights import find_start
from gonogo.models.build.start_weights import take_weights
from gonogo.models.heads.vector_model import VectorModel, load_vector_model
from gonogo.models.next_vector.query_tower import QueryTower, load_query_tower
from gonogo.models.parts.module import FORMAT, MODEL_FILE
from gonogo.models.text.build_text import build_text_model, load_text_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model import model as specs
from gonogo.spec.next_vector import towers

AnyModel = RetrievalModel | VectorModel | QueryTower
"""The closed union of models."""


@overload
def build_model(
    spec: specs.TextModel,
    seed: int,
    *,
    device: Device = "cpu",
    precision: Precision = "fp32",
    beside: Path | None = None,
) -> RetrievalModel: ...
@overload
def build_model(
    spec: specs.ModelSpec,
    seed: int,
    *,
    device: Device = "cpu",
    precision: Precision = "fp32",
    beside: Path | None = None,
) -> AnyModel: ...
def build_model(
    spec: specs.ModelSpec,
    seed: int,
    *,
    device: Device = "cpu",
    precision: Precision = "fp32",
    beside: Path | None = None,
) -> AnyModel:
    """Build a model, text models on pretrained weights, or started from another one's weights.

    Args:
        spec: what it is made of.
        seed: of everything that starts at random; torch's own generators stay as they were.
        device: where it computes.
        precision: of matrix products. What learns is kept in fp32; a backbone that does not
            learn is kept in ``precision`` itself, which is twice as fast on a CPU.
        beside: folder of the study file, where ``start_from`` is looked for first.

    Raises:
        UserError: when weights are not to be had or the settings do not fit them.
    """
    model = _build(spec, seed, device, precision)
    if spec.start_from is not None:
        start = find_start(spec.start_from, seed, beside=beside)
        take_weights(model, load_model(start, device=device, precision=precision), start)
    return model


def _build(spec: specs.ModelSpec, seed: int, device: Device, precision: Precision) -> AnyModel:
    match spec:
        case specs.TextModel():
            return build_text_model(spec, seed, device=device, precision=precision)
        case specs.VectorModel():
            return VectorModel(spec, seed, device=device, precision=precision)
        case towers.QueryTower():
            return QueryTower(spec, seed, device=device, precision=precision)
        case _:
            assert_never(spec)


def load_model(folder: Path, *, device: Device = "cpu", precision: Precision = "fp32") -> AnyModel:
    """Load what a model's ``save`` wrote.

    Raises:
        UserError: when the folder is not such a model, or the pretrained weights that it stands
            on are not the ones on this machine.
    """
    spec, record = _read_record(folder)
    match spec:
        case specs.TextModel():
            return load_text_model(spec, record, folder, device=device, precision=precision)
        case specs.VectorModel():
            return load_vector_model(spec, folder, device=device, precision=precision)
        case towers.QueryTower():
            return load_query_tower(spec, folder, device=device, precision=precision)
        case _:
            assert_never(spec)


def _read_record(folder: Path) -> tuple[specs.ModelSpec, dict[str, Any]]:
    record = read_json(folder / MODEL_FILE)
    try:
        if record["format"] != FORMAT:
            raise UserError(f"unknown format {record['format']!r}", file=folder / MODEL_FILE)
        spec: specs.ModelSpec = TypeAdapter(specs.ModelSpec).validate_python(record["spec"])
    except (KeyError, TypeError, ValidationError) as error:
        raise UserError(f"not a saved model: {error}", file=folder / MODEL_FILE) from error
    return spec, record
