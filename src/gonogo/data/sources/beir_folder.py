"""A BEIR folder that somebody else made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gonogo.core.progress import Progress
from gonogo.core.types import Split
from gonogo.data.files.places import find_folder
from gonogo.data.judged.beir import first_split
from gonogo.data.judged.cached import beir_fingerprint
from gonogo.data.sources.source import Source
from gonogo.spec.data.text_data import BeirData


@dataclass(frozen=True)
class BeirSource(Source):
    """A folder, named by a path or looked up in the data folders."""

    spec: BeirData

    def folder(
        self,
        split: Split,  # noqa: ARG002
        *,
        fetch: bool = True,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Path:
        """Return the folder, which is that of all splits."""
        return find_folder(self.spec.folder, beside=self.beside)

    def content(self, split: Split, *, fetch: bool = True) -> str:  # noqa: ARG002
        """Return the hash of the files, kept beside what they were when it was taken."""
        return beir_fingerprint(self.folder(split), split, self.spec.name)

    def corpus_split(self, otherwise: Split = "train") -> Split:
        """Return the split that stands for the corpus: all have the same documents."""
        return self.spec.split or first_split(self.folder(otherwise))

    def place(self) -> tuple[str, ...]:
        """Return the parts of the folder's whole path."""
        return find_folder(self.spec.folder, beside=self.beside).resolve().parts[1:]

    def settled(self) -> BeirData:
        """Return the same data with the whole path of its folder."""
        found = find_folder(self.spec.folder, beside=self.beside).resolve()
        return self.spec.model_copy(update={"folder": str(found)})
