"""Cut a paragraph into sentences by a small, fixed rule, the same on every machine.

A sentence ends at ``.``, ``!`` or ``?`` and the quotes and brackets that close behind it, before
space and a capital, a digit or an opening quote. It does not end behind an initial (``J.``),
initials joined (``U.S.``) or one of a few abbreviations. A piece without any word of two letters
(``1994.``) belongs to the sentence before it. Languages without these signs stay whole.
"""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)")
_OPENING = "\"'“‘«([*_—-"
_INITIALS = re.compile(r"(?:^|[\s(\[\"“‘.])(?:[^\W\d_]\.)+$")
_ABBREVIATIONS = re.compile(
    r"(?:mrs?|ms|dr|prof|rev|hon|st|[sj]r|gen|col|capt|lt|sgt|gov|sen|rep|pres|messrs|mme"
    r"|vs|cf|ca|approx|nos?|vols?|eds?|pp|figs?|sec|ch|op|al|etc|inc|ltd|co|corp|dept|univ"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"([^\W\d_]+)\.$")
_WORD = re.compile(r"[^\W\d_]{2,}")


def split_sentences(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph, stripped, runs of white space as one space.

    Joined by a space they give the paragraph back; a blank paragraph gives none.
    """
    text = " ".join(paragraph.split())
    pieces, start = [], 0
    for found in _END.finditer(text):
        if _ends(text[start : found.end()], text[found.end() :].lstrip()):
            pieces.append(text[start : found.end()].strip())
            start = found.end()
    pieces.append(text[start:].strip())
    return _join_fragments([piece for piece in pieces if piece])


def _ends(piece: str, rest: str) -> bool:
    """Say whether a piece that ends in a stop is a whole sentence before ``rest``."""
    following = rest.lstrip(_OPENING)[:1]
    if not (following.isupper() or following.isdigit()):
        return False
    if not piece.endswith("."):
        return True
    word = _LAST_WORD.search(piece)
    return not (_INITIALS.search(piece) or (word and _ABBREVIATIONS.fullmatch(word[1])))


def _join_fragments(pieces: list[str]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and not (_WORD.search(piece) and _WORD.search(joined[-1])):
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece)
    return joined
