"""Mining by vectors: equal to a plain double-precision reference, and what must never be mined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import ndarray

from gonogo.evaluation.mining import mining, mining_group
from gonogo.evaluation.mining.mining import Mined, MiningDrops, MiningRule, mine
from gonogo.evaluation.search.search import Found, search

ANY = MiningRule(count=3)


def unit(vectors: ndarray) -> ndarray:
    wide = vectors.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), 1e-300)


def bank_of(seed: int, count: int, dimension: int = 12) -> ndarray:
    """Return clustered vectors, so that near-duplicates and close cosines abound."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(2, count // 12), dimension))
    spread = random.choice([0.03, 0.3, 0.8], (count, 1))
    chosen = centres[random.integers(len(centres), size=count)]
    return (chosen + spread * random.standard_normal((count, dimension))).astype(np.float32)


def queries_of(seed: int, bank: ndarray, positives: list[list[int]], noise: float = 0.3) -> ndarray:
    random = np.random.default_rng(seed)
    near = bank[[rows[0] for rows in positives]]
    return (near + noise * random.standard_normal(near.shape)).astype(np.float32)


def reference(
    query: ndarray,
    bank: ndarray,
    positives: list[int],
    barred: set[int],
    rule: MiningRule,
) -> tuple[list[int], dict[str, int]]:
    """Walk down the window in double precision, one document after the other."""
    bank64, cosines = unit(bank), unit(bank) @ unit(query)
    high = rule.high
    if rule.relative_margin is not None:
        lowest = min(cosines[positives])
        high = min(high, lowest - abs(lowest) * rule.relative_margin)
    similar = (bank64[positives] @ bank64.T).max(axis=0)
    found: list[int] = []
    drops = dict.fromkeys(MiningDrops.__slots__, 0)
    drops["above_window"] = int((cosines > high).sum()) if rule.low <= high else 0
    inside = np.flatnonzero((cosines >= rule.low) & (cosines <= high))
    beyond, rank = len(bank) if rule.beyond is None else rule.beyond, 0
    for row in inside[np.argsort(-cosines[inside], kind="stable")].tolist():
        if len(found) == rule.count or rank >= beyond:
            break
        own = "positives" if row in positives else "barred" if row in barred else None
        if rank < rule.first:
            drops["above_window"] += 1
        elif own:
            drops[own] += 1
        elif rule.duplicate < 1 and similar[row] > rule.duplicate:
            drops["near_positive"] += 1
            drops["near_both"] += bool(cosines[row] > rule.duplicate)
        else:
            found.append(row)
        rank += own is None
    return found, drops


def rows_of(mined: Mined, number: int) -> list[int]:
    return mined.rows[number][mined.mask[number]].tolist()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 12),
    low=st.sampled_from([-np.inf, 0.2, 0.7]),
    high=st.sampled_from([np.inf, 0.95, 0.8]),
    relative=st.sampled_from([None, 0.05]),
    duplicate=st.sampled_from([0.98, 0.9, 2.0]),
    spare=st.sampled_from([1, 16]),
    ranks=st.sampled_from([(0, None), (0, 30), (7, 20), (3, None), (30, 30), (0, 0), (500, 700)]),
)
def test_equals_a_walk_in_double_precision(
    seed: int,
    count: int,
    low: float,
    high: float,
    relative: float | None,
    duplicate: float,
    spare: int,
    ranks: tuple[int, int | None],
) -> None:
    random = np.random.default_rng(seed)
    bank = bank_of(seed, 240)
    positives = [random.choice(240, size, False).tolist() for size in random.integers(1, 4, 30)]
    barred = [set(random.choice(240, 20, replace=False).tolist()) for _ in positives]
    queries = queries_of(seed + 1, bank, positives)
    first, beyond = ranks
    rule = MiningRule(count, low, high, relative, duplicate, first, beyond)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mining_group, "_SPARE", spare)
        patch.setattr(mining, "_GROUP", 13)
        mined = mine(queries, bank, positives, rule, barred=barred)
    total = MiningDrops.none()
    for number, query in enumerate(queries):
        found, drops = reference(query, bank, positives[number], barred[number], rule)
        total += MiningDrops(**drops)
        assert rows_of(mined, number) == found
    assert mined.drops == total
    filled = mined.cosines[mined.mask]
    assert ((filled >= np.float32(low)) & (filled <= np.float32(high))).all()
    assert (mined.cosines[~mined.mask] == -np.inf).all()
    assert (mined.rows[~mined.mask] == -1).all()


def circle(*degrees: float) -> ndarray:
    angles = np.deg2rad(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_worked_example() -> None:
    # cosines to the query at 0: 0.996, 0.985, 0.966, 0.940, 0.866, 0.707
    bank = circle(5, -10, 15, 20, 30, 45)
    mined = mine(circle(0), bank, [[2]], MiningRule(count=2, low=0.8, high=0.99))
    # 5 is above the window; 15 is the positive; 20 is 5 degrees (0.996) from it; -10 is 25 degrees
    assert rows_of(mined, 0) == [1, 4]
    assert mined.drops == MiningDrops(1, 1, 0, 1, 0)
    np.testing.assert_allclose(mined.cosines, np.cos(np.deg2rad([[10, 30]])), atol=1e-6)


def test_the_positive_is_never_its_own_negative() -> None:
    bank = bank_of(3, 100)
    positives = [[row] for row in range(100)]
    mined = mine(bank, bank, positives, MiningRule(count=5, duplicate=2.0), barred=positives)
    assert not (mined.rows == np.arange(100)[:, None]).any()
    assert (mined.drops.positives, mined.drops.barred) == (100, 0)  # counted once, as positives


def test_too_few_in_the_window_are_masked_and_the_fill_rate_tells() -> None:
    mined = mine(circle(0), circle(1, 40, 80), [[0]], MiningRule(count=4, low=0.5))
    np.testing.assert_array_equal(mined.rows, [[1, -1, -1, -1]])
    np.testing.assert_array_equal(mined.mask, [[True, False, False, False]])
    assert mined.fill_rate == 0.25


def test_an_empty_window_gives_nothing() -> None:
    mined = mine(circle(0, 3), circle(1, 40, 80), [[0], [0]], MiningRule(2, 0.9, 0.95))
    assert not mined.mask.any()
    assert mined.fill_rate == 0.0


def test_near_duplicates_of_the_positive_alone_and_of_both_are_told_apart() -> None:
    bank = circle(12, 2, 22, 90)  # the positive at 12 degrees; 2 is near both, 22 not to the query
    mined = mine(circle(0), bank, [[0]], ANY)
    assert rows_of(mined, 0) == [3]
    assert mined.drops.near_positive == 2
    assert mined.drops.near_both == 1


def test_a_margin_is_measured_from_the_farthest_positive() -> None:
    bank = circle(0, 60, 50, -70)
    rule = MiningRule(count=3, relative_margin=0.2, duplicate=2.0)  # at most 0.5 - 0.1
    assert rows_of(mine(circle(0), bank, [[0, 1]], rule), 0) == [3]
    assert rows_of(mine(circle(0), bank, [[0]], rule), 0) == [2, 1, 3]


def test_a_relative_margin_below_a_negative_cosine_lies_below_it() -> None:
    bank = circle(120, 110, 130)  # the positive's cosine is -0.5
    rule = MiningRule(count=3, relative_margin=0.1, duplicate=2.0)  # at most -0.55
    assert rows_of(mine(circle(0), bank, [[0]], rule), 0) == [2]


def test_negatives_follow_their_sample_through_every_shuffle() -> None:
    bank = bank_of(5, 300)
    positives = [[row] for row in range(0, 200, 2)]
    queries, ids = queries_of(6, bank, positives), np.arange(1000, 1100)
    mined = mine(queries, bank, positives, ANY, ids=ids)
    order = np.random.default_rng(7).permutation(100)
    shuffled = mine(queries[order], bank, [positives[at] for at in order], ANY, ids=ids[order])
    batch = np.random.default_rng(8).permutation(ids)[:32]
    np.testing.assert_array_equal(mined.of(batch), shuffled.of(batch))
    np.testing.assert_array_equal(mined.rows, shuffled.rows)
    for sample, found in zip(batch.tolist(), mined.of(batch).tolist(), strict=True):
        assert positives[sample - 1000][0] not in found
        assert found == mined.rows[sample - 1000].tolist()


def test_a_sample_that_was_not_mined_is_an_error() -> None:
    mined = mine(circle(0, 1), circle(1, 40, 80), [[0], [0]], ANY, ids=np.array([9, 4]))
    for unknown in (3, 5, 10):
        with pytest.raises(KeyError, match=f"sample {unknown}"):
            mined.of(np.array([4, unknown]))


def test_a_memory_mapped_half_precision_bank(tmp_path: Path) -> None:
    bank = bank_of(9, 200).astype(np.float16)
    np.save(tmp_path / "bank.npy", bank)
    positives = [[row] for row in range(20)]
    queries = queries_of(10, bank.astype(np.float32), positives)
    mapped = mine(queries, np.load(tmp_path / "bank.npy", mmap_mode="r"), positives, ANY)
    whole = mine(queries, bank.astype(np.float32), positives, ANY)
    np.testing.assert_array_equal(mapped.rows, whole.rows)
    np.testing.assert_array_equal(mapped.cosines, whole.cosines)


@pytest.mark.parametrize("copies", [15, 60, 500])
def test_copies_of_the_positive_never_hide_what_lies_behind_them(copies: int) -> None:
    near = np.linspace(-1, 1, copies)  # degrees about the positive: cosines above 0.9993
    bank = circle(0, *near, 20, 30, 40)
    rule = MiningRule(count=2, first=0, beyond=len(bank))
    mined = mine(circle(0.1), bank, [[0]], rule)
    assert rows_of(mined, 0) == [copies + 1, copies + 2]
    assert mined.drops == MiningDrops(0, 1, 0, copies, copies)
    short = mine(circle(0.1), bank, [[0]], MiningRule(count=2, first=0, beyond=copies + 1))
    assert rows_of(short, 0) == [copies + 1]
    assert short.drops == mined.drops


def test_a_window_of_ranks_counts_only_what_may_be_a_negative() -> None:
    bank = circle(0, 10, 20, 30, 40, 50, 60, 70)
    # 0 is the positive, 20, 50 and 70 are barred: 10, 30, 40, 60 have the ranks 0 to 3
    rule = MiningRule(count=3, first=1, beyond=3, duplicate=2.0)
    mined = mine(circle(0), bank, [[0]], rule, barred=[[2, 5, 7]])
    assert rows_of(mined, 0) == [3, 4]
    # 0 and 10 above it; 20 comes after rank 0, 50 after rank 2 and so beyond it, as 60 and 70
    assert mined.drops == MiningDrops(2, 0, 1, 0, 0)


def test_a_long_context_around_the_query_takes_one_pass_over_the_bank(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def counted(queries: ndarray, *rest: Any, **filters: Any) -> Found:
        asked.append(len(queries))
        return search(queries, *rest, **filters)

    monkeypatch.setattr(mining_group, "search", counted)
    bank = circle(*np.linspace(-5, 5, 101), 20, 30, 40)
    mined = mine(circle(0.1), bank, [[50]], ANY, barred=[range(101)])
    assert rows_of(mined, 0) == [101, 102, 103]
    assert mined.drops == MiningDrops(0, 1, 100, 0, 0)
    assert asked == [1]


def test_no_pairs() -> None:
    mined = mine(np.empty((0, 2), np.float32), circle(0), [], ANY)
    assert mined.rows.shape == (0, 3)
    assert mined.fill_rate == 1.0
    assert mined.of(np.array([], dtype=np.int64)).shape == (0, 3)


def test_wrong_input_is_refused() -> None:
    bank = circle(0, 10, 20)
    with pytest.raises(ValueError, match="cannot mine 0"):
        MiningRule(count=0)
    with pytest.raises(ValueError, match="no cosine lies between"):
        MiningRule(count=1, low=0.9, high=0.8)
    for first, beyond in ((5, 4), (-1, None)):
        with pytest.raises(ValueError, match=f"no ranks are {first} to {beyond}"):
            MiningRule(count=1, first=first, beyond=beyond)
    with pytest.raises(ValueError, match="1 queries, 2 positives"):
        mine(bank[:1], bank, [[0], [1]], ANY)
    for rows in ([], [3], [-1]):
        with pytest.raises(ValueError, match="of pair 0 are not in the bank"):
            mine(bank[:1], bank, [rows], ANY)
    with pytest.raises(ValueError, match="stands twice"):
        mine(bank[:2], bank, [[0], [1]], ANY, ids=np.array([4, 4]))
