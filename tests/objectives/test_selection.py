import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.objectives.selection import largest


def test_by_hand_with_ties_masks_and_rows_of_their_own_count():
    values = torch.tensor([[1.0, 3.0, 3.0, 3.0], [9.0, 2.0, 1.0, 5.0], [1.0, 2.0, 3.0, 4.0]])
    kept = torch.tensor([[True] * 4, [False, True, True, False], [True] * 4])
    chosen = largest(values, kept, torch.tensor([2, 3, 0]))
    assert chosen.int().tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_nothing_to_choose_from_and_nan():
    none = largest(torch.zeros(2, 0), torch.ones(2, 0, dtype=torch.bool), torch.tensor([1, 1]))
    assert none.shape == (2, 0)
    values = torch.tensor([[math.nan, 0.1, 0.2]])
    chosen = largest(values, torch.ones(1, 3, dtype=torch.bool), torch.tensor([2]))
    assert chosen.tolist() == [[False, True, True]]


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 4), columns=st.integers(1, 7), seed=st.integers(0, 999))
def test_equals_a_stable_sort(rows, columns, seed):
    draws = torch.Generator().manual_seed(seed)
    values = torch.randint(0, 4, (rows, columns), generator=draws).float()
    kept = torch.rand(rows, columns, generator=draws) < 0.7
    count = torch.randint(0, columns + 2, (rows,), generator=draws)
    chosen = largest(values, kept, count)
    for i in range(rows):
        order = sorted(
            (j for j in range(columns) if kept[i, j]), key=lambda j: (-values[i, j].item(), j)
        )
        expected = sorted(order[: int(count[i])])
        assert chosen[i].nonzero().flatten().tolist() == expected
