"""Reranking: every candidate scored as if alone, ordered by logit, ties by document id."""

from __future__ import annotations

import pytest
import torch

from gonogo.core.progress import Silent
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.evaluation.text.reranking import rerank
from gonogo.models.backbone.shared_prefix import common_prefix
from gonogo.models.text.retrieval_model import RetrievalModel

CANDIDATES = {
    "q1": [(0, 9.0), (5, 8.0), (4, 7.0)],
    "q2": [(7, 3.0), (1, 3.0), (6, 2.0)],
    "q3": [],
}


@pytest.fixture(params=["encoder_model", "decoder_model"])
def model(request: pytest.FixtureRequest) -> RetrievalModel:
    found: RetrievalModel = request.getfixturevalue(request.param)
    return found


def test_scores_are_those_of_each_pair_alone(
    model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    ranking = rerank(model, dataset, CANDIDATES, progress=Silent())
    texts = dict(zip(dataset.corpus.ids, dataset.corpus.texts, strict=True))
    for query, found in ranking.items():
        assert {document for document, _ in found} == {f"d{row}" for row, _ in CANDIDATES[query]}
        assert found == sorted(found, key=lambda scored: scored[::-1], reverse=True)
        for document, score in found:
            pair = (dataset.queries[query], texts[document])
            ids = torch.tensor(model.cross_encoder.tokenize([pair]))
            with torch.no_grad():
                alone = model.cross_encoder(ids, torch.ones_like(ids)).item()
            assert score == pytest.approx(alone, abs=1e-4)


def test_equal_documents_tie_and_the_larger_id_comes_first_as_in_trec_eval(
    encoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    found = rerank(encoder_model, dataset, CANDIDATES, progress=Silent())["q2"]
    documents = [document for document, _ in found]
    assert documents.index("d1") == documents.index("d7") + 1  # the same text
    assert len({score for document, score in found if document in ("d1", "d7")}) == 1


def test_scores_of_candidates_and_their_order_play_no_part(
    encoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    shuffled = {
        query: [(row, 0.0) for row, _ in reversed(found)]
        for query, found in reversed(CANDIDATES.items())
    }
    first = rerank(encoder_model, dataset, CANDIDATES, progress=Silent())
    assert rerank(encoder_model, dataset, shuffled, progress=Silent()) == first


def test_queries_without_candidates_have_empty_rankings(
    encoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    assert rerank(encoder_model, dataset, {"q3": []}, progress=Silent()) == {"q3": []}


def test_a_decoder_reads_what_a_query_s_pairs_begin_with_once(
    decoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    read: list[int] = []
    embed = decoder_model.backbone.transformer.get_input_embeddings()
    handle = embed.register_forward_hook(lambda _, inputs, __: read.append(inputs[0].numel()))
    try:
        rerank(decoder_model, dataset, {"q1": [(0, 0.0), (3, 0.0)]}, progress=Silent())
    finally:
        handle.remove()
    texts = [dataset.corpus.texts[row] for row in (0, 3)]
    pairs = [(dataset.queries["q1"], text) for text in texts]
    rows = decoder_model.cross_encoder.tokenize(pairs)
    shared = common_prefix(rows)
    assert shared > 20
    rest = [len(row) - shared for row in rows]
    assert sum(read) in (shared + sum(rest), shared + 2 * max(rest))  # one block or two
