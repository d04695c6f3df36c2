"""A gate, its arms, and the verdict on a planted table; tests of several rooms use them."""

from __future__ import annotations

import polars as pl
from study_values import TRIO

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.promised.expected import Expected, expected_from_scores
from gonogo.analysis.records.verdict import FrozenGate, VerdictFile
from gonogo.spec.rule.gates import GateSpec, InterferenceGate

GATE = InterferenceGate(**TRIO)
ARMS = {"emb_only": ("embed",), "rank_only": ("rerank",), "joint_single": ("embed", "rerank")}


def verdict(frame: pl.DataFrame, gate: GateSpec = GATE, **promised: object) -> VerdictFile:
    expected = Expected(**promised) if promised else expected_from_scores(frame, gate)
    frozen = FrozenGate(spec=gate, fingerprint="f", frozen_at="2026-01-01T00:00:00+00:00")
    return decide(frame, frozen, expected, created="now")


def where(**keys: object) -> pl.Expr:
    return pl.all_horizontal(pl.col(name) == value for name, value in keys.items())
