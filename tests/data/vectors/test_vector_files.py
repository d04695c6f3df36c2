import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gonogo.core.errors import UserError
from gonogo.data.vectors.vector_files import read_vectors, write_array

ROWS = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]], np.float32)


def parquet(path, rows, kind=None):
    column = pa.array(rows, type=kind or pa.list_(pa.float32()))
    pq.write_table(pa.table({"vectors": column, "name": ["a"] * len(rows)}), path)
    return path


def test_every_form_gives_the_same_vectors(tmp_path):
    np.save(tmp_path / "a.npy", ROWS)
    np.savez(tmp_path / "a.npz", vectors=ROWS, other=ROWS * 2)
    np.savez_compressed(tmp_path / "b.npz", vectors=ROWS)
    parquet(tmp_path / "a.parquet", ROWS.tolist())
    parquet(tmp_path / "b.parquet", ROWS.tolist(), pa.list_(pa.float32(), 2))
    parquet(tmp_path / "c.parquet", ROWS.tolist(), pa.large_list(pa.float64()))
    for name in ("a.npy", "a.npz", "b.npz", "a.parquet", "b.parquet", "c.parquet"):
        assert np.array_equal(read_vectors(tmp_path / name), ROWS), name
    assert np.array_equal(read_vectors(tmp_path / "a.npz", "other"), ROWS * 2)


def test_files_are_mapped_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", ROWS)
    np.savez(tmp_path / "a.npz", vectors=ROWS)
    assert isinstance(read_vectors(tmp_path / "a.npy"), np.memmap)
    assert isinstance(read_vectors(tmp_path / "a.npz"), np.memmap)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (np.nan, "row 1: a value is not finite"),
        (np.inf, "row 1: a value is not finite"),
        (0.0, "row 1: the vector has length 0"),
    ],
)
def test_rows_without_a_cosine_are_named(tmp_path, bad, what):
    rows = ROWS.copy()
    rows[1] = bad
    np.save(tmp_path / "a.npy", rows)
    with pytest.raises(UserError, match=what):
        read_vectors(tmp_path / "a.npy")


def test_wrong_files_are_told(tmp_path):
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2), np.float32))
    np.save(tmp_path / "objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    (tmp_path / "text.parquet").write_text("no parquet")
    np.savez(tmp_path / "a.npz", other=ROWS)
    for name, what in {
        "absent.npy": "no such file",
        "absent.parquet": "no such file",
        "cube.npy": r"found float32 \(2, 2, 2\)",
        "objects.npy": "not a readable",
        "text.parquet": "not a readable parquet file",
        "a.npz": r"no array 'vectors' \(found other\)",
    }.items():
        with pytest.raises(UserError, match=what):
            read_vectors(tmp_path / name)


def test_columns_must_be_lists_of_one_length(tmp_path):
    path = parquet(tmp_path / "a.parquet", [[1.0, 2.0], [1.0], [3.0, 4.0]])
    with pytest.raises(UserError, match="vectors, row 1: 1 numbers, but 2 in row 0"):
        read_vectors(path)
    path = parquet(tmp_path / "b.parquet", [[1.0, 2.0], None])
    with pytest.raises(UserError, match="vectors, row 1: the row is empty"):
        read_vectors(path)
    with pytest.raises(UserError, match="expected lists of numbers, found string"):
        read_vectors(path, "name")
    with pytest.raises(UserError, match="no column 'vector'"):
        read_vectors(path, "vector")


def test_an_array_is_written_whole(tmp_path):
    write_array(tmp_path / "deep" / "a.npy", ROWS)
    assert np.array_equal(np.load(tmp_path / "deep" / "a.npy"), ROWS)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.npy"]
