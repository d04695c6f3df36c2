from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.data.sources.python_api_docs import documented
from gonogo.data.sources.python_api_text import MOST_CHARACTERS, split_docstring

SOURCE = '''
"""Module docstring."""
import nothing_that_exists

def outer(a, /, b: int = 2, *args, key=None, **rest) -> list[int]:
    """Outer docs."""
    def inner():
        """Never shown."""

def _private():
    """Never shown."""

class Thing(Base):
    """Thing docs."""
    def __init__(self, size, *, deep=True):
        """Never shown."""
    def method(self, x):
        """Method docs."""
    @classmethod
    async def make(cls):
        """Make docs."""
    @property
    def size(self):
        """Size docs."""

class _Hidden:
    """Never shown."""
    def method(self):
        """Never shown."""

if True:
    def conditional():
        r"""Conditional \\d docs."""
else:
    def conditional():
        """Second definition."""

add_newdoc('numpy._core.multiarray', 'array', """array docs""")
add_newdoc('numpy._core.multiarray', 'ndarray', ('T', """T docs"""))
add_newdoc('numpy._core.multiarray', 'dtype', [('a', 'a docs'), ('_b', 'hidden')])
add_docstr(torch._C.abs, r"""abs {input} docs""".format(**common) + r""" and more""")
conv = _add_docstr(torch.conv1d, "conv docs")
add_docstr_all('add_', "add in place")
add_docstr(torch.dynamic, make_text())
'''


@pytest.fixture
def entries(tmp_path: Path) -> dict[str, tuple[str, str]]:
    path = tmp_path / "m.py"
    path.write_text(SOURCE)
    found = {}
    for entry in documented("pack._mod", path):
        found.setdefault(entry.name, (entry.signature, entry.docstring))
    return found


def test_public_names_with_their_signatures(entries: dict[str, tuple[str, str]]) -> None:
    signature = "(a, /, b: int=2, *args, key=None, **rest) -> list[int]"
    assert entries["pack.mod"] == ("", "Module docstring.")
    assert entries["pack.mod.outer"] == (signature, "Outer docs.")
    assert entries["pack.mod.Thing"] == ("(size, *, deep=True)", "Thing docs.")
    assert entries["pack.mod.Thing.method"] == ("(x)", "Method docs.")
    assert entries["pack.mod.Thing.make"] == ("()", "Make docs.")
    assert entries["pack.mod.Thing.size"] == ("", "Size docs.")
    assert entries["pack.mod.conditional"][1] == r"Conditional \d docs."
    assert not any("Never shown" in docstring for _, docstring in entries.values())


def test_docstrings_attached_to_compiled_functions(entries: dict[str, tuple[str, str]]) -> None:
    attached = {
        "numpy.core.multiarray.array": "array docs",
        "numpy.core.multiarray.ndarray.T": "T docs",
        "numpy.core.multiarray.dtype.a": "a docs",
        "torch.C.abs": "abs  docs and more",
        "pack.mod.conv": "conv docs",
        "torch.Tensor.add_": "add in place",
    }
    assert {name: entries[name][1] for name in attached} == attached
    assert "torch.dynamic" not in entries
    assert "numpy.core.multiarray.dtype.b" not in entries


def test_a_file_that_does_not_parse_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.py"
    path.write_text('print "python 2"\n"""x"""\n')
    assert list(documented("old", path)) == []


def test_the_query_is_no_part_of_the_document() -> None:
    parts = split_docstring(
        """Return the :func:`~torch.sum` of ``x`` along `axis`.  It may overflow.

        Use float64 for long sums of small numbers.
        """
    )
    assert parts is not None
    assert parts.summary == "Return the torch.sum of x along axis"
    assert parts.rest == "It may overflow.\n\nUse float64 for long sums of small numbers."


def test_a_signature_line_is_told_from_the_summary() -> None:
    parts = split_docstring(
        """
        abs(input, *,
            out=None) -> Tensor

        Computes the absolute value, e.g. Of every element.

        Args: input the tensor to take it of
        """
    )
    assert parts is not None
    assert parts.signature == "abs(input, *, out=None) -> Tensor"
    assert parts.summary == "Computes the absolute value, e.g. Of every element"


@pytest.mark.parametrize(
    "docstring",
    [
        "Too short.\n\nBut with a body of more than five words here.",
        "A summary of enough words but no body.",
        "A summary of enough words.\n\nShort body.",
        "This function is deprecated and will go.\n\nUse something else from another module.",
        ".. note:: this begins with a directive\n\nAnd has a body of several words too.",
        "Examples: call it as it is meant.\n\nAnd has a body of several words too.",
        "word " * 70 + ".\n\nAnd has a body of several words too.",
        "",
    ],
)
def test_what_makes_no_pair(docstring: str) -> None:
    assert split_docstring(docstring) is None


def test_long_documents_are_cut_between_words_and_surrogates_replaced() -> None:
    parts = split_docstring("Do the thing that is asked \ud800.\n\n" + "verylong " * 2000)
    assert parts is not None
    assert len(parts.rest) <= MOST_CHARACTERS
    assert parts.rest.endswith("verylong")
    parts.summary.encode()
