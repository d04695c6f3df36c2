import itertools

import pytest

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.data.examples.examples import RelevanceExample, relevance_examples, retrieval_examples
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.spec.task.tasks import (
    Bm25Negatives,
    NoNegatives,
    RandomNegatives,
    RelevanceTask,
    RetrievalTask,
)

pytestmark = pytest.mark.train


@pytest.fixture
def dataset():
    texts = tuple(f"apple word{row} text{row % 7}" for row in range(50))
    corpus = Corpus(tuple(f"d{row:02d}" for row in range(50)), texts)
    queries = {"q2": "apple word2", "q1": "apple word1", "q3": "apple"}
    qrels = {"q2": {"d02": 2, "d20": 1, "d21": 0}, "q1": {"d01": 1}, "q3": {"d05": 0}}
    return RetrievalDataset("toy", "train", corpus, queries, qrels)


def retrieval(**settings):
    return RetrievalTask(data=("toy",), **settings)


def test_one_retrieval_example_for_each_relevant_pair(dataset):
    examples = retrieval_examples(dataset, retrieval(), 42)
    assert [(e.query_id, e.positive_id) for e in examples] == [
        ("q1", "d01"), ("q2", "d02"), ("q2", "d20"),
    ]  # fmt: skip
    for example in examples:
        assert example.dataset == "toy"
        assert example.query == dataset.queries[example.query_id]
        assert example.positive == dataset.corpus.texts[int(example.positive_id[1:])]
        assert len(example.negative_ids) == 7
        assert not example.relevant_ids.intersection(example.negative_ids)
        for key, text in zip(example.negative_ids, example.negatives, strict=True):
            assert text == dataset.corpus.texts[int(key[1:])]
    assert examples[1].relevant_ids == examples[2].relevant_ids == {"d02", "d20"}


def test_relevance_examples_follow_each_positive_with_its_own_negatives(dataset):
    task = RelevanceTask(data=("toy",), negatives=Bm25Negatives(count=(2, 3), ranks=(1, 50)))
    examples = relevance_examples(dataset, task, 42)
    labels = [example.label for example in examples]
    positives = [example for example in examples if example.label]
    assert [(e.query_id, e.document_id) for e in positives] == [
        ("q1", "d01"), ("q2", "d02"), ("q2", "d20"),
    ]  # fmt: skip
    starts = [index for index, label in enumerate(labels) if label] + [len(labels)]
    assert starts[0] == 0
    for start, stop in itertools.pairwise(starts):
        assert 2 <= stop - start - 1 <= 3
        assert {example.query_id for example in examples[start:stop]} == {examples[start].query_id}
    assert isinstance(examples[0], RelevanceExample)
    assert all(e.document == dataset.corpus.texts[int(e.document_id[1:])] for e in examples)


def test_equal_seeds_give_equal_examples_and_others_do_not(dataset):
    task = retrieval(negatives=Bm25Negatives(count=5, ranks=(1, 50)))
    assert retrieval_examples(dataset, task, 1) == retrieval_examples(dataset, task, 1)
    assert retrieval_examples(dataset, task, 1) != retrieval_examples(dataset, task, 2)


def test_at_most_max_queries_the_same_for_every_seed(dataset):
    task = retrieval(max_queries=2, negatives=NoNegatives())
    expected = set(dataset.sample_queries(2).queries) - {"q3"}
    for seed in (1, 2):
        examples = retrieval_examples(dataset, task, seed)
        assert {example.query_id for example in examples} == expected
        assert all(example.negatives == example.negative_ids == () for example in examples)


def test_no_relevant_document_at_all_is_an_error(dataset):
    barren = RetrievalDataset("toy", "train", dataset.corpus, {"q3": "apple"}, {"q3": {"d05": 0}})
    with pytest.raises(UserError, match=r"toy.*train split has a relevant document"):
        retrieval_examples(barren, retrieval(), 1)


class Listener(Silent):
    def __init__(self):
        self.said = []

    def say(self, message):
        self.said.append(message)


def test_a_shortage_is_told_and_plenty_is_not(dataset):
    listener = Listener()
    plenty = retrieval(negatives=RandomNegatives(count=3))
    retrieval_examples(dataset, plenty, 1, progress=listener)
    assert listener.said == []
    short = retrieval(negatives=Bm25Negatives(count=7, ranks=(48, 60)))
    retrieval_examples(dataset, short, 1, progress=listener)
    assert len(listener.said) == 1
    assert listener.said[0].startswith("toy: ")


def test_few_positives_of_a_query_are_drawn_alike_for_every_seed(dataset):
    def drawn(seed, most):
        examples = retrieval_examples(dataset, retrieval(positives_per_query=most), seed)
        return [(e.query_id, e.positive_id, e.relevant_ids) for e in examples]

    assert len(drawn(1, 2)) == 3
    assert [query for query, _, _ in drawn(1, 1)] == ["q1", "q2"]
    assert drawn(1, 1) == drawn(2, 1)
    assert drawn(1, 1)[1][2] == {"d02", "d20"}  # what is not drawn is still no negative
