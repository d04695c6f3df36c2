"""Files of vectors: mapped, not loaded; lengths and digests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gonogo.core.errors import UserError
from gonogo.data.vectors.vectors import (
    check_vectors,
    map_npy,
    map_npz,
    npz_keys,
    row_digests,
    unit_length,
)


def test_an_array_inside_an_npz_file_is_mapped_not_loaded(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float16)
    np.savez(tmp_path / "plain.npz", other=np.arange(3), vectors=vectors)
    np.savez_compressed(tmp_path / "small.npz", vectors=vectors)
    mapped = map_npz(tmp_path / "plain.npz", "vectors")
    assert isinstance(mapped, np.memmap)
    np.testing.assert_array_equal(mapped, vectors)
    np.testing.assert_array_equal(map_npz(tmp_path / "small.npz", "vectors"), vectors)
    assert npz_keys(tmp_path / "plain.npz") == {"other", "vectors"}


def test_column_major_and_empty_arrays_read_back(tmp_path):
    values = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    np.savez(tmp_path / "f.npz", values=values, none=np.zeros((0, 4)))
    np.testing.assert_array_equal(map_npz(tmp_path / "f.npz", "values"), values)
    assert map_npz(tmp_path / "f.npz", "none").shape == (0, 4)


def test_pickled_objects_are_refused(tmp_path):
    texts = np.array(["a", "bc"], dtype=object)
    np.savez(tmp_path / "o.npz", texts=texts)
    np.savez_compressed(tmp_path / "c.npz", texts=texts)
    np.save(tmp_path / "o.npy", texts)
    for name in ("o.npz", "c.npz"):
        with pytest.raises(UserError, match="dtype=str"):
            map_npz(tmp_path / name, "texts")
    with pytest.raises(UserError, match="not a readable"):
        map_npy(tmp_path / "o.npy")


def test_missing_files_and_arrays_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    (tmp_path / "junk.npz").write_bytes(b"junk")
    with pytest.raises(UserError, match=r"no array 'vectors'.*found x"):
        map_npz(tmp_path / "a.npz", "vectors")
    for name, told in (("none.npz", "no such file"), ("junk.npz", "not a readable")):
        with pytest.raises(UserError, match=told):
            npz_keys(tmp_path / name)
    for wrong in (np.zeros((2, 3), np.int64), np.zeros(3), np.zeros((0, 3))):
        with pytest.raises(UserError, match="expected a matrix"):
            check_vectors(wrong, tmp_path)


@settings(deadline=None, max_examples=30)
@given(arrays(np.float32, (4, 3), elements=st.floats(-1000, 1000, width=32)))
def test_rows_come_to_length_one_and_zeros_stay(vectors):
    lengths = np.linalg.norm(unit_length(vectors).astype(np.float64), axis=1)
    zero = np.linalg.norm(vectors, axis=1) == 0
    np.testing.assert_allclose(lengths, np.where(zero, 0, 1), atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    arrays(np.float16, (12, 2), elements=st.sampled_from([0.0, -0.0, 1.0, 0.5])),
    st.integers(1, 13),
)
def test_digests_are_equal_exactly_where_rows_are(vectors, block):
    digests = row_digests(vectors, block)
    for left in range(12):
        for right in range(12):
            same = bool((vectors[left] == vectors[right]).all())  # -0 == 0
            assert (digests[left] == digests[right]) == same
