"""The documentation of an installed package as running text: a module is an article.

Docstrings follow each other as they stand in the file, each a list of paragraphs. What is no prose
is left out: examples, tables, code, headings, lists of parameters (their descriptions stay), and a
paragraph that another module has word for word, which would stand on both sides of a split.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from gonogo.core.files import cache_folder, fingerprint, write_text
from gonogo.data.next_vector.running_text import Article
from gonogo.data.sources.python_api_docs import documented
from gonogo.data.sources.python_api_sources import find_package
from gonogo.data.sources.python_api_text import plain

PREFIX = "python-api/"
_BUILDER = 1  # raised when the same sources would give other text
_NO_PROSE = re.compile(r">>>|^\s*(\.\.|\||\+[-=]|[-=~^*]{3,})|::\s*$|[={}<>\\]{2,}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEAST_WORDS = 5
_PROSE = 0.6  # least share of characters that are letters; formulas and tables have fewer


def package_text(package: str) -> Path:
    """Return ``documents.jsonl`` of a package, written on first use and kept in the cache folder.

    Raises:
        UserError: if the package is not installed or has no source.
    """
    import json
    import sys

    from filelock import FileLock

    found = find_package(package)
    key = fingerprint(
        {
            "package": package,
            "version": found.version,
            "sources": [(module, size) for module, _, size in found.modules],
            "python": list(sys.version_info[:2]),
            "builder": _BUILDER,
        }
    )
    home = cache_folder("package-text")
    file = home / key / package / "documents.jsonl"  # a bank names its sources by folder and file
    with FileLock(home / f"{key}.lock"):
        if not file.is_file():
            articles = package_articles(package)
            rows = ({"id": each.id, "paragraphs": each.paragraphs} for each in articles)
            write_text(file, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    return file


def package_articles(package: str) -> Iterator[Article]:
    """Yield the modules of a package that hold prose, in order of their names."""
    seen: set[str] = set()
    for module, path, _ in find_package(package).modules:
        names: set[str] = set()
        paragraphs: list[str] = []
        for entry in documented(module, path):
            if entry.name not in names:  # a name that is defined twice, for two platforms
                names.add(entry.name)
                paragraphs += prose(entry.docstring)
        fresh = [text for text in dict.fromkeys(paragraphs) if text not in seen]
        seen.update(fresh)
        if fresh:
            yield Article(module, tuple(fresh))


def prose(docstring: str) -> list[str]:
    """Return the paragraphs of a docstring that are sentences, without reStructuredText marks."""
    text = inspect.cleandoc(docstring.encode(errors="replace").decode())
    blocks = (block for part in re.split(r"\n\s*\n", text) for block in _blocks(part))
    return [said for block in blocks if _is_prose(block) and (said := plain(block))]


def _blocks(part: str) -> Iterator[str]:
    """Yield runs of lines of one indentation: a parameter's description is apart from its name."""
    lines = [line for line in part.splitlines() if line.strip()]
    run: list[str] = []
    for line in lines:
        if run and _indent(line) != _indent(run[-1]):
            yield "\n".join(run)
            run = []
        run.append(line)
    if run:
        yield "\n".join(run)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_prose(block: str) -> bool:
    if any(_NO_PROSE.search(line) for line in block.splitlines()):
        return False
    text = " ".join(block.split())
    letters = sum(char.isalpha() or char == " " for char in text)
    ends = text[-1] in ".!?:)" and text[0].isalpha()
    return ends and len(_WORD.findall(text)) >= _LEAST_WORDS and letters >= _PROSE * len(text)
