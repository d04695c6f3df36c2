"""Texts to embed for a look at a model's geometry: the same for every model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint
from gonogo.core.seeds import generator
from gonogo.core.types import Split
from gonogo.data.files.lines import read_lines, read_objects
from gonogo.data.judged.datasets import document_text
from gonogo.data.sources.evaluation_sets import EvaluationSet, evaluation_sets
from gonogo.data.sources.loading import load_dataset, open_source
from gonogo.spec.data.text_data import DataSpec


def probe_texts(source: str, count: int | None) -> tuple[str, list[str]]:
    """Return the name and the texts of a file or a data set.

    Args:
        source: a text file (one text a line), JSON lines with ``text`` (and ``title``), plain or
            gzipped, or a data set, whose corpus is taken.
        count: at most so many, drawn as :func:`chosen` does; None for all.

    Raises:
        UserError: if it is neither, stands for several sets, or holds fewer than two different
            texts.
    """
    path = Path(source).expanduser()
    if path.is_file():
        name, texts = path.name, _from_file(path)
    else:
        one = _single(source)
        corpora = [open_source(member).corpus("test") for member in one.members]
        name, texts = one.name, [text for corpus in corpora for text in corpus.texts]
    return name, chosen(texts, count, name)


def _single(source: str) -> EvaluationSet:
    """Return the one set that a name stands for."""
    found = evaluation_sets([source])
    if len(found) > 1:
        hint = f"name one of {', '.join(one.name for one in found)}"
        raise UserError(f"{source!r} is a list of {len(found)} data sets", place="texts", hint=hint)
    if found[0].unavailable:
        raise UserError(found[0].unavailable, place=source)
    return found[0]


def dataset_texts(spec: DataSpec, split: Split, count: int, beside: Path | None) -> list[str]:
    """Return some documents of a data set, drawn as :func:`chosen` does.

    Raises:
        UserError: if it cannot be read.
    """
    return chosen(load_dataset(spec, split, beside=beside).corpus.texts, count, spec.name)


def chosen(texts: Sequence[str], count: int | None, name: str) -> list[str]:
    """Return at most ``count`` distinct texts, the same on every machine and for every model.

    The draw depends on the set of texts alone; a smaller one is part of a larger one.

    Raises:
        UserError: if fewer than two are left.
    """
    distinct = sorted(set(texts))
    if len(distinct) < 2:
        raise UserError("fewer than two different texts have no geometry", file=name)
    if count is not None and count < len(distinct):
        order = generator(0, "probe_texts").permutation(len(distinct))[:count]
        distinct = [distinct[place] for place in sorted(order.tolist())]
    return distinct


def texts_fingerprint(texts: Sequence[str]) -> str:
    """Return a hash of texts in order."""
    return fingerprint(list(texts))


def _from_file(path: Path) -> list[str]:
    if ".json" not in "".join(path.suffixes):
        return [line.strip() for _, line in read_lines(path)]
    texts = []
    for number, row in read_objects(path):
        text = row.get("text")
        if not isinstance(text, str):
            raise UserError(
                "no 'text'", file=path, place=f"line {number}", hint=f"keys here: {', '.join(row)}"
            )
        texts.append(document_text(row.get("title"), text))
    return texts
