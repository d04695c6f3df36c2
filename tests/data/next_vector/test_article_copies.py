"""Copies of an article are found by equal vectors; phrases that many share bind nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.next_vector.article_copies import article_groups
from gonogo.data.next_vector.windows import Articles, split_articles


def groups_of(contents, share=0.1):
    lengths = np.array([len(content) for content in contents])
    articles = Articles.from_runs([f"a{n:02d}" for n in range(len(contents))], lengths)
    return article_groups(np.concatenate(contents).astype(np.uint64), articles, share)


def test_revisions_are_one_group_and_a_chance_sentence_is_none():
    first = list(range(100, 120))
    revision = [*first[:15], 1, 2, 3]
    later = [*revision[12:], 7, 8, 9, 10]  # has only parts of the revision in common
    other = [*range(200, 219), 100]  # one sentence of the first: 5 %
    assert groups_of([first, other, revision, later]) == ["a00", "a01", "a00", "a00"]
    assert groups_of([first, other, revision, later], share=0.9) == ["a00", "a01", "a02", "a03"]


def test_a_heading_that_most_articles_have_binds_none_of_them():
    contents = [[1, 2, 100 + n] for n in range(20)]  # two thirds of each article
    assert groups_of(contents) == [f"a{n:02d}" for n in range(20)]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_a_group_is_never_torn_by_the_split(seed):
    articles = Articles.from_runs([f"a{n:02d}" for n in range(30)], np.full(30, 9))
    groups = [f"a{n // 3 * 3:02d}" for n in range(30)]
    held_out = split_articles(articles, 4, seed, 0.3, groups)
    assert held_out.reshape(10, 3).sum(axis=1).tolist().count(3) == 3
    assert set(held_out.reshape(10, 3).sum(axis=1).tolist()) == {0, 3}


def test_without_copies_the_split_is_that_of_the_ids():
    articles = Articles.from_runs([f"a{n:02d}" for n in range(30)], np.full(30, 9))
    contents = np.arange(270, dtype=np.uint64)
    groups = article_groups(contents, articles)
    expected = split_articles(articles, 4, 1)
    assert split_articles(articles, 4, 1, groups=groups).tolist() == expected.tolist()
