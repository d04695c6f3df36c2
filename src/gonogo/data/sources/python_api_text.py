"""A docstring as a query (its first sentence) and the rest."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

_SIGNATURE = re.compile(r"[\w.]+\s*\(.*\)\s*(->.*)?", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*:(\[])")
_ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|cf|al)\.$")
_ROLE = re.compile(r":[a-zA-Z][\w:.+-]*:`[~!]?([^`<]*?)(\s*<[^`>]*>)?`")
_LITERAL = re.compile(r"``([^`]*)``|`([^`]*)`_?")
_DEPRECATED = re.compile(
    r"\bdeprecat|\bobsolete\b|this (function|method|class) (is|was) moved", re.I
)

_SECTION = re.compile(
    r"(examples?|arg(ument)?s|parameters|returns?|raises|usage|notes?)\s*:|.*>>>", re.I
)
_TEMPLATE = re.compile(r"%\(\w+\)s")  # scipy fills these in while it is imported

LEAST_WORDS = 4
MOST_WORDS = 60
LEAST_REST = 5
MOST_CHARACTERS = 4000  # several times what any passage limit keeps; keeps files small


@dataclass(frozen=True, slots=True)
class Split:
    """A docstring taken apart: its signature line if it has one, first sentence, and the rest."""

    signature: str
    summary: str
    rest: str


def split_docstring(docstring: str) -> Split | None:
    """Take a docstring apart, or return None if it cannot make a query and a document.

    A query needs 4 to 60 words, its document at least 5 words after it. Deprecated things and
    docstrings that open with a directive or a list are left out.
    """
    text = _TEMPLATE.sub("", inspect.cleandoc(docstring.encode(errors="replace").decode()))
    first, rest = _first_paragraph(text)
    signature = ""
    if _SIGNATURE.fullmatch(first):
        signature = " ".join(first.split())
        first, rest = _first_paragraph(rest)
    sentence, remainder = _first_sentence(" ".join(first.split()))
    rest = f"{remainder}\n\n{rest}".strip()
    summary = plain(sentence)
    if (
        _SECTION.match(sentence)
        or not _usable(summary)
        or len(re.findall(r"\w+", rest)) < LEAST_REST
    ):
        return None
    return Split(signature, summary, _cut(rest))


def _first_paragraph(text: str) -> tuple[str, str]:
    parts = re.split(r"\n\s*\n", text.strip(), maxsplit=1)
    return parts[0], parts[1] if len(parts) == 2 else ""


def _first_sentence(paragraph: str) -> tuple[str, str]:
    for match in _SENTENCE_END.finditer(paragraph):
        sentence = paragraph[: match.start()]
        if not _ABBREVIATION.search(sentence):
            return sentence, paragraph[match.end() :]
    return paragraph, ""


def plain(text: str) -> str:
    """Strip reStructuredText marks: roles, literals, emphasis."""
    text = _ROLE.sub(r"\1", text)
    text = _LITERAL.sub(lambda match: match[1] or match[2] or "", text)
    return " ".join(text.replace("**", "").split()).rstrip(" :.")


def _usable(summary: str) -> bool:
    words = re.findall(r"[^\W\d_]\w*", summary)
    return (
        LEAST_WORDS <= len(words) <= MOST_WORDS
        and summary[0].isalnum()
        and not _DEPRECATED.search(summary)
    )


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[:MOST_CHARACTERS].rsplit(None, 1)[0]
