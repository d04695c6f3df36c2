"""What guardrails can take away: PASS to FAIL or INCONCLUSIVE, and nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from planted_verdicts import verdict

from gonogo.data.files.score_table import SCHEMA
from gonogo.spec.rule.gates import ImprovementGate

MARGIN = 0.02


def rows(metric: str, gain: float, spread: float = 0.01, queries: int = 60) -> pl.DataFrame:
    """Return scores of both arms whose difference is the gain to the last bit, on average."""
    rng = np.random.default_rng(3)
    moved = rng.normal(0, spread, (3, queries))
    moved -= moved.mean()
    values = {"old": 0.5 + 0 * moved, "new": 0.5 + gain + moved}
    return pl.DataFrame(
        [
            (arm, seed, "embed", "d", metric, f"q{n}", float(v))
            for arm, block in values.items()
            for seed, row in enumerate(block)
            for n, v in enumerate(row)
        ],
        schema=SCHEMA,
        orient="row",
    )


def gate(**rail: object) -> ImprovementGate:
    return ImprovementGate.model_validate(
        {
            "task": "embed",
            "candidate": "new",
            "baseline": "old",
            "next_actions": {"PASS": ["ship"], "FAIL": ["keep"]},
            "guardrails": [{"metric": "R@100", "margin": MARGIN, **rail}],
        }
    )


@pytest.mark.parametrize(
    ("change", "spread", "state", "word"),
    [
        (0.0, 0.01, "held", "PASS"),
        (-0.25, 0.01, "broken", "FAIL"),
        (-0.02, 0.02, "open", "INCONCLUSIVE"),
        (0.0, 0.11, "open", "INCONCLUSIVE"),
    ],
)
def test_a_pass_stands_only_under_guardrails_that_are_shown_to_hold(
    change: float, spread: float, state: str, word: str
) -> None:
    frame = pl.concat([rows("nDCG@10", 0.05), rows("R@100", change, spread)])
    found = verdict(frame, gate())
    assert [rail.state for rail in found.guardrails] == [state]
    assert found.decision.verdict == word
    assert found.decision.point == "PASS"
    assert ("ship" in found.decision.next_actions) == (word == "PASS")
    assert any(f"guardrail {state}: R@100 on embed" in line for line in found.decision.reasons)


def test_a_fail_stays_a_fail_under_a_guardrail_that_holds() -> None:
    frame = pl.concat([rows("nDCG@10", -0.05), rows("R@100", 0.1)])
    assert verdict(frame, gate()).decision.verdict == "FAIL"


def test_a_guarded_measure_that_nobody_scored_is_a_hole() -> None:
    found = verdict(rows("nDCG@10", 0.05), gate())
    assert found.decision.verdict == "INCOMPLETE"
    assert found.decision.missing[0].startswith("guardrail: ")


def test_a_guardrail_may_look_at_some_data_sets_alone() -> None:
    good, bad = rows("nDCG@10", 0.3), rows("nDCG@10", -0.1)
    frame = pl.concat([good, bad.with_columns(dataset=pl.lit("hard"))])
    found = verdict(frame, gate(metric="nDCG@10", datasets=["hard"]))
    assert found.guardrails[0].datasets == ("hard",)
    assert found.guardrails[0].state == "broken"
    assert found.decision.verdict == "FAIL"


def test_guardrails_see_clusters_as_the_gate_does() -> None:
    frame = pl.concat([rows("nDCG@10", 0.05), rows("R@100", 0.0)])
    tens = pl.col("query_id").str.slice(1).cast(pl.Int64) // 6
    found = verdict(frame.with_columns(cluster=tens.cast(pl.String)), gate())
    assert found.guardrails[0].difference.interval.method == "seeds x clusters"
