from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gonogo.core.errors import UserError
from gonogo.data.sources.given_vectors import given_vectors
from gonogo.spec.data.text_data import BeirData
from gonogo.spec.data.vector_data import VectorFile


def test_a_file_of_vectors_is_given_and_texts_are_not(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.float32).reshape(4, 3) + 1
    np.savez(tmp_path / "some.npz", mine=rows)
    given = given_vectors(VectorFile(path="some.npz", key="mine"), beside=tmp_path)
    assert given is not None
    assert (given.name, given.key, given.count()) == ("some", "mine", 4)
    assert np.array_equal(given.read(), rows)
    assert given_vectors(BeirData(folder="some")) is None


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        given_vectors(VectorFile(path="nowhere.npy"), beside=tmp_path)
