"""Bounds of a gate's differences over all of an arm's runs."""

from __future__ import annotations

import numpy as np
import pytest

from gonogo.core.types import Ranking
from gonogo.evaluation.text.unjudged import difference_bounds
from gonogo.study.deciding.pair_bounds import Pair, PairBounds

PAIR = Pair("embed", "P@2", "old", "new")
QRELS = {"q": {"a": 1, "b": 0}}


def ranked(*documents: str) -> Ranking:
    return {"q": [(name, float(-rank)) for rank, name in enumerate(documents)]}


OLD, OTHER, NEW = ranked("b", "x", "a"), ranked("a", "b", "x"), ranked("a", "y", "b")


def test_bounds_are_means_over_seeds_then_data_sets() -> None:
    bounds = PairBounds([PAIR])
    for dataset, olds in (("one", {1: OLD, 2: OTHER}), ("two", {1: OTHER, 2: OTHER})):
        for seed, ranking in olds.items():
            bounds.add("old", seed, "embed", dataset, ranking, QRELS)
            bounds.add("new", seed, "embed", dataset, NEW, QRELS)
    [found] = bounds.found()
    alone = {
        key: difference_bounds(ranking, NEW, QRELS, "P@2")
        for key, ranking in (("old", OLD), ("other", OTHER))
    }
    first = np.mean([alone["old"], alone["other"]], axis=0)
    wanted = np.mean([first, alone["other"]], axis=0)
    assert [found.low, found.value, found.high] == pytest.approx(wanted.tolist())
    assert found.low < found.value < found.high
    assert (found.task, found.reference, found.candidate) == ("embed", "old", "new")


def test_a_run_without_seed_stands_beside_all_of_the_others() -> None:
    bounds = PairBounds([PAIR])
    bounds.add("old", None, "embed", "one", OLD, QRELS)
    for seed in (1, 2):
        bounds.add("new", seed, "embed", "one", NEW, QRELS)
    [found] = bounds.found()
    assert found.value == pytest.approx(difference_bounds(OLD, NEW, QRELS, "P@2")[1])


def test_what_no_pair_asks_for_is_not_kept() -> None:
    bounds = PairBounds([PAIR])
    bounds.add("third", 1, "embed", "one", OLD, QRELS)
    bounds.add("old", 1, "rerank", "one", OLD, QRELS)
    assert not bounds.rankings
    bounds.add("old", 1, "embed", "one", OLD, QRELS)
    assert bounds.rankings["embed", "one", "old"][1] == {"q": OLD["q"][:2]}
    assert list(bounds.found()) == []  # the other side is not there


def test_a_measure_without_a_cutoff_keeps_whole_rankings() -> None:
    bounds = PairBounds([PAIR, Pair("embed", "AP", "old", "new")])
    bounds.add("old", 1, "embed", "one", OLD, QRELS)
    assert bounds.rankings["embed", "one", "old"][1] == OLD
