from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.data.files.trec import read_qrels, read_run, write_run


def test_a_run_is_ordered_by_score_then_document_not_by_its_rank_column(tmp_path: Path) -> None:
    path = tmp_path / "x.trec"
    path.write_text("1 Q0 b 1 0.5 t\n1 Q0 a 2 0.5 t\n1 Q0 c 3 2e0 t\n\n2 Q0 a 1 -inf t\n")
    assert read_run(path) == {
        "1": [("c", 2.0), ("a", 0.5), ("b", 0.5)],
        "2": [("a", float("-inf"))],
    }


@given(
    st.dictionaries(
        st.text("abc123-_/é", min_size=1, max_size=5),
        st.dictionaries(
            st.text("xyz09", min_size=1, max_size=4), st.floats(allow_nan=False), min_size=1
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(deadline=None, max_examples=40)
def test_a_written_run_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, dict[str, float]]
) -> None:
    ranking = {
        query: sorted(documents.items(), key=lambda pair: (-pair[1], pair[0]))
        for query, documents in scores.items()
    }
    path = tmp_path_factory.mktemp("run") / "x.trec"
    write_run(path, ranking, "gonogo")
    assert read_run(path) == ranking


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


@pytest.mark.parametrize(
    "text",
    [
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
        "q1\td1\t2\nq1\td2\t0\n",
        "\ufeffq1 0 d1 2\r\nq1 0 d2 0\r\n",
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
    ],
)
def test_bad_qrels_are_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "q.tsv"
    path.write_text(text)
    with pytest.raises(UserError, match=problem):
        read_qrels(path)


def test_a_missing_or_cut_off_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_run(tmp_path / "none.trec")
    cut = tmp_path / "cut.trec.gz"
    cut.write_bytes(gzip.compress(b"1 Q0 a 1 0.5 t\n")[:-12])
    with pytest.raises(UserError, match="cannot be read"):
        read_run(cut)
