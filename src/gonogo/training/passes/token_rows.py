"""Tokenised texts, made once before training: each distinct row stored once, flat in memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from gonogo.core.progress import Progress, Silent

_BLOCK = 1024

Text = TypeVar("Text")
Tokenize = Callable[[Sequence[Text]], list[list[int]]]


class TokenRows:
    """Rows of token ids by number; equal rows share a number, so equal texts are run once."""

    def __init__(self) -> None:
        self._flat = array("i")
        self._starts = array("q", [0])
        self._number_of: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> list[int]:
        return self._flat[self._starts[number] : self._starts[number + 1]].tolist()

    def add(
        self,
        texts: Iterable[Text],
        tokenize: Tokenize[Text],
        *,
        progress: Progress | None = None,
        label: str = "tokenise",
    ) -> Int64[np.ndarray, " n"]:
        """Tokenise texts, each distinct one once, and return the row number of each.

        Args:
            texts: texts or pairs of texts; hashable.
            tokenize: turns a list of them into token ids, without padding.
            progress: shown a bar over the distinct texts.
            label: the bar's.
        """
        texts = list(texts)
        distinct = list(dict.fromkeys(texts))
        bar = (progress or Silent()).bar(label, len(distinct))
        known: dict[Text, int] = {}
        for start in range(0, len(distinct), _BLOCK):
            block = distinct[start : start + _BLOCK]
            known.update(zip(block, map(self._store, tokenize(block)), strict=True))
            bar.advance(len(block))
        bar.close()
        numbers: NDArray[np.int64] = np.fromiter((known[text] for text in texts), np.int64)
        return numbers

    def _store(self, ids: list[int]) -> int:
        row = array("i", ids)
        number = self._number_of.setdefault(row.tobytes(), len(self))
        if number == len(self):
            self._flat.extend(row)
            self._starts.append(len(self._flat))
        return number
