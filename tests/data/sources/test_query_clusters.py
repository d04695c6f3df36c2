"""Queries that hang together are found in their own lines, in their documents', or in a table."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gonogo.core.errors import UserError
from gonogo.data.sources.query_clusters import check_clusters, query_clusters
from gonogo.spec.data.text_data import BeirData

SHARED = Path(os.environ.get("GONOGO_DATA", "../shared/datasets"))


def lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """Return a set of four queries on three documents of two articles."""
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    of = {"a": "moon", "b": "moon", "c": "sun"}
    lines(
        folder / "corpus.jsonl",
        [{"_id": d, "title": t, "text": "x", "metadata": {"page": 7}} for d, t in of.items()],
    )
    lines(
        folder / "queries.jsonl",
        [
            {"_id": q, "text": "y", "metadata": {"asker": w}}
            for q, w in zip("1234", "uuv", strict=False)
        ]
        + [{"_id": "4", "text": "y"}],
    )
    # query 1: b is graded higher; query 2: both alike, the first by id; 3: c; 4: nothing relevant
    judged = ["1 a 1", "1 b 2", "2 b 1", "2 a 1", "3 c 1", "4 c 0"]
    text = "query-id corpus-id score\n" + "\n".join(judged)
    (folder / "qrels" / "test.tsv").write_text(text.replace(" ", "\t") + "\n", encoding="utf-8")
    return folder


def found(folder: Path, cluster: str) -> dict[str, str]:
    return dict(query_clusters(BeirData(folder=str(folder), cluster=cluster), "test"))


def test_each_source_gives_the_clusters_that_it_names(beir: Path) -> None:
    assert found(beir, "metadata.asker") == {"1": "u", "2": "u", "3": "v"}
    assert found(beir, "document") == {"1": "b", "2": "a", "3": "c"}
    assert found(beir, "document.title") == {"1": "moon", "2": "moon", "3": "sun"}
    assert found(beir, "document.metadata.page") == {"1": "7", "2": "7", "3": "7"}
    # no query has it, so it is the document's
    assert found(beir, "metadata.page") == {"1": "7", "2": "7", "3": "7"}


def test_a_table_beside_the_study_gives_them_for_its_data_set(beir: Path) -> None:
    table = beir.parent / "topics.tsv"
    table.write_text("query_id\tcluster\tdataset\n1\tA\tset\n2\tB\tother\n", encoding="utf-8")
    spec = BeirData(folder="set", cluster="topics.tsv")
    assert query_clusters(spec, "test", beside=beir.parent) == {"1": "A"}
    table.write_text("query_id\tcluster\tdataset\n2\tB\tother\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"topics\.tsv: no query of set is in it"):
        check_clusters(spec, "test", beside=beir.parent)


@pytest.mark.parametrize(
    ("cluster", "said"),
    [
        ("metadata.topic", r"no line has metadata\.topic .*metadata\.asker; .*metadata\.page"),
        ("document.topic", r"no line has topic .*_id, title, text, metadata\.page"),
        ("document.metadata", "line 1: metadata is a dict, which names no cluster"),
        ("topics.tsv", "no data file 'topics.tsv'"),
    ],
)
def test_what_no_query_has_is_told_with_what_there_is(beir: Path, cluster: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_clusters(BeirData(folder=str(beir), cluster=cluster), "test")


@pytest.mark.parametrize("cluster", ["article", "metadata", "metadata.", "document..x", "x.csv"])
def test_other_words_are_refused_with_those_that_are_known(cluster: str) -> None:
    with pytest.raises(ValueError, match=r"metadata\.KEY, document, document\.KEY or a \.tsv"):
        BeirData(folder="set", cluster=cluster)


def test_questions_of_squad_hang_together_by_their_article() -> None:
    if not (SHARED / "squad_dev").is_dir():
        pytest.skip("no shared data here")
    clusters = found(SHARED / "squad_dev", "metadata.article")
    assert len(clusters) == 10_570  # as its description counts them
    assert len(set(clusters.values())) == 48
    assert clusters == {
        query: str(int(document.partition("-")[0]))  # documents are called <article>-<paragraph>
        for query, document in found(SHARED / "squad_dev", "document").items()
    }
