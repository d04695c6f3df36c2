"""``--clusters`` of decide and compare: a file says which queries hang together."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from gonogo.analysis.records.verdict import VerdictFile, read_verdict
from gonogo.cli.main import app
from gonogo.cli.shared.flags import told
from gonogo.core.errors import UserError

TOPICS, EACH = 12, 10
GATE = "{kind: improvement, task: run, candidate: new, baseline: old, pass: 0.02, fail: 0.0}"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write scores of two arms whose differences are shared by the queries of a topic."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    topic = np.repeat(rng.normal(0.03, 0.05, TOPICS), EACH)
    rows = {"old": [], "new": []}
    for seed in (1, 2, 3):
        for arm in rows:
            gain = topic if arm == "new" else 0.0
            values = 0.5 + gain + rng.normal(0, 0.01, TOPICS * EACH)
            rows[arm] += [(arm, seed, "nDCG@10", f"q{n}", v) for n, v in enumerate(values)]
    names = ["arm", "seed", "metric", "query_id", "value"]
    for arm, own in rows.items():
        pl.DataFrame(own, schema=names, orient="row").write_csv(f"{arm}.csv")
    both = [*rows["old"], *rows["new"]]
    pl.DataFrame(both, schema=names, orient="row").write_csv("both.csv")
    lines = [f"q{n}\ttopic {n // EACH}" for n in range(TOPICS * EACH)]
    Path("topics.tsv").write_text("\n".join(["query_id\tcluster", *lines]) + "\n")
    Path("gate.yaml").write_text(f"gate: {GATE}\n")
    return tmp_path


def gonogo(*args: str) -> Result:
    return CliRunner().invoke(app, [*args])


def decided(*more: str) -> VerdictFile:
    result = gonogo("decide", "gate.yaml", "--scores", "both.csv", "--out", "v", *more)
    assert result.exit_code == 0, result.output
    return read_verdict(Path("v/verdict.json"))


def compared(*args: str) -> tuple[float, float, str]:
    result = gonogo("compare", *args)
    assert result.exit_code == 0, result.output
    low, high = re.findall(r"difference .*?95 % \[?([-+0-9.]+)[, to]+([-+0-9.]+)", result.output)[0]
    return float(low), float(high), result.output


@pytest.mark.usefixtures("world")
def test_decide_counts_topics_and_not_queries() -> None:
    plain, clustered = decided(), decided("--clusters", "topics.tsv")
    assert (plain.effects[0].clusters, clustered.effects[0].clusters) == (None, TOPICS)
    assert f"120 queries in {TOPICS} clusters" in clustered.decision.sentence
    before, after = (one.effects[0].difference for one in (plain, clustered))
    assert before.value == after.value
    assert before.interval is not None
    assert after.interval is not None
    # ten queries that share their gain are one piece of evidence: sqrt(10), and fewer degrees
    assert after.interval.high - after.interval.low > 2.5 * (
        before.interval.high - before.interval.low
    )


@pytest.mark.usefixtures("world")
def test_compare_widens_alike_and_one_table_that_names_clusters_is_enough() -> None:
    low, high, _ = compared("old.csv", "new.csv")
    wide_low, wide_high, said = compared("old.csv", "new.csv", "--clusters", "topics.tsv")
    assert wide_high - wide_low > 2.5 * (high - low)
    assert "clusters" in said
    topics = pl.read_csv("topics.tsv", separator="\t")
    pl.read_csv("new.csv").join(topics, on="query_id").write_csv("new.csv")
    assert compared("old.csv", "new.csv")[:2] == (wide_low, wide_high)


@pytest.mark.usefixtures("world")
def test_a_studys_own_scores_have_their_clusters_from_the_study() -> None:
    result = gonogo("decide", "gate.yaml", "--clusters", "topics.tsv")
    assert isinstance(result.exception, UserError)  # which ``gonogo`` ends with code 2
    assert "--clusters belongs to --scores or --runs" in str(told(result.exception))
