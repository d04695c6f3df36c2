from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from planted_verdicts import where

from gonogo.analysis.estimates.arm_scores import arm_scores
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.tables.scores import pivot


def rows(frame: pl.DataFrame, expected: Expected | None = None):
    found, warnings = arm_scores(pivot(frame), expected or Expected())
    return {(r.arm, r.task, r.dataset, r.metric): r for r in found}, warnings


def test_means_equal_an_independent_group_by(planted):
    frame = planted({("a", "embed"): 1.0, ("b", "embed"): 0.9}, seed_noise=0.02, query_noise=0.1)
    found, warnings = rows(frame)
    by_seed = frame.group_by("arm", "dataset", "seed").agg(pl.col("value").mean())
    for (arm, dataset), part in by_seed.group_by("arm", "dataset"):
        row = found[arm, "embed", dataset, "nDCG@10"]
        assert row.mean == pytest.approx(part["value"].mean())
        assert row.std == pytest.approx(part["value"].std(ddof=1))
        assert (row.seeds, row.queries) == (3, 40)
    whole = by_seed.group_by("arm", "seed").agg(pl.col("value").mean())
    for (arm,), part in whole.group_by("arm"):
        row = found[arm, "embed", None, "nDCG@10"]
        assert row.mean == pytest.approx(part["value"].mean())
        assert row.std == pytest.approx(part["value"].std(ddof=1))
        assert row.queries == 80
    assert not warnings


def test_datasets_weigh_alike_whatever_their_size(planted):
    small = planted({("a", "embed"): 1.0}, datasets=["small"], queries=2)
    large = planted({("a", "embed"): 0.5}, datasets=["large"], queries=200)
    found, _ = rows(pl.concat([small, large]))
    parts = [found["a", "embed", name, "nDCG@10"].mean for name in ("small", "large")]
    assert found["a", "embed", None, "nDCG@10"].mean == pytest.approx(np.mean(parts))


def test_means_use_only_datasets_that_all_rows_share_and_say_so(planted):
    frame = planted({("a", "embed"): 1.0, ("b", "embed"): 0.9})
    found, warnings = rows(frame.filter(~where(arm="b", dataset="bees")))
    assert found["a", "embed", None, "nDCG@10"].mean == found["a", "embed", "ants", "nDCG@10"].mean
    assert warnings == [
        "embed, nDCG@10: means over data sets leave out bees, which not every row has"
    ]


def test_no_shared_dataset_means_no_mean(planted):
    frame = planted({("a", "embed"): 1.0, ("b", "embed"): 0.9})
    split = frame.filter(where(arm="a", dataset="ants") | where(arm="b", dataset="bees"))
    found, warnings = rows(split)
    assert {key[2] for key in found} == {"ants", "bees"}
    assert "ants, bees" in warnings[0]


def test_references_and_off_task_arms_are_marked(planted):
    arm = planted({("a", "embed"): 1.0, ("a", "rerank"): 1.0})
    bm25 = planted({("bm25", "embed"): 0.5}, seeds=[None])
    found, _ = rows(
        pl.concat([arm, bm25]), Expected(arms={"a": ("embed",), "b": ("rerank",)}, seeds=(1, 2, 3))
    )
    assert found["bm25", "embed", "ants", "nDCG@10"].reference
    assert found["bm25", "embed", "ants", "nDCG@10"].seeds == 0
    assert found["bm25", "embed", "ants", "nDCG@10"].std is None
    assert found["a", "rerank", "ants", "nDCG@10"].off_task
    assert not found["a", "embed", "ants", "nDCG@10"].off_task
