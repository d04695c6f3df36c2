"""Judgements in every layout that tools write, and grades that no C code may see."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.qrels import read_qrels
from gonogo.evaluation.text.metrics import per_query


@pytest.mark.parametrize(
    "text",
    [
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
        "q1\td1\t2\nq1\td2\t0\n",
        "\ufeffq1 0 d1 2\r\nq1 0 d2 0\r\n",
        "query_id\tdoc_id\trelevance\titeration\nq1\td1\t2\t7\nq1\td2\t0\t7\n",
        "query_id doc_id relevance iteration\nq1 d1 2 0\nq1 d2 0 0\n",
        "qid\tdocno\tlabel\nq1\td1\t2\nq1\td2\t0\n",
        "\tqid\tdocno\tlabel\n0\tq1\td1\t2\n1\tq1\td2\t0\n",
        "relevance,qid,docid\n2,q1,d1\n0,q1,d2\n",
        "q1\td1\t2.0\nq1\td2\t0.0\n",
    ],
)
def test_qrels_in_every_layout(tmp_path: Path, text: str) -> None:
    plain, packed = tmp_path / "q.tsv", tmp_path / "q.tsv.gz"
    plain.write_text(text, newline="")
    packed.write_bytes(gzip.compress(text.encode()))
    assert read_qrels(plain) == read_qrels(packed) == {"q1": {"d1": 2, "d2": 0}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("q1\td1\t1\nq1\td1\t0\n", "line 2: .* judged both 1 and 0"),
        ("q1\td1\t1\nq1\td2\n", "line 2: expected 3"),
        ("q1\td1\t0.5\n", "line 1: grade '0.5' is not a whole number"),
        ("", "no judgements"),
        ("q1\td1\t1\nq2\td1\t3000000000\n", "line 2: grade 3000000000 is beyond 10,000"),
        ("q1\td1\t1e20\n", "line 1: grade '1e20' is not a whole number"),
        (f"q1\td1\t{'9' * 5000}\n", "line 1: grade 9999999999"),
        ("query_id\tdoc_id\ttext\nq1\td1\tx\n", "line 1: the header has no column for the grade"),
        ("qid\tdocno\tlabel\trel\nq\ta\t1\t0\n", "more than one column for the grade"),
    ],
)
def test_bad_qrels_are_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "q.tsv"
    path.write_text(text)
    with pytest.raises(UserError, match=problem):
        read_qrels(path)


def test_queries_without_any_grade_of_0_or_more_have_value_0(tmp_path: Path) -> None:
    # trec_eval's code ends the process on a query whose grades are all below -1
    path = tmp_path / "spam.tsv"
    path.write_text("q1\td1\t-2\nq1\td2\t-2\nq2\td1\t1\nq2\td2\t-2\n")
    ranking = {query: [("d2", 2.0), ("d1", 1.0)] for query in ("q1", "q2")}
    metrics = ["nDCG@10", "RR@10", "AP", "Judged@10"]
    found = {(m, q): v for m, q, v in per_query(ranking, read_qrels(path), metrics)}
    assert [found[metric, "q1"] for metric in metrics] == [0.0, 0.0, 0.0, 1.0]
    assert [found[metric, "q2"] for metric in metrics[1:]] == [0.5, 0.5, 1.0]


def test_json_and_a_gzip_of_it(tmp_path: Path) -> None:
    text = '{"q1": {"d1": 2, "d2": 0}}'
    (tmp_path / "q.json").write_text(text)
    (tmp_path / "q.json.gz").write_bytes(gzip.compress(text.encode()))
    want = {"q1": {"d1": 2, "d2": 0}}
    assert read_qrels(tmp_path / "q.json") == read_qrels(tmp_path / "q.json.gz") == want
