import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.data.next_vector.window_ceiling import ceiling, remedies
from gonogo.data.next_vector.windows import Articles, WindowRule, make_windows, split_articles

RULE = WindowRule(context=4, stride=2, most=5)


def articles_of(lengths):
    return Articles(
        tuple(f"article {number}" for number in range(len(lengths))),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def bank_of(count, width=16, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def naive_pairs(lengths, rule):
    """(article, context rows, target row), by walking along each article."""
    pairs, first = [], 0
    for number, length in enumerate(lengths):
        rows = list(range(first, first + length))
        starts = [s for s in range(0, length, rule.stride) if s + rule.context < length]
        pairs += [
            (number, rows[s : s + rule.context], rows[s + rule.context])
            for s in starts[: rule.most]
        ]
        first += length
    return pairs


def test_by_hand():
    # 4 in a context: lengths 4, 5, 8 and 30 give 0, 1, 2 and 5 windows (13 without the cap)
    made = make_windows(bank_of(47), articles_of([4, 5, 8, 30]), RULE, seed=0)
    assert made.article.tolist() == [1, 2, 2, 3, 3, 3, 3, 3]
    assert made.target.tolist() == [8, 13, 15, 21, 23, 25, 27, 29]
    assert made.context_rows(np.array([1])).tolist() == [[9, 10, 11, 12]]
    assert made.position.tolist() == [4, 4, 6, 4, 6, 8, 10, 12]
    assert made.pair_ids[2] == "article 2:6"
    assert len(made) == 8
    assert made.near_duplicates == 0


@settings(deadline=None, max_examples=50)
@given(
    lengths=st.lists(st.integers(0, 40), max_size=8),
    context=st.integers(1, 9),
    stride=st.integers(1, 9),
    most=st.integers(1, 6),
)
def test_equals_a_walk_and_meets_the_ceiling(lengths, context, stride, most):
    rule = WindowRule(context=context, stride=stride, most=most)
    lengths = [*lengths, 20, 20]
    expected = naive_pairs(lengths, rule)
    made = make_windows(bank_of(sum(lengths)), articles_of(lengths), rule, seed=1)
    assert made.article.tolist() == [pair[0] for pair in expected]
    assert made.context_rows(np.arange(len(made))).tolist() == [pair[1] for pair in expected]
    assert made.target.tolist() == [pair[2] for pair in expected]
    most_possible = ceiling(np.array(lengths), rule)
    assert most_possible.pairs == len(expected)
    assert most_possible.long_enough == len({pair[0] for pair in expected})


def test_no_vector_stands_on_both_sides_of_the_split():
    lengths = [30] * 40
    made = make_windows(bank_of(1200), articles_of(lengths), RULE, seed=3)
    assert set(made.article[made.validation]).isdisjoint(made.article[~made.validation])
    sides = [
        {*made.context_rows(np.flatnonzero(side)).ravel(), *made.target[side]}
        for side in (made.validation, ~made.validation)
    ]
    assert sides[0].isdisjoint(sides[1])
    assert len(set(made.article[made.validation])) == 4  # a tenth of 40


def test_the_split_depends_on_the_seed_and_on_ids_alone():
    articles = articles_of([30] * 50)
    held = split_articles(articles, 4, seed=0)
    turned = Articles(articles.ids[::-1], articles.starts)
    assert split_articles(turned, 4, seed=0)[::-1].tolist() == held.tolist()
    assert split_articles(articles, 4, seed=1).tolist() != held.tolist()
    chosen = Counter(
        number
        for seed in range(300)
        for number in np.flatnonzero(split_articles(articles, 4, seed))
    )
    assert len(chosen) == 50  # each article is held out by some seed
    assert max(chosen.values()) < 60  # 30 expected, sd 5


def test_a_lower_stride_moves_no_article_across():
    articles, bank = articles_of([30] * 30), bank_of(900)
    sides = []
    for rule in (RULE, replace(RULE, stride=1, most=40)):
        made = make_windows(bank, articles, rule, seed=5)
        sides.append(set(made.article[made.validation].tolist()))
    assert sides[0] == sides[1]


def test_short_articles_fill_no_side_of_the_split():
    articles = articles_of([3] * 500 + [30] * 10)
    made = make_windows(bank_of(1800), articles, RULE, seed=0)
    assert len(set(made.article[made.validation])) == 1
    assert len(set(made.article[~made.validation])) == 9


@pytest.mark.parametrize(("lengths", "share"), [([30], 0.1), ([30, 4], 0.1), ([30, 30], 1.0)])
def test_what_cannot_be_split_is_told(lengths, share):
    with pytest.raises(UserError, match="leaves one side of the split empty"):
        make_windows(bank_of(sum(lengths)), articles_of(lengths), RULE, 0, validation=share)


def test_two_articles_are_one_on_each_side():
    made = make_windows(bank_of(60), articles_of([30, 30]), RULE, seed=0)
    assert set(made.validation.tolist()) == {True, False}


def test_near_duplicate_targets_are_dropped_and_counted():
    bank = bank_of(60)
    bank[36] = 2 * bank[6]  # the second article's second target repeats the first one's second
    made = make_windows(bank, articles_of([30, 30]), RULE, seed=0)
    assert made.near_duplicates == 1
    assert 36 not in made.target
    assert 6 in made.target
    assert len(made) == 9


def hash_of(made):
    """Return a hash of all pairs, their rows and their split."""
    digest = hashlib.sha256(f"{made.context}\n".encode())
    pairs = zip(made.pair_ids, made.target.tolist(), made.validation.tolist(), strict=True)
    for pair in pairs:
        digest.update(repr(pair).encode())
    return digest.hexdigest()[:16]


def test_equal_seeds_give_equal_pairs_and_anything_else_does_not():
    bank, articles = bank_of(600), articles_of([30] * 20)
    first = make_windows(bank, articles, RULE, seed=7, target_pairs=50)
    again = make_windows(bank.copy(), articles_of([30] * 20), RULE, seed=7, target_pairs=50)
    assert hash_of(first) == hash_of(again)
    every = make_windows(bank, articles, RULE, seed=7)
    # no draw of numpy's is in it: equal on every machine
    assert hash_of(every) == "a72a2e966c62a2b1"
    renamed = Articles((*articles.ids[:-1], "another"), articles.starts)
    others = [
        make_windows(bank, articles, RULE, seed=8, target_pairs=50),
        make_windows(bank, articles, RULE, seed=7, target_pairs=49),
        make_windows(bank, articles, RULE, seed=7, target_pairs=50, validation=0.3),
        make_windows(bank, articles, replace(RULE, stride=3), seed=7, target_pairs=50),
        make_windows(bank, renamed, RULE, seed=7, target_pairs=50),
    ]
    hashes = {hash_of(made) for made in (first, every, *others)}
    assert len(hashes) == 7


def test_of_too_many_pairs_a_sorted_choice_stays():
    bank, articles = bank_of(600), articles_of([30] * 20)
    every = make_windows(bank, articles, RULE, seed=7)
    some = make_windows(bank, articles, RULE, seed=7, target_pairs=60)
    assert len(every) == 100
    assert len(some) == 60
    assert set(some.pair_ids) < set(every.pair_ids)
    assert (np.diff(some.target) > 0).all()
    assert len(set(some.article)) > 15  # from all over the bank, not its beginning


class CountedBank:
    """A bank that notes how many rows it gave out at once."""

    def __init__(self, vectors):
        self.vectors, self.shape, self.most = vectors, vectors.shape, 0

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, rows):
        taken = self.vectors[rows]
        self.most = max(self.most, len(taken))
        return taken


def test_memory_is_bounded_rows_are_read_by_blocks_and_only_their_numbers_kept():
    bank = CountedBank(bank_of(6_000, width=4))
    rule = WindowRule(context=100, stride=1, most=900)
    made = make_windows(bank, articles_of([1_000] * 6), rule, seed=0, near_duplicate=1.0)
    assert len(made) == 5_400
    assert 0 < bank.most <= 512
    kept = made.article.nbytes + made.target.nbytes + made.validation.nbytes
    assert kept == 17 * len(made)


def test_torn_articles_and_banks_of_another_length_are_told():
    articles = Articles.from_rows(["a", "a", "b", "c", "c", "c"])
    assert articles.ids == ("a", "b", "c")
    assert articles.starts.tolist() == [0, 2, 3, 6]
    assert articles.lengths.tolist() == [2, 1, 3]
    assert Articles.from_rows([]).ids == ()
    with pytest.raises(UserError, match="article 'a' goes on at row 2"):
        Articles.from_rows(["a", "b", "a"])
    with pytest.raises(UserError, match="holds 5 vectors, its articles 6"):
        make_windows(bank_of(5), articles, RULE, 0)


@pytest.mark.parametrize("name", ["context", "stride", "most"])
def test_rules_of_nothing_are_told(name):
    with pytest.raises(UserError, match=f"{name}: 0 is below 1"):
        WindowRule(**{name: 0})


def test_no_more_is_promised_than_the_stride_can_yield():
    # 200 articles of 300 vectors: (300 - 101) // 32 + 1 = 7 windows each, never the 30 of the cap
    now = ceiling(np.full(200, 300), WindowRule())
    assert now.pairs == 1_400
    assert "at most 1,400 pairs: 200 of 200 articles" in str(now)


def test_remedies_by_hand():
    lengths = np.full(200, 300)
    # stride 4 would give 50, the cap allows 30: 6,000 pairs in all by a lower stride
    assert remedies(lengths, WindowRule(), 1_400) == []
    assert remedies(lengths, WindowRule(), 6_000) == [
        "stride 6 instead of 32",  # 199 // 6 + 1 = 34, capped to 30; 199 // 7 + 1 = 29
        "about 658 more articles like these 200",  # 4,600 missing at 7 an article
    ]
    capped = WindowRule(stride=10, most=3)
    assert remedies(lengths, capped, 1_000) == [
        "up to 5 windows an article instead of 3",
        "about 134 more articles like these 200",
    ]
    assert remedies(lengths, replace(capped, stride=32, most=30), 1_600) == [
        "stride 28 instead of 32",
        "a context of 75 instead of 100",
        "about 29 more articles like these 200",
    ]


def test_where_no_single_change_is_enough_the_most_at_this_context_is_said():
    assert remedies(np.full(10, 120), WindowRule(), 10_000) == [
        "stride 1 without a cap gives 200 at this context",
        "about 9,990 more articles like these 10",
    ]
    assert remedies(np.full(10, 50), WindowRule(), 10) == [
        "a context of 49 instead of 100",
        "contexts from 49 on in articles that are too short for 100",
        "stride 1 without a cap gives 0 at this context",
    ]
    nothing = np.zeros(0, dtype=np.int64)
    assert remedies(nothing, WindowRule(), 5) == ["stride 1 without a cap gives 0 at this context"]


def test_stride_and_cap_are_told_together_where_only_both_are_enough():
    lengths = np.full(10, 400)  # 300 windows each at stride 1
    rule = WindowRule(stride=150, most=2)
    assert remedies(lengths, rule, 600)[0] == "stride 5 with up to 60 windows an article"
    assert ceiling(lengths, WindowRule(stride=5, most=60)).pairs == 600
    assert ceiling(lengths, WindowRule(stride=6, most=400)).pairs < 600
    assert ceiling(lengths, WindowRule(stride=5, most=59)).pairs < 600


@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(0, 300), min_size=1, max_size=20),
    stride=st.integers(1, 60),
    most=st.integers(1, 30),
    context=st.integers(1, 100),
    target=st.integers(1, 400),
)
def test_each_single_remedy_suffices_and_is_the_smallest(lengths, stride, most, context, target):
    lengths = np.array(lengths)
    rule = WindowRule(context=context, stride=stride, most=most)
    fields = {"stride ": ("stride", 1), "up to ": ("most", -1), "a context ": ("context", 1)}
    for line in remedies(lengths, rule, target):
        for start, (name, toward) in fields.items():
            if line.startswith(start) and " with" not in line:
                value = next(int(word) for word in line.split() if word.isdigit())
                assert ceiling(lengths, replace(rule, **{name: value})).pairs >= target
                less = replace(rule, **{name: value + toward})
                assert ceiling(lengths, less).pairs < target
