"""Pairs of contexts and next vectors as a study names them: a folder, or running text."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import numpy as np

from gonogo.core.errors import NotHereYetError, UserError
from gonogo.core.files import cache_folder, fingerprint
from gonogo.core.version import __version__
from gonogo.data.files.manifest import MANIFEST, read_manifest
from gonogo.data.files.places import find_path
from gonogo.data.next_vector.article_copies import article_groups
from gonogo.data.next_vector.chunks import cut_articles
from gonogo.data.next_vector.next_vectors import (
    NextVectors,
    count_validation_pairs,
    open_next_vectors,
)
from gonogo.data.next_vector.pairs import PairSettings
from gonogo.data.next_vector.running_text import read_articles, text_files
from gonogo.data.next_vector.windows import Articles, WindowRule, split_articles
from gonogo.data.sources.package_text import PREFIX, package_text
from gonogo.data.weights import weights
from gonogo.data.weights.weights import file_hash
from gonogo.spec.data.running_text import PairsSpec, RunningTextPairs
from gonogo.spec.data.vector_data import PairsData, PairsOfVectors


@dataclass(frozen=True, slots=True)
class KeptPairs:
    """Where running text, and what is made of it, is kept.

    Attributes:
        sources: files or folders of running text.
        bank: folder of the bank, named by text, encoder and chunks.
        pairs: folder of the pairs, named by that and by how they are cut.
    """

    sources: tuple[Path, ...]
    bank: Path
    pairs: Path

    @property
    def made(self) -> bool:
        """Say whether both are there."""
        return (self.bank / MANIFEST).is_file() and (self.pairs / MANIFEST).is_file()


@dataclass(frozen=True, slots=True)
class Expected:
    """What running text will give, counted before anything is encoded.

    Attributes:
        documents: how many there are.
        chunks: vectors of the bank.
        pairs: windows at most; near-duplicates, which vectors tell, come off.
        validation: how many of them are of held-out documents.
    """

    documents: int
    chunks: int
    pairs: int
    validation: int


def text_sources(source: tuple[str, ...], beside: Path | None) -> tuple[Path, ...]:
    """Return the files and folders that a study's sources name.

    Raises:
        UserError: if one is nowhere, or a package is not installed.
    """
    return tuple(
        package_text(name.removeprefix(PREFIX))
        if name.startswith(PREFIX)
        else find_path(name, beside=beside)
        for name in source
    )


def text_digest(source: tuple[str, ...], beside: Path | None) -> str:
    """Return a hash of the content of running text, wherever it lies."""
    files = text_files(text_sources(source, beside))
    return fingerprint({name: file_hash(file) for name, file in files.items()})


def kept_pairs(
    spec: RunningTextPairs, *, beside: Path | None = None, download: bool = True
) -> KeptPairs:
    """Return where bank and pairs of running text are kept, or will be.

    Args:
        spec: sources, encoder, chunks, windows.
        beside: the folder of the study file, where sources are looked for first.
        download: fetch an encoder that is not on this machine; planning passes False.

    Raises:
        UserError: if sources or encoder are not to be had.
    """
    encoded = {
        "gonogo": __version__,
        "text": text_digest(spec.source, beside),
        "encoder": weights.fingerprint(spec.encoder, download=download),
        **spec.model_dump(include={"level", "longest"}),
    }
    cut = spec.model_dump(exclude={"kind", "source", "encoder", "level", "longest"})
    bank = cache_folder("banks") / fingerprint(encoded)
    pairs = cache_folder("pairs") / fingerprint([encoded, cut])
    return KeptPairs(text_sources(spec.source, beside), bank, pairs)


def pair_settings(spec: RunningTextPairs) -> PairSettings:
    """Return how the pairs of running text are cut."""
    rule = WindowRule(
        context=spec.context, stride=spec.stride, most=spec.max_per_document, least=spec.min_context
    )
    return PairSettings(
        rule=rule,
        target_pairs=spec.target_pairs,
        seed=spec.seed,
        validation=spec.validation,
        near_duplicate=spec.near_duplicate,
    )


@dataclass(frozen=True)
class PairsSource(ABC):
    """Pairs that a study names: one object answers for a kind of them.

    Attributes:
        spec: what the study file says.
        beside: folder of the study file, where relative folders are looked for first.
    """

    spec: PairsOfVectors
    beside: Path | None = None

    @abstractmethod
    def open(self) -> NextVectors:
        """Open bank and pairs.

        Raises:
            UserError: as :func:`open_next_vectors`; for running text of which no pairs were made.
        """

    @abstractmethod
    def count_queries(self) -> int:
        """Return how many held-out pairs there are; at most so many, if they are not made yet."""

    def to_make(self) -> str | None:
        """Return what a run will make of what is here, and how much of it; None for nothing.

        Raises:
            UserError: if it cannot be made.
        """
        return None


@dataclass(frozen=True)
class GivenPairs(PairsSource):
    """A folder of pairs."""

    spec: PairsData

    def open(self) -> NextVectors:
        """Open the folder and its bank."""
        return open_next_vectors(self.spec.folder, bank=self.spec.bank, beside=self.beside)

    def count_queries(self) -> int:
        """Return what the folder's manifest says."""
        return count_validation_pairs(self.spec.folder, beside=self.beside)


@dataclass(frozen=True)
class PairsOfText(PairsSource):
    """Pairs of running text, made on first use and kept in the cache folder."""

    spec: RunningTextPairs

    def open(self) -> NextVectors:
        """Open what a run has made."""
        kept = kept_pairs(self.spec, beside=self.beside)
        if not kept.made:
            raise UserError(
                f"no pairs of {self.spec.name} in the cache folder",
                file=kept.pairs,
                hint="gonogo run makes them; GONOGO_CACHE must be what it was then",
            )
        return open_next_vectors(str(kept.pairs))

    def count_queries(self) -> int:
        """Return what was made, or what will be at most."""
        kept = kept_pairs(self.spec, beside=self.beside, download=False)
        if kept.made:
            return int(read_manifest(kept.pairs, "pairs")["validation"])
        return expected_pairs(self.spec, beside=self.beside).validation

    def to_make(self) -> str | None:
        """Count chunks and pairs, unless they were made on this machine."""
        try:
            if kept_pairs(self.spec, beside=self.beside, download=False).made:
                return None
        except NotHereYetError:
            pass  # the encoder is told among what is missing
        found = expected_pairs(self.spec, beside=self.beside)
        return (
            f"{found.chunks:,} {self.spec.level}s of {found.documents:,} documents, encoded by"
            f" {self.spec.encoder}; at most {found.pairs:,} pairs, {found.validation:,} of them"
            " held out"
        )


def pairs_source(spec: PairsSpec, *, beside: Path | None = None) -> PairsSource:
    """Return the object that answers for pairs; nothing is read yet."""
    match spec:
        case PairsData():
            return GivenPairs(spec, beside)
        case RunningTextPairs():
            return PairsOfText(spec, beside)
        case _:
            assert_never(spec)


def open_pairs_data(data: PairsSpec, *, beside: Path | None = None) -> NextVectors:
    """Open bank and pairs that a study names, see :meth:`PairsSource.open`."""
    return pairs_source(data, beside=beside).open()


def count_queries_of_pairs(data: PairsSpec, *, beside: Path | None = None) -> int:
    """Return how many held-out pairs there are, see :meth:`PairsSource.count_queries`."""
    return pairs_source(data, beside=beside).count_queries()


def expected_pairs(spec: RunningTextPairs, *, beside: Path | None = None) -> Expected:
    """Count what running text will give; the split is the one that the pairs will have.

    Raises:
        UserError: if it is not to be had, or its documents are too few to split.
    """
    settings = pair_settings(spec)
    chunks = cut_articles(read_articles(text_sources(spec.source, beside)), spec.level)
    articles = Articles.from_rows(chunks.articles)
    # equal texts have equal vectors: copies of documents show before anything is encoded
    digests = np.array([_digest(text) for text in chunks.texts], dtype=np.uint64)
    groups = article_groups(digests, articles)
    shortest = settings.rule.shortest
    held_out = split_articles(articles, shortest, spec.seed, spec.validation, groups)
    windows = settings.rule.windows(articles.lengths)
    found = int(windows.sum())
    share = min(1.0, spec.target_pairs / max(found, 1))
    validation = round(share * int(windows[held_out].sum()))
    return Expected(len(articles.ids), len(chunks), round(share * found), validation)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
