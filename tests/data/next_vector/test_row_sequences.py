"""Sequences of bank rows from both forms of file, and what is refused."""

import numpy as np
import pytest

from gonogo.core.errors import UserError
from gonogo.data.next_vector.row_sequences import read_row_sequences


def test_both_forms_read_alike(tmp_path):
    rows = np.array([[5, 3, 1, -1], [0, 2, 4, 6]])
    np.savez(tmp_path / "s.npz", sequences=rows, ids=np.array(["x", "y"]))
    (tmp_path / "s.jsonl").write_text(
        '{"id": "x", "rows": [5, 3, 1]}\n{"id": "y", "rows": [0,2,4,6]}\n'
    )
    for name in ("s.npz", "s.jsonl"):
        read = read_row_sequences(tmp_path / name, 7)
        assert read.articles.ids == ("x", "y")
        assert read.articles.starts.tolist() == [0, 3, 7]
        assert read.order.tolist() == [5, 3, 1, 0, 2, 4, 6]
    (tmp_path / "bare.jsonl").write_text("[1, 2]\n[3]\n")
    assert read_row_sequences(tmp_path / "bare.jsonl", 7).articles.ids == ("line 1", "line 2")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[1, 7]", "line 1: row 7 is not in the bank, which has 7"),
        ("[1, -1]", "row -1"),
        ("[1, 2.5]", "expected a list of rows"),
        ("[true]", "expected a list of rows"),
        ('{"id": 3}', "expected a list of rows"),
        ("[1", "not valid JSON"),
        ("", "no sequences"),
    ],
)
def test_wrong_lines_are_named(line, told, tmp_path):
    (tmp_path / "s.jsonl").write_text(line + "\n")
    with pytest.raises(UserError, match=told):
        read_row_sequences(tmp_path / "s.jsonl", 7)


def test_padding_in_the_middle_and_vectors_are_refused(tmp_path):
    np.savez(tmp_path / "m.npz", sequences=np.array([[1, -1, 2]]))
    with pytest.raises(UserError, match="sequence 0: row -1"):
        read_row_sequences(tmp_path / "m.npz", 7)
    np.savez(tmp_path / "v.npz", sequences=np.zeros((2, 3, 4)))
    with pytest.raises(UserError, match="give the file as the bank"):
        read_row_sequences(tmp_path / "v.npz", 7)
