import gzip
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.examples.bm25 import K1, B, Bm25Index, tokenize
from gonogo.data.judged.datasets import Corpus, document_text

pytestmark = pytest.mark.train

SCIFACT = Path(__file__).parents[3].parent / "shared" / "datasets" / "scifact"
WORDS = ["apple", "banana", "cherry", "grape", "lemon"]


def corpus_of(texts, ids=None):
    return Corpus(tuple(ids or [f"d{row}" for row in range(len(texts))]), tuple(texts))


def formula(texts, query):
    """BM25 word by word, in plain Python and double precision."""
    bags = [text.split() for text in texts]
    average = sum(map(len, bags)) / len(bags)
    scores = [0.0] * len(bags)
    for word in query.split():
        frequency = sum(word in bag for bag in bags)
        idf = math.log(1 + (len(bags) - frequency + 0.5) / (frequency + 0.5))
        for row, bag in enumerate(bags):
            tf = bag.count(word)
            scores[row] += idf * tf / (tf + K1 * (1 - B + B * len(bag) / average))
    return scores


@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=8
    ),
    query=st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    k=st.integers(1, 9),
)
def test_scores_equal_the_formula(texts, query, k):
    # stemming maps these words one to one, so the formula may work on the words themselves
    found = Bm25Index(corpus_of(texts)).search([query], k)[0]
    expected = formula(texts, query) if any(texts) else [0.0] * len(texts)
    assert len(found) == min(k, sum(score > 0 for score in expected))
    for row, score in found:
        assert score == pytest.approx(expected[row], rel=1e-5)
    worst = min((score for _, score in found), default=0.0)
    left_out = set(range(len(texts))) - {row for row, _ in found}
    assert all(len(found) < k or expected[row] <= worst * (1 + 1e-5) for row in left_out)


def test_two_documents_by_hand():
    found = Bm25Index(corpus_of(["apple banana", "cherry"])).search(["apple"], 5)[0]
    # idf = ln(1 + 1.5 / 1.5) = ln 2, |d| / avg = 2 / 1.5
    assert found == [(0, pytest.approx(math.log(2) / (1 + 1.2 * (0.25 + 0.75 * 4 / 3)), rel=1e-6))]


def test_ties_are_broken_by_document_id_whatever_the_order_and_the_cut():
    ids = ["b", "d", "a", "c", "10", "9"]
    index = Bm25Index(corpus_of(["apple"] * 6, ids))
    for k in range(1, 7):
        found = index.search(["apple"], k)[0]
        assert [ids[row] for row, _ in found] == ["10", "9", "a", "b", "c", "d"][:k]


def test_ties_at_the_cut_are_decided_by_document_id_in_a_large_corpus():
    ids = [f"{(7919 * number) % 1000:03d}" for number in range(1000)]
    index = Bm25Index(corpus_of(["apple"] * 1000, ids))
    found = index.search(["apple"], 100)[0]
    assert [ids[row] for row, _ in found] == sorted(ids)[:100]


def test_documents_without_a_common_word_never_fill_up_the_list():
    index = Bm25Index(corpus_of(["apple pie", "banana split", "cherry tart"]))
    assert [row for row, _ in index.search(["banana"], 100)[0]] == [1]


@pytest.mark.parametrize("query", ["", "   ", "the and of", "zebra", "?!", "\u2028"])
def test_queries_without_a_known_word_find_nothing(query):
    assert Bm25Index(corpus_of(["apple pie", "banana"])).search([query, "apple"], 3)[0] == []


@pytest.mark.parametrize("texts", [[], [""], ["", "the of"]])
def test_a_corpus_without_words_is_searched_in_vain(texts):
    assert Bm25Index(corpus_of(texts)).search(["apple"], 3) == [[]]


def test_no_queries():
    assert Bm25Index(corpus_of(["apple"])).search([], 3) == []


def test_words_are_stemmed_lowered_and_stopped():
    assert tokenize(["The Running dogs", "a"]) == [["run", "dog"], []]


def test_nothing_is_printed(capfd):
    Bm25Index(corpus_of(["apple pie"] * 50)).search(["apple"] * 50, 3)
    assert capfd.readouterr() == ("", "")


def test_scores_do_not_depend_on_the_hash_seed():
    script = (
        "from gonogo.data.examples.bm25 import Bm25Index\n"
        "from gonogo.data.judged.datasets import Corpus\n"
        "texts = tuple(f'word{i % 7} word{i % 5} word{i % 3} common' for i in range(40))\n"
        "index = Bm25Index(Corpus(tuple(f'd{i}' for i in range(40)), texts))\n"
        "print(index.search(['common word1 word2 word0 word3 word4'], 40))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_importing_the_module_does_not_import_bm25s():
    script = "import sys, gonogo.data.examples.bm25; assert 'bm25s' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.skipif(not SCIFACT.exists(), reason="needs the SciFact folder beside the repository")
def test_scifact_equals_the_published_level():
    import ir_measures

    with gzip.open(SCIFACT / "corpus.jsonl.gz") as handle:
        rows = [json.loads(line) for line in handle]
    with gzip.open(SCIFACT / "queries.jsonl.gz") as handle:
        queries = {row["_id"]: row["text"] for row in map(json.loads, handle)}
    qrels = {}
    for line in (SCIFACT / "qrels" / "test.tsv").read_text().split("\n")[1:-1]:
        query_id, document_id, grade = line.split("\t")
        qrels.setdefault(query_id, {})[document_id] = int(grade)
    texts = [document_text(row["title"], row["text"]) for row in rows]
    corpus = corpus_of(texts, [row["_id"] for row in rows])
    found = Bm25Index(corpus).search([queries[key] for key in qrels], 100)
    run = {
        key: {corpus.ids[row]: score for row, score in hits}
        for key, hits in zip(qrels, found, strict=True)
    }
    value = ir_measures.calc_aggregate([ir_measures.parse_measure("nDCG@10")], qrels, run)
    assert next(iter(value.values())) == pytest.approx(0.667, abs=0.02)


@pytest.mark.parametrize(
    ("texts", "query"),
    [
        (["测试部署应该使用容器", "北京是中国的首都"], "部署容器"),
        (["国際標準化に関する動向", "東京の天気予報"], "国際標準化"),
        (["การทดสอบระบบค้นหา", "กรุงเทพเป็นเมืองหลวง"], "ระบบค้นหา"),
    ],
)
def test_scripts_without_spaces_are_found(texts: list[str], query: str) -> None:
    index = Bm25Index(Corpus(("a", "b"), tuple(texts)))
    [found] = index.search([query], 2)
    assert found[0][0] == 0


def test_words_beside_pairs_are_left_as_they_are() -> None:
    assert tokenize(["GPU上の検索 engines"]) == [["gpu", "上の", "の検", "検索", "engin"]]
