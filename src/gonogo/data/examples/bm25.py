"""BM25 as Lucene scores it (Kamphuis et al. 2020, "Which BM25 Do You Mean?", variant "accurate").

``score(q, d) = sum_t ln(1 + (N - df + 0.5) / (df + 0.5)) * tf / (tf + k1 (1 - b + b |d| / avg))``
over the query's words, stemmed (Snowball English), stop words left out. Scripts that put no space
between words (Han, kana, Thai, Lao, Khmer, Burmese) are read as overlapping pairs of letters, as
Lucene's CJK analyser reads the first two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonogo.data.judged.datasets import Corpus

# Lucene's own defaults; they give nDCG@10 0.679 on SciFact and 0.329 on nfcorpus.
K1, B = 1.2, 0.75


TOKENS = "words of two letters or more; pairs of letters in scripts without spaces"
"""Names the rule in keys of what is kept on disk."""

_UNSPACED = re.compile(
    "[\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005\\u3040-\\u30ff\\u3400-\\u4dbf"
    "\\u4e00-\\u9fff\\uf900-\\ufaff\\uff66-\\uff9f\\U00020000-\\U0003ffff]+"
)


def _pairs(match: re.Match[str]) -> str:
    # marks above and below letters are no letters to the pattern that finds words
    letters = [letter for letter in match[0] if letter.isalnum()]
    return f" {' '.join(a + b for a, b in pairwise(letters))} "


def tokenize(texts: Sequence[str]) -> list[list[str]]:
    """Return the stems of each text (see ``TOKENS``), in lower case."""
    import bm25s  # slow to import: a command that does not search should not pay for it
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    stems: list[list[str]] = bm25s.tokenize(
        [_UNSPACED.sub(_pairs, text) for text in texts],
        stopwords="en",
        stemmer=stemmer,
        return_ids=False,
        show_progress=False,
    )
    return stems


class Bm25Index:
    """An inverted index over a corpus; equal on every machine and in every process.

    It is built by the first search: where rankings are on file, nobody pays for it.
    """

    def __init__(self, corpus: Corpus) -> None:
        from gonogo.core.extras import require

        require("train", "BM25", packages=["bm25s", "PyStemmer"])
        self._corpus = corpus

    @cached_property
    def _order(self) -> list[int]:
        """Corpus rows by id: indexed so, a stable sort by score breaks ties by id."""
        return sorted(range(len(self._corpus)), key=self._corpus.ids.__getitem__)

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        return np.asarray(self._order, dtype=np.int64)

    @cached_property
    def _index(self) -> Any:
        return _build([self._corpus.texts[row] for row in self._order])

    def search(self, queries: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
        """Return up to ``k`` (corpus row, score) a query, best first, ties by document id.

        Documents that share no word with the query are never returned; a query of stop words or
        unknown words gets an empty list.
        """
        return [self._search_one(stems, k) for stems in tokenize(queries)]

    def _search_one(self, stems: list[str], k: int) -> list[tuple[int, float]]:
        known = self._index.get_tokens_ids(stems) if self._index is not None else []
        if not known:
            return []
        scores: NDArray[np.float32] = self._index.get_scores_from_ids(known)
        best = _best(scores, k)
        return list(zip(self._rows[best].tolist(), scores[best].tolist(), strict=True))


def _build(texts: list[str]) -> Any:
    """Return bm25s' index, or None where no text holds a word (it would divide by zero)."""
    import bm25s

    stems = tokenize(texts)
    if not any(stems):
        return None
    index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy")
    index.index(stems, show_progress=False)
    return index


def _best(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the positions of the ``k`` largest positive scores; ties by position."""
    found = np.flatnonzero(scores > 0)
    if len(found) > k:
        # every score equal to the k-th stays in, so that the sort decides the tie and not numpy
        kth = np.partition(scores[found], len(found) - k)[len(found) - k]
        found = found[scores[found] >= kth]
    return found[np.argsort(-scores[found], kind="stable")][:k]
