"""A bank and its pairs as a study names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_sequences import write_sequences

from gonogo.core.errors import UserError
from gonogo.data.next_vector.next_vectors import count_validation_pairs, open_next_vectors


def test_the_queries_of_pairs_are_counted_without_opening_them(tmp_path: Path) -> None:
    folder = write_sequences(tmp_path)
    counted = count_validation_pairs(folder.name, beside=tmp_path)
    assert counted == len(open_next_vectors(str(folder)).validation) > 0
    (folder / "pairs.parquet").unlink()
    assert count_validation_pairs(folder.name, beside=tmp_path) == counted
    with pytest.raises(UserError, match="no data folder 'elsewhere'"):
        count_validation_pairs("elsewhere", beside=tmp_path)
