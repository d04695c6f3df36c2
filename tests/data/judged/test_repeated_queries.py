"""Queries that repeat each other's words, against a comparison of all with all."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gonogo.data.judged.repeated_queries import normalised, repeated_queries


def trigrams(text: str) -> set[str]:
    padded = f"  {normalised(text)} "
    return {padded[n : n + 3] for n in range(len(padded) - 2)}


def all_with_all(texts: dict[str, str], alike: float) -> list[list[str]]:
    group = {query: {query} for query in texts}
    for one, other in combinations(texts, 2):
        a, b = trigrams(texts[one]), trigrams(texts[other])
        if normalised(texts[one]) and len(a & b) >= alike * len(a | b):
            joined = group[one] | group[other]
            for query in joined:
                group[query] = joined
    return sorted(sorted(g) for g in {frozenset(g) for g in group.values()} if len(g) > 1)


def test_case_punctuation_and_a_letter_make_no_other_query() -> None:
    texts = {
        "1": "Which treaty ended the war between France and Spain?",
        "2": "which treaty ended the war between france and spain",
        "3": "Which treaty ended the wars between France and Spain",
        "4": "Which treaty ended the war between France and Austria?",
        "5": "Who won Super Bowl 49 against the Seahawks of Seattle in Arizona?",
        "6": "Who won Super Bowl 50 against the Seahawks of Seattle in Arizona?",
        "7": "?!",
        "8": "...",
    }
    assert repeated_queries(texts) == [["1", "2", "3"]]
    assert repeated_queries(texts, most=2) == [["1", "2"]]  # too many: equal ones alone


WORDS = st.lists(st.sampled_from(["ab", "abc", "bc", "ca", "cab"]), max_size=6).map(" ".join)


@given(
    st.dictionaries(st.integers(0, 30).map(str), WORDS, max_size=12),
    st.sampled_from([0.5, 0.7, 0.9, 1.0]),
)
def test_the_prefix_filter_misses_no_pair(texts: dict[str, str], alike: float) -> None:
    assert repeated_queries(texts, alike) == all_with_all(texts, alike)
