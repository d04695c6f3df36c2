import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.mining import mine_negatives, positive_pairs
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.spec.task.tasks import Bm25Negatives, NoNegatives, RandomNegatives

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GONOGO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def dataset_of(texts, queries, qrels):
    corpus = Corpus(tuple(f"d{row:03d}" for row in range(len(texts))), tuple(texts))
    return RetrievalDataset("toy", "train", corpus, queries, qrels)


@pytest.fixture
def graded():
    """60 documents; document i holds the query's word 60 - i times, so BM25 ranks them in order."""
    texts = [" ".join(["apple"] * (60 - row) + ["filler"] * (row + 1)) for row in range(60)]
    queries = {"q1": "apple", "q2": "apple filler"}
    return dataset_of(texts, queries, {"q1": {"d004": 1, "d007": 0}, "q2": {"d000": 2, "d059": 1}})


def test_the_window_is_counted_over_the_raw_ranking(graded):
    ranking = [row for row, _ in Bm25Index(graded.corpus).search(["apple"], 60)[0]]
    assert ranking[4] == 4  # the positive stands at rank 5 and still counts
    rows = mine_negatives(graded, Bm25Negatives(count=5, ranks=(4, 9)), 1).rows["q1", "d004"]
    assert sorted(rows) == sorted(set(ranking[3:9]) - {4})


def test_judged_irrelevant_documents_may_be_negatives(graded):
    rows = mine_negatives(graded, Bm25Negatives(count=1, ranks=(8, 8)), 1).rows["q1", "d004"]
    assert rows == (7,)


def test_copies_of_a_positive_or_of_the_query_are_never_negatives():
    texts = ["apple pie", "apple pie", "apple", "apple tart", "pear"]
    data = dataset_of(texts, {"q": " apple "}, {"q": {"d000": 1}})
    for spec in (Bm25Negatives(count=3, ranks=(1, 5)), RandomNegatives(count=3)):
        mined = mine_negatives(data, spec, 3)
        assert sorted(mined.rows["q", "d000"]) == [3, 4]
        assert mined.counts.missing == 1


def test_a_query_that_is_a_document_is_no_negative_of_itself():
    data = dataset_of(
        ["apple pie", "an apple", "apple tart"], {"d001": "apple"}, {"d001": {"d000": 1}}
    )
    both = mine_negatives(data, RandomNegatives(count=3), 3).rows["d001", "d000"]
    data = dataclasses.replace(data, queries_are_documents=True)
    assert sorted(both) == [1, 2]
    assert mine_negatives(data, RandomNegatives(count=3), 3).rows["d001", "d000"] == (2,)


def test_every_positive_of_a_query_is_excluded_for_each(graded):
    rows = mine_negatives(graded, RandomNegatives(count=58), 1).rows
    assert set(rows["q2", "d000"]) == set(rows["q2", "d059"]) == set(range(1, 59))


def test_order_of_queries_and_a_sample_of_them_change_nothing(graded):
    spec = Bm25Negatives(count=(2, 6), ranks=(5, 40))
    rows = mine_negatives(graded, spec, 7).rows
    turned = dataclasses.replace(
        graded,
        queries=dict(reversed(graded.queries.items())),
        qrels=dict(reversed(graded.qrels.items())),
    )
    assert list(mine_negatives(turned, spec, 7).rows.items()) == list(rows.items())
    alone = dataclasses.replace(
        graded, queries={"q2": "apple filler"}, qrels={"q2": graded.qrels["q2"]}
    )
    assert mine_negatives(alone, spec, 7).rows.items() <= rows.items()


def test_draws_follow_seed_and_pair(graded):
    spec = Bm25Negatives(count=7, ranks=(5, 60))
    first, again, other = (mine_negatives(graded, spec, seed).rows for seed in (1, 1, 2))
    assert first == again
    assert all(first[pair] != other[pair] for pair in first)
    assert first["q2", "d000"] != first["q2", "d059"]


def test_an_index_at_hand_is_used(graded):
    spec = Bm25Negatives(count=3, ranks=(5, 40))
    index = Bm25Index(graded.corpus)
    assert mine_negatives(graded, spec, 1, index).rows == mine_negatives(graded, spec, 1).rows


def test_counts_between_least_and_most_are_drawn_evenly():
    texts = [f"apple w{row}" for row in range(30)]
    queries = {f"q{number}": "apple" for number in range(300)}
    data = dataset_of(texts, queries, {key: {"d000": 1} for key in queries})
    mined = mine_negatives(data, Bm25Negatives(count=(5, 7), ranks=(1, 30)), 5)
    sizes = [len(rows) for rows in mined.rows.values()]
    assert {size: 70 <= sizes.count(size) <= 130 for size in set(sizes)} == dict.fromkeys(
        (5, 6, 7), True
    )
    drawn = [row for rows in mined.rows.values() for row in rows]
    expected = len(drawn) / 29
    assert all(0.6 * expected < drawn.count(row) < 1.5 * expected for row in range(1, 30))
    assert mined.counts.shortage() is None


def test_a_short_window_is_filled_after_it_then_before_it_then_at_random():
    texts = [" ".join(["apple"] * (8 - row) + ["filler"] * (row + 1)) for row in range(8)]
    data = dataset_of([*texts, "pear", "plum"], {"q": "apple"}, {"q": {"d003": 1}})
    # window: ranks 4-5 = rows 3 (positive) and 4; after it 5, 6, 7; before it 2, 1, 0
    spec = Bm25Negatives.model_construct(count=9, ranks=(4, 5))
    mined = mine_negatives(data, spec, 1)
    rows = mined.rows["q", "d003"]
    assert rows[:7] == (4, 5, 6, 7, 2, 1, 0)
    assert set(rows[7:]) == {8, 9}
    assert dataclasses.asdict(mined.counts) == {
        "pairs": 1, "asked": 9, "window": 1, "ranking": 6, "random": 2,
    }  # fmt: skip
    assert mined.counts.missing == 0
    assert "1 of 9 negatives" in mined.counts.shortage()


def test_a_query_that_finds_nothing_gets_random_negatives():
    data = dataset_of(["apple", "pear", "plum"], {"q": "zebra"}, {"q": {"d000": 1}})
    mined = mine_negatives(data, Bm25Negatives(count=2, ranks=(1, 9)), 1)
    assert sorted(mined.rows["q", "d000"]) == [1, 2]
    assert mined.counts.random == 2


def test_a_corpus_of_positives_alone_yields_none():
    data = dataset_of(["apple", "pear"], {"q": "apple"}, {"q": {"d000": 1, "d001": 1}})
    mined = mine_negatives(data, Bm25Negatives(count=2, ranks=(1, 9)), 1)
    assert set(mined.rows.values()) == {()}
    assert mined.counts.missing == 4


def test_no_negatives(graded):
    mined = mine_negatives(graded, NoNegatives(), 1)
    assert mined.rows == {("q1", "d004"): (), ("q2", "d000"): (), ("q2", "d059"): ()}
    assert mined.counts.shortage() is None


def test_pairs_are_sorted_and_hold_positives_only(graded):
    assert list(positive_pairs(graded)) == [("q1", "d004"), ("q2", "d000"), ("q2", "d059")]


WORD = st.sampled_from(["apple", "pear", "plum", "fig"])


@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(st.lists(WORD, max_size=3).map(" ".join), min_size=1, max_size=9),
    query=WORD,
    positives=st.sets(st.integers(0, 8), min_size=1, max_size=3),
    window=st.tuples(st.integers(1, 6), st.integers(0, 6)),
    count=st.integers(1, 7),
    bm25=st.booleans(),
)
def test_negatives_are_distinct_allowed_and_as_many_as_there_are(
    texts, query, positives, window, count, bm25
):
    relevant = {f"d{row:03d}": 1 for row in positives if row < len(texts)} or {"d000": 1}
    data = dataset_of(texts, {"q": query}, {"q": relevant})
    ranks = (window[0], window[0] + max(window[1], count - 1))
    spec = Bm25Negatives(count=count, ranks=ranks) if bm25 else RandomNegatives(count=count)
    answers = {query, *(texts[int(key[1:])] for key in relevant)}
    allowed = {row for row, text in enumerate(texts) if text not in answers}
    mined = mine_negatives(data, spec, 0)
    for rows in mined.rows.values():
        assert len(rows) == len(set(rows)) == min(count, len(allowed))
        assert set(rows) <= allowed
    assert mined.counts.missing == count * len(relevant) - len(
        list(itertools.chain(*mined.rows.values()))
    )
