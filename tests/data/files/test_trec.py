from __future__ import annotations

import gzip
import itertools
import re
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pyarrow as pa
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.data.files.trec import is_run, read_run, write_run
from gonogo.evaluation.text.metrics import per_query


def test_a_run_is_ordered_by_score_then_document_not_by_its_rank_column(tmp_path: Path) -> None:
    path = tmp_path / "x.trec"
    path.write_text("1 Q0 b 1 0.5 t\n1 Q0 a 2 0.5 t\n1 Q0 c 3 2e0 t\n\n2 Q0 a 1 -inf t\n")
    assert read_run(path) == {
        "1": [("c", 2.0), ("b", 0.5), ("a", 0.5)],
        "2": [("a", float("-inf"))],
    }


RUNS = st.dictionaries(
    st.text("abc123-_/é", min_size=1, max_size=5),
    st.dictionaries(
        st.text("xyz09", min_size=1, max_size=4), st.floats(allow_nan=False), min_size=1
    ),
    min_size=1,
    max_size=4,
)
# As rounding leaves them: few distinct values, and some that only single precision calls equal.
TIED = st.dictionaries(
    st.sampled_from("pqr"),
    st.dictionaries(
        st.text("ab9Zé", min_size=1, max_size=3),
        st.sampled_from([0.5, 0.5 + 1e-10, 0.25, -1.0, 0.0, -0.0, 1e-50, 3.4e38]),
        min_size=1,
    ),
    min_size=1,
)


@given(RUNS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_a_written_run_has_its_order_for_every_reader(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, dict[str, float]], random: Any
) -> None:
    ranking = {query: list(documents.items()) for query, documents in scores.items()}
    for documents in ranking.values():
        random.shuffle(documents)  # an order that the scores do not have
    path = tmp_path_factory.mktemp("run") / "x.trec"
    write_run(path, ranking, "gonogo")
    back = read_run(path)
    for query, documents in ranking.items():
        assert [name for name, _ in back[query]] == [name for name, _ in documents]
        singles = [float(np.float32(score)) for _, score in back[query]]
        assert all(left > right for left, right in itertools.pairwise(singles))


def test_scores_that_descend_are_written_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.trec"
    ranking = {"q": [("a", 0.1 + 0.2), ("b", 0.3), ("c", 0.1)], "p": [("a", 0.5), ("b", 0.5)]}
    write_run(path, ranking, "t")
    back = read_run(path)
    assert back["q"][0] == ("a", 0.1 + 0.2)
    assert back["q"][2] == ("c", 0.1)
    assert back["p"][1] == ("b", float(np.nextafter(np.float32(0.5), np.float32(0))))


@given(TIED)
@settings(deadline=None, max_examples=60)
def test_tied_and_rounded_runs_are_ranked_as_trec_eval_ranks_them(
    tmp_path_factory: pytest.TempPathFactory, run: dict[str, dict[str, float]]
) -> None:
    lines = [f"{q} Q0 {d} 1 {s!r} t\n" for q, found in run.items() for d, s in found.items()]
    path = tmp_path_factory.mktemp("run") / "x.run.gz"
    path.write_bytes(gzip.compress("".join(lines).encode()))
    for query, documents in read_run(path).items():
        for rank, (document, _) in enumerate(documents, start=1):
            judged = {query: {document: 1}}
            peer = pytrec_eval.RelevanceEvaluator(judged, {"recip_rank"}).evaluate(run)
            assert peer[query]["recip_rank"] == pytest.approx(1 / rank)


def test_rounded_scores_have_ir_measures_values(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    qrels = {f"q{i}": {f"d{j}": int(rng.integers(0, 3)) for j in range(20)} for i in range(30)}
    run = {q: {f"d{j}": round(float(rng.random()), 1) for j in range(30)} for q in qrels}
    lines = [f"{q} Q0 {d} 0 {s} t\n" for q, found in run.items() for d, s in found.items()]
    (tmp_path / "x.run").write_text("".join(lines))
    names = ["nDCG@10", "AP", "R@5", "P@5", "RR@10", "Judged@10", "Bpref"]
    measures = [ir_measures.parse_measure(name) for name in names]
    theirs = {
        (str(value.measure), value.query_id): value.value
        for value in ir_measures.iter_calc(measures, qrels, run)
        if str(value.measure) not in {"RR@10", "Judged@10"}  # there not of trec_eval's code
    }
    for metric, query, value in per_query(read_run(tmp_path / "x.run"), qrels, names):
        assert value == pytest.approx(theirs.get((metric, query), value), abs=1e-12)


def _pack(text: str, how: str) -> bytes:
    if how == "gz":
        return gzip.compress(text.encode())
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(text.encode())
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("how", ["gz", "zst"])
@pytest.mark.parametrize(
    ("ending", "text"),
    [
        ("trec", "q Q0 a 1 0.5 t\nq Q0 b 2 0.25 t\n"),
        ("res", "q 0 b 2 0.25 t\nq 0 a 1 0.5 t\n"),
        ("tsv", "q\ta\t1\nq\tb\t2\n"),
        (
            "tsv",
            "qid\tdocid\tdocno\trank\tscore\tquery\nq\t7\tb\t1\t0.25\tis\nq\t8\ta\t0\t0.5\tx\n",
        ),
        ("json", '{"q": {"b": 0.25, "a": 0.5}}'),
    ],
)
def test_runs_of_other_tools_packed_or_not(
    tmp_path: Path, ending: str, text: str, how: str
) -> None:
    plain, packed = tmp_path / f"x.{ending}", tmp_path / f"x.{ending}.{how}"
    plain.write_text(text)
    packed.write_bytes(_pack(text, how))
    for path in (plain, packed):
        assert is_run(path)
        assert [name for name, _ in read_run(path)["q"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.trec", "q\ta\t1\n", "line 1: expected 6 columns"),
        ("x.json", '{"q": [1]}', "expected {query: {document: score}}"),
        ("x.json", '{"q": {"a": "high"}}', "q.a: score 'high' is not a number"),
        ("x.json", "[" * 100_000, "not valid JSON"),
        ("x.tsv", "qid\tdocno\ttext\nq\ta\tx\n", "neither score nor rank"),
        ("x.tsv.gz", "no gzip", "cannot be read"),
        ("x.tsv.zst", "no zstd", "cannot be read"),
    ],
)
def test_what_is_no_run_is_told(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=re.escape(problem)):
        read_run(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1 Q0 a 1 0.5", "line 2: expected 6 columns"),
        ("1 Q0 a 1 high t", "line 2: score 'high' is not a number"),
        ("1 Q0 a 1 nan t", "line 2: the score is NaN"),
        ("0 Q0 a 7 0.1 t", "line 2: document 'a' stands twice for query '0'"),
    ],
)
def test_a_bad_line_of_a_run_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "x.trec"
    path.write_text(f"0 Q0 a 1 1.0 t\n{line}\n")
    with pytest.raises(UserError, match=problem):
        read_run(path)


def test_an_id_with_a_space_cannot_be_written(tmp_path: Path) -> None:
    for ranking in ({"a b": [("d", 1.0)]}, {"q": [("d\t1", 1.0)]}, {"": [("d", 1.0)]}):
        with pytest.raises(UserError, match="must be one word"):
            write_run(tmp_path / "x.trec", ranking, "tag")
    with pytest.raises(UserError, match="must be one word"):
        write_run(tmp_path / "x.trec", {}, "two words")


def test_a_missing_or_cut_off_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_run(tmp_path / "none.trec")
    cut = tmp_path / "cut.trec.gz"
    cut.write_bytes(gzip.compress(b"1 Q0 a 1 0.5 t\n")[:-12])
    with pytest.raises(UserError, match="cannot be read"):
        read_run(cut)
