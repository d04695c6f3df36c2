from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gonogo.analysis.estimates.arm_scores import arm_scores
from gonogo.analysis.estimates.estimates import mean_estimate
from gonogo.analysis.estimates.group_means import group_means, shared_datasets
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.tables.scores import ScoreTable, pivot
from gonogo.data.files.score_table import SCHEMA

Values = dict[tuple[str, int | None, str], list[float]]


def table(values: Values) -> ScoreTable:
    rows = [
        (arm, seed, "embed", dataset, "nDCG@10", f"q{place}", value)
        for (arm, seed, dataset), row in values.items()
        for place, value in enumerate(row)
    ]
    return pivot(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


TWO = table(
    {
        ("a", 1, "in"): [0.1, 0.3],
        ("a", 2, "in"): [0.3, 0.5],
        ("a", 1, "out"): [0.6],
        ("a", 2, "out"): [0.8],
        ("a", 1, "only a"): [1.0],
        ("a", 2, "only a"): [1.0],
        ("bm25", None, "in"): [0.0, 0.2],
        ("bm25", None, "out"): [0.5],
    }
)
EXPECTED = Expected(arms={"a": ("embed",)}, references=("bm25",))


def test_means_by_hand_and_the_sets_that_they_are_over() -> None:
    means = {(m.arm, m.group): m for m in group_means(TWO, EXPECTED, ["in"])}
    values = {key: mean.mean for key, mean in means.items()}
    assert values == pytest.approx(
        {
            ("a", "all"): (0.3 + 0.7) / 2,
            ("bm25", "all"): (0.1 + 0.5) / 2,
            ("a", "in domain"): 0.3,
            ("bm25", "in domain"): 0.1,
            ("a", "out of domain"): 0.7,
            ("bm25", "out of domain"): 0.5,
        }
    )
    # pitfall: an average over sets that only some rows have; "only a" must be in nobody's
    assert means["a", "all"].datasets == ("in", "out")
    assert means["a", "out of domain"].datasets == ("out",)
    assert means["a", "all"].seeds == 2


def test_without_in_domain_sets_there_is_one_group() -> None:
    assert {mean.group for mean in group_means(TWO, EXPECTED, ())} == {"all"}
    assert {mean.group for mean in group_means(TWO, EXPECTED, ["elsewhere"])} == {"all"}


def test_no_shared_set_no_mean() -> None:
    apart = table({("a", 1, "x"): [0.5], ("b", 1, "y"): [0.5]})
    assert group_means(apart, Expected(), ()) == ()
    assert shared_datasets(apart, "embed", "nDCG@10") == ()


def test_the_interval_is_that_of_the_mean_over_seeds_and_queries() -> None:
    rng = np.random.default_rng(0)
    values = {name: rng.uniform(0, 1, (3, 20)) for name in ("x", "y")}
    rows = {("a", seed, name): values[name][seed].tolist() for name in values for seed in range(3)}
    [mean] = group_means(table(rows), Expected(), ())
    expected = mean_estimate([values["x"], values["y"]]).interval
    assert expected is not None
    assert mean.interval is not None
    assert (mean.interval.low, mean.interval.high) == pytest.approx((expected.low, expected.high))
    assert mean.interval.method == "seeds x queries"


def test_a_hole_leaves_a_mean_without_an_interval() -> None:
    rows: Values = {("a", 1, "x"): [0.5, float("nan"), 0.4], ("a", 2, "x"): [0.5, 0.1, 0.4]}
    scores, _ = arm_scores(table(rows), Expected())
    assert [score.interval for score in scores] == [None, None]
    assert scores[0].mean == pytest.approx((0.45 + 1 / 3) / 2)
