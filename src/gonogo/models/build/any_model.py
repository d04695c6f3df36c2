"""Any model that embeds, loaded by what its place says it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision
from gonogo.data.weights.model_places import ModelPlace
from gonogo.models.build.build import build_model, load_model
from gonogo.models.text.foreign import ForeignModel, load_sentence_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.model.model import Frozen, TextModel


@dataclass(frozen=True, slots=True)
class Prompts:
    """What stands before texts; None leaves it to the model."""

    query: str | None = None
    passage: str | None = None


_OWN = Prompts()


def load_any(
    place: ModelPlace, *, device: Device, precision: Precision, prompts: Prompts = _OWN
) -> RetrievalModel | ForeignModel:
    """Load the model that a name stands for.

    Args:
        place: as `gonogo.data.weights.model_places.find_model` found it.
        device: where it computes.
        precision: of matrix products.
        prompts: of sentence-transformers models only; others have theirs in their description.

    Raises:
        UserError: when it cannot be read, or cannot embed texts.
    """
    match place.kind:
        case "bm25":
            raise UserError("bm25 has no vectors", place=place.name)
        case "saved":
            assert place.source is not None  # noqa: S101  (only bm25 has none)
            return _texts(load_model(place.source.path, device=device, precision=precision), place)
        case "sentence":
            assert place.source is not None  # noqa: S101
            return load_sentence_model(
                place.source,
                device=device,
                precision=precision,
                query_prompt=prompts.query,
                passage_prompt=prompts.passage,
            )
        case "backbone":
            spec = TextModel(backbone=place.name, adapter=Frozen())
            return _texts(build_model(spec, 0, device=device, precision=precision), place)
        case _:
            assert_never(place.kind)


def _texts(model: object, place: ModelPlace) -> RetrievalModel:
    if not isinstance(model, RetrievalModel):
        raise UserError("a head on vectors, which cannot embed texts", place=place.name)
    return model
