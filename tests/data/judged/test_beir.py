from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.places import find_folder
from gonogo.data.judged.beir import load_beir, write_beir

SHARED = Path(__file__).parents[3].parent / "shared" / "datasets"

CORPUS = [
    {"_id": "d1", "title": "Title", "text": "body\u2028still the same line", "metadata": {}},
    {"_id": "d2", "title": "", "text": "other"},
    {"_id": 3, "text": "a number as id"},
]
QUERIES = [{"_id": "q1", "text": " asks "}, {"_id": "q2", "text": "of another split"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"


def jsonl(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "toy"
    (home / "qrels").mkdir(parents=True)
    (home / "corpus.jsonl").write_text(jsonl(CORPUS))
    (home / "queries.jsonl").write_text(jsonl(QUERIES))
    (home / "qrels" / "test.tsv").write_text(QRELS)
    return home


def test_one_split_with_grade_zero_kept_and_other_splits_queries_left_out(folder: Path) -> None:
    data = load_beir(folder, "test", "toy")
    assert data.corpus.ids == ("d1", "d2", "3")
    assert data.corpus.texts == ("Title body\u2028still the same line", "other", "a number as id")
    assert data.queries == {"q1": "asks"}
    assert data.qrels == {"q1": {"d1": 2, "d2": 0}}


def test_gzipped_files_read_the_same(folder: Path) -> None:
    plain = load_beir(folder, "test", "toy")
    for path in [*folder.glob("*.jsonl"), *folder.glob("qrels/*.tsv")]:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert load_beir(folder, "test", "toy") == plain


def test_the_header_of_qrels_may_be_absent(folder: Path) -> None:
    plain = load_beir(folder, "test", "toy")
    (folder / "qrels" / "test.tsv").write_text(QRELS.split("\n", 1)[1])
    assert load_beir(folder, "test", "toy") == plain


def test_what_is_written_reads_back_with_the_same_fingerprint(folder: Path, tmp_path: Path) -> None:
    data = load_beir(folder, "test", "toy")
    write_beir(data, tmp_path / "copy")
    back = load_beir(tmp_path / "copy", "test", "toy")
    assert back == data
    assert back.fingerprint == data.fingerprint


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("corpus.jsonl", '{"_id": "a", "text"\n', r"corpus\.jsonl: line 1: not valid JSON"),
        ("corpus.jsonl", "[1]\n", "line 1: expected a JSON object"),
        ("corpus.jsonl", '{"id": "a", "text": "b"}\n', r"'_id', found None \(keys here: id, text"),
        ("corpus.jsonl", '{"_id": true, "text": "b"}\n', "'_id', found True"),
        ("corpus.jsonl", '{"_id": "a", "title": ["b"]}\n', "line 1: 'a' has no text"),
        ("corpus.jsonl", jsonl(CORPUS[:1] * 2), "line 2: the id 'd1' stands twice"),
        ("corpus.jsonl", jsonl(CORPUS)[:-4], "line 3: not valid JSON"),  # cut off, not passed over
        ("corpus.jsonl", "\n", "the file is empty"),
        ("queries.jsonl", jsonl(QUERIES[:1] * 2), "line 2: the id 'q1' stands twice"),
        ("queries.jsonl", '{"_id": "q1"}\n', "line 1: 'q1' has no text"),
        ("qrels/test.tsv", "q1\td9\t1\n", "line 1: document 'd9' is not in corpus.jsonl"),
        ("qrels/test.tsv", QRELS + "q9\td1\t1\n", "line 4: query 'q9' is not in queries.jsonl"),
        ("qrels/test.tsv", QRELS + "q1\td1\t1\n", "line 4: .* judged twice, as 2 and 1"),
        ("qrels/test.tsv", QRELS + "q1\td1\tyes\n", "line 4: grade 'yes' is not a whole number"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "no judgements"),
    ],
)
def test_every_fault_names_file_line_and_value(
    folder: Path, file: str, text: str, problem: str
) -> None:
    (folder / file).write_text(text)
    with pytest.raises(UserError, match=problem):
        load_beir(folder, "test", "toy")


def test_a_missing_file_or_split_is_named_with_what_there_is(folder: Path) -> None:
    with pytest.raises(UserError, match=r"no split 'train' \(splits here: test\)"):
        load_beir(folder, "train", "toy")
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(UserError, match=r"no corpus\.jsonl or corpus\.jsonl\.gz"):
        load_beir(folder, "test", "toy")


def test_a_folder_is_looked_up_in_order(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("GONOGO_DATA", f"{empty}:{tmp_path}")
    assert find_folder("toy") == folder
    assert find_folder(str(folder)) == folder
    beside = tmp_path / "study"
    (beside / "toy").mkdir(parents=True)
    assert find_folder("toy", beside=beside) == beside / "toy"


def test_a_folder_that_is_nowhere_says_where_it_was_looked_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONOGO_DATA", str(tmp_path))
    with pytest.raises(UserError) as caught:
        find_folder("tpy", beside=tmp_path / "study")
    for part in ("'tpy'", "did you mean 'toy'?", str(tmp_path), str(Path.cwd()), "study"):
        assert part in str(caught.value)
    with pytest.raises(UserError, match="no data folder '/nowhere/at-all'"):
        find_folder("/nowhere/at-all")


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared data sets are not here")
def test_scifact_has_the_counts_of_the_paper() -> None:
    data = load_beir(SHARED / "scifact", "test", "scifact")
    assert (len(data.corpus), len(data.queries)) == (5183, 300)
    assert sum(map(len, data.qrels.values())) == 339
