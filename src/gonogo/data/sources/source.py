"""What is asked of a data set, whatever kind it is of: one object answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path

from gonogo.core.progress import Progress
from gonogo.core.types import Split
from gonogo.data.files.qrels import qrels_rows
from gonogo.data.judged.beir import beir_files, load_beir
from gonogo.data.judged.cached import cached_fingerprint
from gonogo.data.judged.datasets import Corpus, RetrievalDataset, whole_fingerprint
from gonogo.spec.data.text_data import JudgedTexts


@dataclass(frozen=True)
class Source(ABC):
    """A data set that a study names, as a BEIR folder: given, built, or fetched into the cache.

    Attributes:
        spec: what the study file says.
        beside: folder of the study file, where relative data folders are looked for first.
    """

    spec: JudgedTexts
    beside: Path | None = None

    @abstractmethod
    def folder(self, split: Split, *, fetch: bool = True, progress: Progress | None = None) -> Path:
        """Return the BEIR folder of a split, building or fetching it if it is not there.

        Args:
            split: the very split; one of the specification's own is not looked at here.
            fetch: fetch what is not on this machine.
            progress: shown how far that is.

        Raises:
            NotHereYetError: if it would have to be fetched and ``fetch`` is off.
            UserError: if it cannot be found or fetched.
        """

    def content(self, split: Split, *, fetch: bool = True) -> str:
        """Return the hash of a split's texts and judgements, without reading what is cached."""
        return cached_fingerprint(self.folder(split, fetch=fetch))

    def corpus_split(self, otherwise: Split = "train") -> Split:
        """Return the split that stands for the corpus: the specification's own, or this one."""
        return self.spec.split or otherwise

    def place(self) -> tuple[str, ...]:
        """Return the parts of the path of a folder that somebody else made; none if none did.

        Raises:
            UserError: if it is not there.
        """
        return ()

    def settled(self) -> JudgedTexts:
        """Return a specification that is equal for two names of one place."""
        return self.spec

    def dataset(self, split: Split) -> RetrievalDataset:
        """Load one split; one of the specification's own comes before it.

        Raises:
            UserError: if it cannot be found, fetched, or read.
        """
        split = self.spec.split or split
        found = load_beir(self.folder(split), split, self.spec.name)
        return replace(found, queries_are_documents=True) if self.spec.leaves_out_own else found

    def corpus(self, otherwise: Split = "train") -> Corpus:
        """Load the documents alone.

        Args:
            otherwise: whose documents, where splits differ in them and none is named.

        Raises:
            UserError: as :meth:`dataset`.
        """
        return self.dataset(self.corpus_split(otherwise)).corpus

    def fingerprint(self, split: Split, *, fetch: bool = True) -> str:
        """Return ``dataset(split).fingerprint``, without loading what was loaded before.

        Raises:
            NotHereYetError: if it would have to be fetched and ``fetch`` is off.
            UserError: as :meth:`dataset`.
        """
        content = self.content(self.spec.split or split, fetch=fetch)
        return whole_fingerprint(content, self.spec.leaves_out_own)

    def files(self, split: Split, *, fetch: bool = True) -> tuple[Path, Path, Path]:
        """Return the files of corpus, queries and judgements, plain or gzipped.

        Raises:
            NotHereYetError: if they would have to be fetched and ``fetch`` is off.
            UserError: as :meth:`dataset`.
        """
        split = self.spec.split or split
        return beir_files(self.folder(split, fetch=fetch), split)

    def count_queries(self, split: Split) -> int:
        """Return how many queries a split judges, from its judgements alone; fetches nothing.

        Raises:
            NotHereYetError: if it would have to be fetched.
            UserError: as :meth:`dataset`.
        """
        _, _, qrels = self.files(split, fetch=False)
        return len({query for _, query, _, _ in qrels_rows(qrels)})
