"""Rows of a summary from their seeds, and the best and the averages from the rows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.analysis.records.run_table import (
    GRAVEST,
    Run,
    RunStatus,
    SeedOfRun,
    gravest,
    make_run,
    make_run_table,
)

MEASURED = ("recall", "ndcg")


def seed(number: int, status: RunStatus = "success", **figures: float | None) -> SeedOfRun:
    return SeedOfRun(seed=number, status=status, figures=figures)


def run(name: str, *seeds: SeedOfRun) -> Run:
    return make_run(name, f"id_{name}", {"tau": 0.07}, seeds, MEASURED)


def test_mean_and_sample_standard_deviation_by_hand() -> None:
    found = run("a", seed(0, recall=0.5, ndcg=0.1), seed(1, recall=0.7, ndcg=0.3))
    assert found.values == {"tau": 0.07, "recall": pytest.approx(0.6), "ndcg": pytest.approx(0.2)}
    assert found.stds["recall"] == pytest.approx(0.02**0.5)
    assert run("b", seed(0, recall=0.5)).stds == {}


def test_a_figure_that_one_seed_lacks_is_no_mean() -> None:
    found = run("a", seed(0, recall=0.5, ndcg=None), seed(1, recall=0.7, ndcg=0.3))
    assert found.values["ndcg"] is None
    assert found.values["recall"] == pytest.approx(0.6)


@pytest.mark.parametrize("status", [status for status in GRAVEST if status != "success"])
def test_a_run_is_a_success_only_if_all_its_seeds_are(status: RunStatus) -> None:
    found = run("a", seed(0, recall=0.5), seed(1, status))
    assert found.status == status
    assert found.values["recall"] is None
    assert found.stds == {}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(GRAVEST), min_size=1, max_size=5))
def test_the_gravest_status_counts_in_any_order(statuses: list[RunStatus]) -> None:
    assert len({gravest(order) for order in itertools.permutations(statuses)}) == 1
    assert gravest(statuses) in statuses


def test_the_best_three_and_averages_leave_out_what_failed() -> None:
    values = {"a": 0.2, "b": 0.9, "c": 0.4, "d": 0.9}
    runs = [run(name, seed(0, recall=value)) for name, value in values.items()]
    runs.append(run("broken", seed(0, "failed", recall=1.0)))
    found = make_run_table(("tau", *MEASURED), MEASURED, "recall", runs)
    assert found.best == ("b", "d", "c")
    assert found.averages == {"recall": pytest.approx(0.6)}
    assert make_run_table((), MEASURED, None, runs).best == ()
