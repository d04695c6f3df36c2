"""Whole evaluations: complete, repeatable, and blind to the order of corpus and queries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from in_memory import evaluate_bm25, evaluate_model

from gonogo.core.types import Similarity
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.evaluation.encoding.encoding import encode
from gonogo.evaluation.protocols import Evaluated
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation import EvaluationSpec, RetrievalEvaluation

SPEC = EvaluationSpec(datasets=("unused",), metrics=("nDCG@10", "MRR@10"))


def scored(model: RetrievalModel, dataset: RetrievalDataset) -> dict[str, Evaluated]:
    return {one.task: one for one in evaluate_model(model, SPEC, dataset)}


def test_every_task_measure_and_query_has_a_value(
    encoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    found = scored(encoder_model, dataset)
    assert list(found) == ["embed", "rerank"]
    for one in found.values():
        assert one.dataset == "tiny"
        assert [value[:2] for value in one.values] == [
            (metric, query) for metric in ("nDCG@10", "RR@10") for query in dataset.queries
        ]
        assert all(0.0 <= value <= 1.0 for _, _, value in one.values)
    assert all(len(ranking) == len(dataset.corpus) for ranking in found["embed"].ranking.values())
    assert found["rerank"].ranking["q3"] == []


def test_order_of_corpus_and_queries_changes_nothing(
    encoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    order = [5, 0, 7, 2, 6, 1, 4, 3]
    corpus = Corpus(
        tuple(dataset.corpus.ids[row] for row in order),
        tuple(dataset.corpus.texts[row] for row in order),
    )
    turned = replace(
        dataset,
        corpus=corpus,
        queries=dict(reversed(dataset.queries.items())),
        qrels=dict(reversed(dataset.qrels.items())),
    )
    before, after = scored(encoder_model, dataset), scored(encoder_model, turned)
    for task, one in before.items():
        assert one.ranking == after[task].ranking
        assert sorted(one.values) == sorted(after[task].values)


def test_twice_the_same_to_the_last_bit(
    decoder_model: RetrievalModel, dataset: RetrievalDataset
) -> None:
    first, second = scored(decoder_model, dataset), scored(decoder_model, dataset)
    assert first == second


@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean"])
def test_the_models_own_similarity_ranks(
    encoder_model: RetrievalModel,
    dataset: RetrievalDataset,
    similarity: Similarity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoder_model.bi_encoder, "similarity", similarity)
    spec = SPEC.model_copy(update={"tasks": {"embed": RetrievalEvaluation(depth=4)}})
    [found] = evaluate_model(encoder_model, spec, dataset)
    options = {"device": "cpu", "autocast": encoder_model.autocast}
    encoder = encoder_model.bi_encoder
    queries = encode(encoder, list(dataset.queries.values()), "query", **options)
    corpus = encode(encoder, dataset.corpus.texts, "passage", **options)
    scores = queries @ corpus.T
    if similarity == "euclidean":
        scores = -np.linalg.norm(queries[:, None] - corpus, axis=2)
    for query, row in zip(dataset.queries, scores, strict=True):
        assert len(found.ranking[query]) == 4
        for document, score in found.ranking[query]:
            assert score == pytest.approx(row[dataset.corpus.ids.index(document)], abs=1e-5)
        assert found.ranking[query][0][1] == pytest.approx(row.max(), abs=1e-5)


def test_bm25_reranks_by_its_own_order(dataset: RetrievalDataset) -> None:
    embed, rerank = evaluate_bm25(SPEC, dataset)
    assert embed.ranking == rerank.ranking  # fewer documents than either depth
    found = embed.ranking["q2"]
    assert found == sorted(found, key=lambda scored: (scored[1], scored[0]), reverse=True)
    assert [document for document, _ in found] == ["d7", "d6", "d1"]  # equal scores


def test_corpus_vectors_are_kept_and_found_again(
    encoder_model: RetrievalModel,
    dataset: RetrievalDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run() -> list[Evaluated]:
        spec = SPEC.model_copy(update={"tasks": {"embed": RetrievalEvaluation()}})
        return list(evaluate_model(encoder_model, spec, dataset, cache=tmp_path / "v"))

    first = run()
    assert len(list((tmp_path / "v").glob("*.npy"))) == 1
    seen: list[str] = []
    tokenize = encoder_model.bi_encoder.tokenize

    def watching(texts: list[str], side: str) -> list[list[int]]:
        if any(texts):  # an empty one is asked for the frame that all texts stand in
            seen.append(side)
        return tokenize(texts, side)  # type: ignore[arg-type]

    monkeypatch.setattr(encoder_model.bi_encoder, "tokenize", watching)
    assert run() == first
    assert seen == ["query"]
