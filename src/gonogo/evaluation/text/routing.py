"""How a mixture routes the texts of a data set: one pass over a sample, beside the scoring.

Scored vectors may come from a cache, and blocks of texts go to several cores, so that routers are
not asked while a model is scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch

from gonogo.data.examples.batching import pad
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.models.adapters.mixture import mixture_layers
from gonogo.models.parts.emitted import collected
from gonogo.models.text.bi_encoder import BiEncoder
from gonogo.models.text.cross_encoder import CrossEncoder
from gonogo.models.text.retrieval_model import RetrievalModel

SAMPLE = 64
"""Queries of a data set, the first ones, each with its first relevant document."""
_ROWS = 16


def has_routers(model: RetrievalModel) -> bool:
    """Return whether the model's adapter is a mixture."""
    return next(mixture_layers(model.backbone.transformer), None) is not None


def routed(
    model: RetrievalModel, dataset: RetrievalDataset, *, pairs: bool
) -> tuple[dict[str, float], int]:
    """Return the figures that routers tell, by name, and over how many texts or pairs.

    Args:
        model: with a mixture; it is left in evaluation mode.
        dataset: whose first queries are read, and their first relevant documents.
        pairs: read each pair in one row, as a cross-encoder does, or both texts apart.
    """
    model.eval()
    found = list(islice(_relevant(dataset), SAMPLE))
    if not found:
        return {}, 0
    encoder: BiEncoder | CrossEncoder
    if pairs:
        encoder = model.cross_encoder
        rows = encoder.tokenize(found)
    else:
        encoder = model.bi_encoder
        queries, documents = zip(*found, strict=True)
        rows = encoder.tokenize(queries, "query") + encoder.tokenize(documents, "passage")
    rows.sort(key=len)
    with torch.inference_mode(), model.autocast(), collected() as told:
        for start in range(0, len(rows), _ROWS):
            ids, mask = pad(rows[start : start + _ROWS], encoder.pad_id)
            encoder(torch.from_numpy(ids).to(model.device), torch.from_numpy(mask).to(model.device))
    figures = told().figures
    return {name: float(figure.value) for name, figure in figures.items()}, len(rows)


def _relevant(dataset: RetrievalDataset) -> Iterator[tuple[str, str]]:
    """Yield each query with the first document that is relevant to it."""
    corpus = dataset.corpus
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    for query, grades in dataset.qrels.items():
        for document in sorted(name for name, grade in grades.items() if grade > 0)[:1]:
            yield dataset.queries[query], texts[document]
