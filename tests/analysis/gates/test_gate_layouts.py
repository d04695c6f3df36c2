"""What a gate's table says about clusters, and its spec about data sets, reaches the interval."""

from __future__ import annotations

import polars as pl
from planted_verdicts import GATE, verdict


def test_clusters_of_the_table_widen_the_judged_interval(interference):
    frame = interference(0.03, 0.003, query_noise=0.05)
    own = verdict(frame).effects[0]
    tens = pl.col("query_id").str.slice(1).cast(pl.Int64) // 5
    grouped = verdict(frame.with_columns(cluster=tens.cast(pl.String))).effects[0]
    assert own.clusters is None
    assert grouped.clusters == 16  # eight on each of two data sets
    assert grouped.difference.interval.method == "seeds x clusters"
    assert grouped.difference.value == own.difference.value


def test_a_gate_over_a_sample_of_data_sets_says_so_and_is_no_narrower(interference):
    frame = interference(0.03, 0.003, query_noise=0.05)
    fixed = verdict(frame).effects[0]
    sampled = verdict(frame, GATE.model_copy(update={"datasets": "sample"})).effects[0]
    assert (fixed.datasets_as, sampled.datasets_as) == ("fixed", "sample")
    assert sampled.ratio.interval.method == "seeds x data sets"
    assert sampled.ratio.interval.low <= fixed.ratio.interval.low
    assert sampled.ratio.interval.high >= fixed.ratio.interval.high
    assert sampled.between.df == 1
