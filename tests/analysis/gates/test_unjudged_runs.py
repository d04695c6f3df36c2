"""A candidate of which nothing is judged, or that found nothing, is not judged by its score."""

from __future__ import annotations

import polars as pl
import pytest

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.gates.freezing import freeze_gate, frozen_gate
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.spec.rule.gates import ImprovementGate

GATE = ImprovementGate(task="embed", metric="nDCG@10", candidate="new", baseline="old")


def run(arm: str, judged_at: float, *, ranked: int = 60, pooled: bool = False) -> JudgedRun:
    return JudgedRun(
        arm=arm, seed=None, task="embed", dataset="d", judged=60, ranked=ranked, depth=(10, 10),
        documents=600, found=300, judged_at=judged_at, pooled=pooled,
    )  # fmt: skip


def decided(*runs: JudgedRun) -> VerdictFile:
    rows = [
        (arm, None, "embed", "d", "nDCG@10", f"q{query}", mean + 0.01 * (query % 7))
        for arm, mean in (("old", 0.5), ("new", 0.2))
        for query in range(60)
    ]
    names = ["arm", "seed", "task", "dataset", "metric", "query_id", "value"]
    table = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    gate = frozen_gate(None, freeze_gate(GATE, {}, (), {"embed": ("d",)}))
    return decide(table, gate, Expected(study="s"), evidence=Evidence(judged_runs=runs))


def test_a_candidate_nine_tenths_unjudged_is_invalid_and_not_a_fail() -> None:
    found = decided(run("old", 0.9), run("new", 0.1)).decision
    assert found.verdict == "INVALID"
    assert "only 10 % of new's first ten documents are judged, 90 % of the other arm's" in (
        found.sentence
    )


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (run("old", 0.9), run("new", 0.4), "FAIL"),
        (run("old", 0.08), run("new", 0.05), "FAIL"),  # one relevant document a query is known
        (run("old", 0.3, pooled=True), run("new", 0.05, pooled=True), "INVALID"),
        (run("old", 0.9, ranked=20), run("new", 0.9), "INVALID"),  # BM25 without words in common
        (run("old", 0.9, ranked=58), run("new", 0.9), "FAIL"),
    ],
)
def test_where_little_is_judged_for_everyone_that_says_nothing(
    old: JudgedRun, new: JudgedRun, word: str
) -> None:
    found = decided(old, new).decision
    assert found.verdict == word
    told = [text for text in found.warnings if "found nothing for" in text]
    assert bool(told) == (old.ranked < old.judged)
