import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.objectives.false_negatives import drop_false_negatives, dropped_ratio
from gonogo.objectives.neighbour_distillation import neighbour_distillation

COSINES = torch.tensor([[0.9, 0.8, 0.3, 0.81], [0.1, 0.2, 0.95, 0.4]], dtype=torch.float64)
ALL = torch.ones(2, 4, dtype=torch.bool)


def test_threshold_by_hand_row_by_row():
    after = drop_false_negatives(COSINES, ALL, "threshold", threshold=0.8)
    assert after.int().tolist() == [[0, 1, 1, 0], [1, 1, 0, 1]]  # 0.8 itself stays
    assert dropped_ratio(ALL, after).item() == pytest.approx(3 / 8)


def test_one_row_never_costs_another_its_columns():
    cosines = torch.full((2, 50), 0.1)
    cosines[0] = 0.99
    kept = torch.ones(2, 50, dtype=torch.bool)
    after = drop_false_negatives(cosines, kept, "threshold")
    assert after.sum(dim=1).tolist() == [0, 50]


def test_top_percent_counts_what_the_row_has_left():
    cosines = torch.linspace(-1, 1, 100).expand(2, 100).clone()
    kept = torch.ones(2, 100, dtype=torch.bool)
    kept[1, 50:] = False  # the nearest left is column 49, and 2 % of 50 is one
    after = drop_false_negatives(cosines, kept, "top_percent", percent=2.0)
    assert (~after[0]).nonzero().flatten().tolist() == [98, 99]
    assert (kept[1] & ~after[1]).nonzero().flatten().tolist() == [49]
    assert dropped_ratio(kept, after).item() == pytest.approx(3 / 150)


@pytest.mark.parametrize(("percent", "dropped"), [(0.0, 0), (1.9, 0), (2.0, 1), (100.0, 50)])
def test_top_percent_rounds_down_but_not_below_what_it_says(percent, dropped):
    cosines, kept = torch.rand(1, 50), torch.ones(1, 50, dtype=torch.bool)
    after = drop_false_negatives(cosines, kept, "top_percent", percent=percent)
    assert (~after).sum() == dropped


def test_none_drops_nothing_and_wrong_percentages_are_told():
    assert drop_false_negatives(COSINES, ALL, "none") is ALL
    with pytest.raises(ValueError, match="102"):
        drop_false_negatives(COSINES, ALL, "top_percent", percent=102.0)


def test_all_filtered_is_a_ratio_of_one_and_the_loss_keeps_the_positives():
    after = drop_false_negatives(COSINES, ALL, "threshold", threshold=-1.0)
    assert dropped_ratio(ALL, after).item() == 1.0
    assert dropped_ratio(after, after).item() == 0.0  # nothing left to drop
    neighbours = torch.tensor([[0.9, 0.5], [0.8, 0.1]], dtype=torch.float64)
    teacher = torch.cat([neighbours, COSINES], dim=1)
    loss = neighbour_distillation(teacher, teacher.flip(1), after, temperature=0.07)
    assert 0 < loss.item() < float("inf")


@settings(deadline=None, max_examples=40)
@given(
    mode=st.sampled_from(["threshold", "top_percent", "none"]),
    seed=st.integers(0, 999),
    level=st.floats(0, 1),
)
def test_never_brings_a_column_back_and_drops_the_nearest_first(mode, seed, level):
    draws = torch.Generator().manual_seed(seed)
    cosines = 2 * torch.rand(5, 12, generator=draws) - 1
    kept = torch.rand(5, 12, generator=draws) < 0.7
    after = drop_false_negatives(cosines, kept, mode, threshold=level, percent=100 * level)
    assert not (after & ~kept).any()
    for i in range(5):
        gone, stays = cosines[i][kept[i] & ~after[i]], cosines[i][after[i]]
        if len(gone) and len(stays):
            assert gone.min() >= stays.max()
        if mode == "top_percent":
            assert len(gone) == int(int(kept[i].sum()) * level + 1e-9)
