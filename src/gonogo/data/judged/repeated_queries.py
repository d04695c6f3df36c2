"""Find queries that nearly repeat another one's words: they are one piece of evidence, not two.

Two queries repeat each other if their normalised texts share nine tenths of their character
trigrams (Jaccard) and name the same numbers. Pairs are found without comparing all with all, by the
prefix filter of Bayardo, Ma and Srikant (WWW 2007): of two sets that are so alike, the rarest few
members of both have one in common.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from math import ceil

ALIKE = 0.9
"""Jaccard similarity of trigrams from which on two queries count as one."""
MOST_COMPARED = 50_000
"""Distinct texts of a data set beyond which only equal ones are looked for."""
_WORDS = re.compile(r"\w+")


def repeated_queries(
    texts: Mapping[str, str], alike: float = ALIKE, most: int = MOST_COMPARED
) -> list[list[str]]:
    """Return groups of queries that repeat each other, each sorted by id.

    Args:
        texts: of each query, by its id.
        alike: similarity from which on two are one.
        most: distinct texts beyond which only equal ones are found.
    """
    same: dict[str, list[str]] = {}
    for query, text in texts.items():
        if words := normalised(text):
            same.setdefault(words, []).append(query)
    near = _near([*same], alike) if len(same) <= most else {}
    groups: dict[str, list[str]] = {}
    for words, queries in same.items():
        groups.setdefault(_root(near, words), []).extend(queries)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def normalised(text: str) -> str:
    """Return a text's words in lower case, one space apart, without punctuation."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def _near(texts: list[str], alike: float) -> dict[str, str]:
    """Return for texts that resemble another one a text of their group, in a tree."""
    parents: dict[str, str] = {}
    for one, other in _pairs(texts, alike):
        first, second = sorted((_root(parents, one), _root(parents, other)))
        if first != second:
            parents[second] = first
    return parents


def _root(parents: Mapping[str, str], text: str) -> str:
    while text in parents:
        text = parents[text]
    return text


def _pairs(texts: list[str], alike: float) -> Iterator[tuple[str, str]]:
    """Yield every pair of texts that are alike."""
    sets = {text: _trigrams(text) for text in texts}
    spread = Counter(gram for grams in sets.values() for gram in grams)
    numbers = {text: _numbers(text) for text in texts}
    # rare trigram -> how many trigrams the texts have that have it, ascending, and these texts
    known: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
    for text in sorted(texts, key=lambda one: (len(sets[one]), one)):
        grams = sets[text]
        rare = sorted(grams, key=lambda gram: (spread[gram], gram))
        prefix = rare[: len(grams) - ceil(alike * len(grams)) + 1]
        for other in dict.fromkeys(_long_enough(known, prefix, alike * len(grams))):
            shared = len(grams & sets[other])
            close = shared >= alike * (len(grams) + len(sets[other]) - shared)
            if close and numbers[text] == numbers[other]:
                yield other, text
        for gram in prefix:
            sizes, own = known[gram]
            sizes.append(len(grams))
            own.append(text)


def _long_enough(
    known: Mapping[str, tuple[list[int], list[str]]], grams: list[str], least: float
) -> Iterator[str]:
    for gram in grams:
        sizes, own = known[gram]
        yield from own[bisect_left(sizes, least) :]


def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))


def _numbers(text: str) -> list[str]:
    return sorted(word for word in text.split() if any(map(str.isdigit, word)))
