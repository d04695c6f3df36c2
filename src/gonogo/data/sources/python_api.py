"""API documentation of installed packages as a retrieval data set that needs no download.

Query: the first sentence of a docstring. Relevant document: qualified name, signature and the
rest of the docstring, without that sentence. What is decided here, and why:

* A summary that stands more than once in a package is ambiguous: none of its names is used.
* A document whose text after its first line equals an earlier one is a copy and is left out.
* Names whose docstring is only a summary are left out: their document would be a bare signature.
* Modules, not names, are split into train, dev and test by a hash of the module's name, and the
  corpus of a split holds only documents of its own modules. So no test document is seen in
  training, and a module stays on its side when a package is upgraded.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint
from gonogo.core.progress import Progress
from gonogo.core.seeds import derive_seed
from gonogo.core.types import Split
from gonogo.data.judged.cached import cached_split
from gonogo.data.judged.datasets import Corpus, RetrievalDataset
from gonogo.data.sources.python_api_docs import documented
from gonogo.data.sources.python_api_sources import Package, find_package
from gonogo.data.sources.python_api_text import split_docstring
from gonogo.data.sources.source import Source
from gonogo.spec.data.text_data import PythonApiData

_BUILDER = 2  # raised when the same sources would give other pairs
_SHARES: tuple[tuple[Split, int], ...] = (("test", 25), ("dev", 10), ("train", 65))


@dataclass(frozen=True)
class PythonApiSource(Source):
    """The documentation of an installed package, which is never fetched."""

    spec: PythonApiData

    def folder(
        self,
        split: Split,
        *,
        fetch: bool = True,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Path:
        """Return the cached folder of a split."""
        return python_api_folder(self.spec.package, split)


@dataclass(frozen=True, slots=True)
class ApiPair:
    """One name of an API: the module that defines it, its summary and its document."""

    name: str
    module: str
    query: str
    heading: str
    rest: str


def python_api_folder(package: str, split: Split) -> Path:
    """Return the cached BEIR folder of one split, built from the package's sources if need be.

    Raises:
        UserError: if the package is not installed, or too small to have this split.
    """
    found = find_package(package)
    sizes = [(module, size) for module, _, size in found.modules]
    key = {
        "package": package,
        "version": found.version,
        "sources": fingerprint(sizes),
        "python": list(sys.version_info[:2]),  # syntax trees are written out differently
        "builder": _BUILDER,
    }
    folder = cached_split("python-api", key, split, lambda: _build(found))
    if folder is None:
        raise UserError(
            f"the API documentation of {package!r} is too small to have a {split} split",
            hint="choose a larger package, such as stdlib, numpy, scipy or torch",
        )
    return folder


def _build(package: Package) -> list[RetrievalDataset]:
    by_split: dict[str, list[ApiPair]] = {}
    for pair in unambiguous(list(api_pairs(package))):
        by_split.setdefault(split_of(pair.module), []).append(pair)
    return [
        _dataset(f"python-api/{package.name}", split, by_split[split])
        for split in get_args(Split)
        if split in by_split
    ]


def api_pairs(package: Package) -> Iterator[ApiPair]:
    """Yield every usable pair of a package, in order of modules and names, each name once."""
    seen: set[str] = set()
    for module, path, _ in package.modules:
        for entry in documented(module, path):
            parts = None if entry.name in seen else split_docstring(entry.docstring)
            if parts is None:
                continue
            seen.add(entry.name)
            heading = parts.signature or f"{entry.name}{entry.signature}"
            if entry.name not in heading:
                heading = f"{entry.name} {heading}"
            yield ApiPair(entry.name, module, parts.summary, heading, parts.rest)


def unambiguous(pairs: list[ApiPair]) -> list[ApiPair]:
    """Leave out copies of a document, then pairs whose query is not theirs alone."""
    originals: dict[str, ApiPair] = {}
    for pair in pairs:
        originals.setdefault(" ".join(pair.rest.split()), pair)
    count = Counter(pair.query.casefold() for pair in originals.values())
    return [pair for pair in originals.values() if count[pair.query.casefold()] == 1]


def split_of(module: str) -> Split:
    """Return the side of a module, by its name alone; a stdlib package counts as one module."""
    top = module.split(".")[0]
    unit = top if top in sys.stdlib_module_names else module
    drawn = derive_seed(0, "python-api split", unit) % 100
    for split, share in _SHARES:
        if drawn < share:
            return split
        drawn -= share
    raise AssertionError("shares do not add up to 100")


def _dataset(name: str, split: str, pairs: list[ApiPair]) -> RetrievalDataset:
    return RetrievalDataset(
        name=name,
        split=split,
        corpus=Corpus(
            tuple(pair.name for pair in pairs),
            tuple(f"{pair.heading}\n{pair.rest}" for pair in pairs),
        ),
        queries={f"q:{pair.name}": pair.query for pair in pairs},
        qrels={f"q:{pair.name}": {pair.name: 1} for pair in pairs},
    )
