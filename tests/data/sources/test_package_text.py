"""The documentation of a package as running text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.data.next_vector.running_text import read_articles
from gonogo.data.sources.package_text import package_articles, package_text, prose

DOCSTRING = """Return the middle of the values, by ``numpy.median``.

    Values are sorted once. Those of equal size keep their order.

    Parameters
    ----------
    values : list of float
        What the middle is taken of, in any order at all.
    axis : int, optional

    Examples
    --------
    >>> middle([3, 1, 2])
    2

    .. note:: this is not said to anyone who reads

    a = b = {c: d} + [e, f] == g and so on for long
    """


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"toytext{abs(hash(tmp_path)) % 10**8}"
    home = tmp_path / name
    home.mkdir()
    (home / "__init__.py").write_text("raise RuntimeError('this package must not be imported')\n")
    for part in ("first", "second"):
        (home / f"{part}.py").write_text(
            f'"""The {part} part does what its name says to all.\n\n'
            'Every part is licensed as the whole package is."""\n'
            'def act():\n    """Act on the values that were given to it."""\n'
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    return name


def test_only_sentences_stay() -> None:
    assert prose(DOCSTRING) == [
        "Return the middle of the values, by numpy.median",
        "Values are sorted once. Those of equal size keep their order",
        "What the middle is taken of, in any order at all",
    ]


def test_a_module_is_a_document_and_no_paragraph_stands_in_two(package: str) -> None:
    found = list(package_articles(package))
    assert [article.id for article in found] == [f"{package}.first", f"{package}.second"]
    assert found[0].paragraphs == (
        "The first part does what its name says to all",
        "Every part is licensed as the whole package is",
        "Act on the values that were given to it",
    )
    assert found[1].paragraphs == ("The second part does what its name says to all",)


def test_the_text_is_read_as_any_running_text_and_written_once(package: str) -> None:
    file = package_text(package)
    stamp = file.stat().st_mtime_ns
    assert [article.id for article in read_articles([file])] == [
        f"{package}/{package}.first",
        f"{package}/{package}.second",
    ]
    assert package_text(package) == file
    assert file.stat().st_mtime_ns == stamp
