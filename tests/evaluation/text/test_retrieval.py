"""Full-corpus retrieval of sets whose queries are documents, read from a BEIR folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_memory import evaluate_bm25, evaluate_model

from gonogo.core.progress import Silent
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.data.sources.loading import load_dataset
from gonogo.evaluation.text.retrieval import rank_corpus
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.text_data import BeirData
from gonogo.spec.evaluation.evaluation import EvaluationSpec

TEXTS = {
    "arg1": "schools should teach chess",
    "arg1-counter": "schools should not teach chess",
    "arg2": "cats are better than dogs",
    "arg2-counter": "dogs are better than cats",
}


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a BEIR folder in ArguAna's shape: every query stands in the corpus too."""
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "arguments"
    (folder / "qrels").mkdir(parents=True)
    rows = {
        "corpus": TEXTS,
        "queries": {**{key: TEXTS[key] for key in ("arg2", "arg1")}, "new": "chess and dogs"},
    }
    for name, texts in rows.items():
        lines = (json.dumps({"_id": key, "text": text}) + "\n" for key, text in texts.items())
        (folder / f"{name}.jsonl").write_text("".join(lines))
    qrels = "arg1\targ1-counter\t1\narg2\targ2-counter\t1\nnew\targ1\t1\n"
    (folder / "qrels" / "test.tsv").write_text(qrels)
    return folder


def load(folder: Path, *, left_out: bool) -> RetrievalDataset:
    return load_dataset(BeirData(folder=str(folder), queries_are_documents=left_out), "test")


def test_a_query_never_finds_itself(encoder_model: RetrievalModel, arguments: Path) -> None:
    plain = rank_corpus(encoder_model, load(arguments, left_out=False), 3, progress=Silent())
    assert [plain[query][0][0] for query in ("arg1", "arg2")] == ["arg1", "arg2"]
    found = rank_corpus(encoder_model, load(arguments, left_out=True), 3, progress=Silent())
    for query in ("arg1", "arg2"):
        assert len(found[query]) == 3
        assert query not in dict(found[query])
        assert found[query][:2] == plain[query][1:]
    assert found["new"] == plain["new"]


def test_equal_documents_come_by_id_descending_wherever_they_lie(
    encoder_model: RetrievalModel,
) -> None:
    """Tied documents lie in the corpus in no order of their ids; trec_eval ranks the last first."""
    ids = ("d3", "d1", "d4", "d2", "other")
    texts = ("cats eat fish",) * 4 + ("trees are green",)
    dataset = RetrievalDataset(
        name="ties",
        split="test",
        corpus=Corpus(ids, texts),
        queries={"q": "cats eat fish"},
        qrels={"q": {"d3": 1}},
    )
    two, four = (
        [document for document, _ in rank_corpus(encoder_model, dataset, k, progress=Silent())["q"]]
        for k in (2, 4)
    )
    assert four == ["d4", "d3", "d2", "d1"]
    assert two == four[:2]


def test_a_corpus_that_is_no_deeper_gives_one_less(
    encoder_model: RetrievalModel, arguments: Path
) -> None:
    found = rank_corpus(encoder_model, load(arguments, left_out=True), 10, progress=Silent())
    assert {query: len(hits) for query, hits in found.items()} == {"arg2": 3, "arg1": 3, "new": 4}


def test_no_protocol_returns_the_query(encoder_model: RetrievalModel, arguments: Path) -> None:
    data = load(arguments, left_out=True)
    spec = EvaluationSpec(datasets=["unused"], metrics=["nDCG@10"])
    runs = [
        *evaluate_model(encoder_model, spec, data),
        *evaluate_bm25(spec, data),
    ]
    assert len(runs) == 4
    for run in runs:
        assert run.ranking["arg1"]
        assert all(query not in dict(hits) for query, hits in run.ranking.items())
    bm25 = {query: value for _, query, value in runs[-1].values}
    assert bm25["arg1"] == bm25["arg2"] == 1.0  # the counterargument, once the query is gone
