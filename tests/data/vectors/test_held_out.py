import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.data.vectors.held_out import hold_out


def vectors(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, 3)).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 60), data=st.data())
def test_parts_share_no_row_and_leave_none_out(count, data):
    held = data.draw(st.integers(0, count // 2))
    parts = hold_out(vectors(count), held)
    assert len(parts.validation) == held // 2
    assert len(parts.evaluation) == held - held // 2
    every = np.concatenate([parts.validation, parts.evaluation, parts.anchors])
    assert np.sort(every).tolist() == list(range(count))


def test_the_draw_depends_on_the_number_of_rows_alone():
    first, second = hold_out(vectors(50, seed=1), 10), hold_out(vectors(50, seed=2), 10)
    assert first.validation.tolist() == second.validation.tolist()
    assert first.evaluation.tolist() == second.evaluation.tolist()
    assert set(hold_out(vectors(51), 10).evaluation) != set(first.evaluation)


def test_a_copy_of_a_held_out_document_is_no_anchor():
    rows = vectors(40)
    held = int(hold_out(rows, 4).evaluation[0])
    copy = int(hold_out(rows, 4).anchors[7])
    rows[copy] = rows[held]
    parts = hold_out(rows, 4)
    assert copy not in parts.anchors
    assert len(parts.anchors) == 40 - 4 - 1


def test_half_of_the_corpus_at_most():
    with pytest.raises(UserError, match=r"21 held-out documents of a corpus of 40 \(hold out 20"):
        hold_out(vectors(40), 21)
