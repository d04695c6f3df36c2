"""A corpus that is given as vectors, in a file that somebody else made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gonogo.data.files.places import find_file
from gonogo.data.vectors.vector_files import count_vectors, read_vectors
from gonogo.spec.data.text_data import JudgedTexts
from gonogo.spec.data.vector_data import CorpusSpec


@dataclass(frozen=True, slots=True)
class GivenVectors:
    """Vectors in a file.

    Attributes:
        name: used in tables and file names.
        path: the file.
        key: of an ``.npz``, or column of a parquet table.
    """

    name: str
    path: Path
    key: str

    def read(self) -> NDArray[np.floating]:
        """Open the vectors (n d), see :func:`read_vectors`."""
        return read_vectors(self.path, self.key)

    def count(self) -> int:
        """Return how many there are, by the file's header where its format has one."""
        return count_vectors(self.path, self.key)


def given_vectors(data: CorpusSpec, *, beside: Path | None = None) -> GivenVectors | None:
    """Return the vectors that a corpus is given as; None if its texts are to be encoded.

    Raises:
        UserError: if the file is not there.
    """
    if isinstance(data, JudgedTexts):
        return None
    return GivenVectors(data.name, find_file(data.path, beside=beside), data.key)
