"""Articles of ordered paragraphs, from JSON lines, BEIR corpora or plain text files.

- ``documents.jsonl[.gz]``: a line an article, with ``paragraphs`` (texts in order) and ``id``,
  ``_id`` or ``title``;
- ``corpus.jsonl[.gz]`` of a BEIR folder whose ``metadata`` gives each paragraph its ``article``
  and ``position``;
- ``*.txt``: a file an article, its paragraphs parted by blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.data.files.lines import read_objects
from gonogo.data.files.places import find_path

_NAMES = ("documents.jsonl", "documents.jsonl.gz", "corpus.jsonl", "corpus.jsonl.gz")


@dataclass(frozen=True, slots=True)
class Article:
    """Paragraphs that were written to be read one after the other.

    Attributes:
        id: unique among the sources that were read together.
        paragraphs: not blank, in order.
    """

    id: str
    paragraphs: tuple[str, ...]


def text_files(sources: Iterable[Path]) -> dict[str, Path]:
    """Return the files that sources (files, or folders that hold one) consist of, by name.

    A source that is no absolute path is looked up here and in the folders of ``$GONOGO_DATA``.

    Raises:
        UserError: if a source is missing, holds no running text, or two have one name.
    """
    found: dict[str, Path] = {}
    for source in sources:
        for name, file in _files(find_path(str(source))):
            if found.setdefault(name, file) != file:
                raise UserError(
                    f"two sources are called {name!r}", file=source, hint="rename a folder"
                )
    return found


def _files(source: Path) -> list[tuple[str, Path]]:
    if source.is_file():
        return [(f"{source.resolve().parent.name}/{source.name}", source)]
    inside = next((source / name for name in _NAMES if (source / name).is_file()), None)
    files = [inside] if inside else sorted(source.glob("*.txt"))
    if not files:
        raise UserError(
            "no running text in this folder", file=source, hint=f"{', '.join(_NAMES)} or *.txt"
        )
    return [(f"{source.resolve().name}/{file.name}", file) for file in files]


def read_articles(sources: Iterable[Path]) -> Iterator[Article]:
    """Yield the articles of all sources, in the order given; ids start with the source's name.

    An id that stands again in its source gets a number: ``history/Preface (2)``.

    Raises:
        UserError: naming file, line and key, for what is no running text.
    """
    seen: dict[str, int] = {}
    for name, file in text_files(sources).items():
        source = name.rsplit("/", 1)[0]
        for title, paragraphs in _read(file):
            key = f"{source}/{title}"
            seen[key] = seen.get(key, 0) + 1
            kept = tuple(text for text in paragraphs if text.strip())
            yield Article(key if seen[key] == 1 else f"{key} ({seen[key]})", kept)


def _read(file: Path) -> Iterator[tuple[str, list[str]]]:
    if file.suffix == ".txt":
        yield file.stem, _paragraphs_of_text(file)
    elif file.name.startswith("corpus.jsonl"):
        yield from _beir_articles(file)
    else:
        yield from _documents(file)


def _paragraphs_of_text(file: Path) -> list[str]:
    try:
        return re.split(r"\n[ \t]*\n", file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8: {error.reason}", file=file) from error


def _documents(file: Path) -> Iterator[tuple[str, list[str]]]:
    for number, row in read_objects(file):
        paragraphs = row.get("paragraphs")
        if not isinstance(paragraphs, list) or not all(isinstance(p, str) for p in paragraphs):
            raise UserError(
                "expected a list of texts under 'paragraphs'",
                file=file,
                place=f"line {number}",
                hint=f"keys here: {', '.join(row)}",
            )
        name = next((row[key] for key in ("id", "_id", "title") if row.get(key)), number)
        yield str(name), paragraphs


def _beir_articles(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield articles in the order of their first paragraph."""
    articles: dict[Any, tuple[str, list[tuple[int, str]]]] = {}
    for number, row in read_objects(file):
        place = row.get("metadata")
        if not isinstance(place, dict) or not {"article", "position"} <= place.keys():
            raise UserError(
                "metadata gives no article and position, so nothing says what follows what",
                file=file,
                place=f"line {number}",
            )
        title = str(row.get("title") or place["article"])
        paragraphs = articles.setdefault(place["article"], (title, []))[1]
        paragraphs.append((int(place["position"]), str(row.get("text") or "")))
    for title, placed in articles.values():
        yield title, [text for _, text in sorted(placed, key=lambda pair: pair[0])]
