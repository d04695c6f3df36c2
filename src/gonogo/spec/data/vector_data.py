"""Where vectors come from: encoded texts, or a file that somebody else made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gonogo.spec.base import HASHED_AS_BANK, HASHED_AS_FILE, HASHED_AS_MANIFEST, Spec
from gonogo.spec.data.text_data import DataSpec


class VectorFile(Spec):
    """Vectors in a file: ``.npy``, a key of an ``.npz``, or a list column of a parquet table."""

    kind: Literal["vectors"] = "vectors"
    path: Annotated[str, Field(json_schema_extra=HASHED_AS_FILE)]
    """The file; a relative one is looked up like a data folder."""
    key: str = "vectors"
    """Key of an ``.npz``, or column of a parquet table."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return Path(self.path).stem


def _expand(value: Any) -> Any:
    if isinstance(value, str) and Path(value).suffix in (".npy", ".npz", ".parquet"):
        return {"kind": "vectors", "path": value}
    return value


CorpusSpec = Annotated[
    VectorFile | DataSpec,
    BeforeValidator(_expand, json_schema_input_type=str | dict[str, Any]),
]
"""A corpus as vectors: a data set, whose documents the model's backbone encodes, or a file."""


class PairsOfVectors(Spec, ABC):
    """What contexts and targets have; code outside of their source asks this alone."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the name used in tables and file names."""

    @abstractmethod
    def wrong_beside(self, learned: PairsOfVectors) -> tuple[str, str] | None:
        """Say what sets these apart from pairs that a model learned from, if their text is alike.

        Returns:
            What is wrong and a way out; None if these may be scored.
        """


class PairsData(PairsOfVectors):
    """A folder of contexts and targets over a bank of vectors, as ``gonogo data pairs`` writes."""

    kind: Literal["pairs"] = "pairs"
    folder: Annotated[str, Field(json_schema_extra=HASHED_AS_MANIFEST)]
    """The folder; a relative one is looked up like a data folder."""
    bank: Annotated[str | None, Field(json_schema_extra=HASHED_AS_BANK)] = None
    """The bank, where it is not the one that lies where the pairs were made: that bank moved, or a
    copy of it row for row, as ``gonogo data whiten`` writes. Looked up like a data folder."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return Path(self.folder).name

    def wrong_beside(self, learned: PairsOfVectors) -> tuple[str, str] | None:
        """Say so if the same pairs stand on another bank here."""
        if not isinstance(learned, PairsData) or self.folder != learned.folder:
            return None
        if self.bank == learned.bank:
            return None
        banks = f"the bank is {_named(self.bank)} here, but {_named(learned.bank)} in training"
        return banks, "a tower knows the vectors that it learned from: give both the same bank"


def _named(bank: str | None) -> str:
    return "that of the pairs" if bank is None else repr(bank)
