"""The same model, texts and judgements give the numbers that sentence-transformers gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from in_memory import evaluate_model

from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.data.sources.loading import load_dataset
from gonogo.data.weights.weights import locate
from gonogo.models.build.build import build_model
from gonogo.spec.data.text_data import BeirData
from gonogo.spec.evaluation.evaluation import EvaluationSpec, RetrievalEvaluation
from gonogo.spec.model.model import Frozen, Lengths, TextModel

SCIFACT = Path(__file__).parents[2].parent / "shared" / "datasets" / "scifact"


def small(
    dataset: RetrievalDataset, queries: int | None, documents: int | None
) -> RetrievalDataset:
    """Return some queries, their judged documents and others; all where there is no number."""
    dataset = dataset.sample_queries(queries)
    judged = {document for grades in dataset.qrels.values() for document in grades}
    rows = sorted(
        range(len(dataset.corpus)), key=lambda row: (dataset.corpus.ids[row] not in judged, row)
    )[:documents]
    corpus = Corpus(
        tuple(dataset.corpus.ids[row] for row in rows),
        tuple(dataset.corpus.texts[row] for row in rows),
    )
    return RetrievalDataset("scifact", "test", corpus, dataset.queries, dataset.qrels)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("queries", "documents", "length"), [(60, 300, 64), (None, None, 96)], ids=["part", "whole"]
)
def test_minilm_on_scifact(queries: int | None, documents: int | None, length: int) -> None:
    peer = pytest.importorskip("sentence_transformers")
    evaluation = pytest.importorskip("sentence_transformers.evaluation")
    if not SCIFACT.exists():
        pytest.skip("the shared data sets are not here")
    dataset = small(load_dataset(BeirData(folder=str(SCIFACT)), "test"), queries, documents)
    lengths = Lengths(query=length, passage=length, pair=2 * length)
    model = build_model(TextModel(backbone="minilm", adapter=Frozen(), lengths=lengths), 0)
    spec = EvaluationSpec(
        datasets=("scifact",),
        metrics=("nDCG@10", "RR@10", "R@100"),
        tasks={"embed": RetrievalEvaluation(depth=100)},
    )
    [ours] = evaluate_model(model, spec, dataset)
    means = {
        metric: np.mean([value for name, _, value in ours.values if name == metric])
        for metric in spec.metrics
    }
    theirs = evaluation.InformationRetrievalEvaluator(
        dataset.queries,
        dict(zip(dataset.corpus.ids, dataset.corpus.texts, strict=True)),
        {query: set(grades) for query, grades in dataset.qrels.items()},
        mrr_at_k=[10],
        ndcg_at_k=[10],
        precision_recall_at_k=[100],
        main_score_function="cosine",
        score_functions={"cosine": peer.util.cos_sim},
    )
    minilm = peer.SentenceTransformer(str(locate("minilm").path), device="cpu")
    minilm.max_seq_length = length
    found = theirs(minilm)
    for mine, name in [("nDCG@10", "ndcg@10"), ("RR@10", "mrr@10"), ("R@100", "recall@100")]:
        assert means[mine] == pytest.approx(found[f"cosine_{name}"], abs=1e-4)
