"""A model's embeddings of given texts, and the figures of their geometry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gonogo.analysis.geometry.geometry import geometry
from gonogo.analysis.geometry.geometry_record import GeometryRecord, TextsRecord, record_of
from gonogo.core.files import write_json
from gonogo.core.types import Side, Split
from gonogo.core.workplace import Workplace
from gonogo.data.sources.probe_texts import dataset_texts, texts_fingerprint
from gonogo.evaluation.encoding.embedding_model import EmbeddingModel
from gonogo.evaluation.text.retrieval import encode_with
from gonogo.spec.data.geometry import GeometrySpec


class Probed(NamedTuple):
    """Figures of a model's embeddings, and the embeddings."""

    record: GeometryRecord
    vectors: Float[np.ndarray, "n d"]


def probe(
    model: EmbeddingModel,
    texts: Sequence[str],
    workplace: Workplace,
    *,
    name: str,
    source: str,
    side: Side = "passage",
    seed: int | None = None,
) -> Probed:
    """Embed texts as a model does, without normalising anything for the purpose, and measure.

    Args:
        model: ours, or one that others trained; it is left in evaluation mode.
        texts: at least two, the same for every model that is compared.
        workplace: shows a bar, and keeps vectors of weights that come back.
        name: of the model, in tables.
        source: where the texts come from.
        side: framed as queries or as passages.
        seed: the trial's, where it is one.

    Raises:
        ValueError: with fewer than two texts.
    """
    model.eval()
    label = f"geometry of {name}"
    embedded = encode_with(model, texts, side, label, workplace.progress, workplace.vectors)
    which = TextsRecord(
        name=source, count=len(texts), fingerprint=texts_fingerprint(texts), side=side
    )
    return Probed(record_of(geometry(embedded), name, which, seed), embedded)


def probe_dataset(
    model: EmbeddingModel,
    spec: GeometrySpec,
    split: Split,
    workplace: Workplace,
    *,
    arm: str,
    seed: int | None,
) -> GeometryRecord:
    """Measure a trial, or a reference row, on the texts that its study names.

    Raises:
        UserError: if they cannot be had.
    """
    texts = dataset_texts(spec.texts, split, spec.count, workplace.beside)
    source = spec.texts.name
    return probe(model, texts, workplace, name=arm, source=source, seed=seed).record


def write_geometry(path: Path, record: GeometryRecord) -> None:
    """Write ``geometry.json`` atomically."""
    write_json(path, record.model_dump(mode="json"))
