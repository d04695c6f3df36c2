"""One baseline or several: what a gate may name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from study_values import TRIO_GATE

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.rule.gates import ImprovementGate

Write = Callable[..., Path]


def with_baseline(study: Write, written: str) -> ImprovementGate:
    """Read a study whose gate compares emb_only with what is written."""
    gate = f"{{kind: improvement, task: embed, candidate: emb_only, baseline: {written}}}"
    read = resolve(study(TRIO_GATE, gate)).gate
    assert isinstance(read, ImprovementGate)
    return read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("bm25", "bm25"),
        ("[bm25]", "bm25"),
        ("[bm25, rank_only]", ("bm25", "rank_only")),
    ],
)
def test_one_baseline_is_a_name_and_several_are_a_list(
    study: Write, written: str, read: str | tuple[str, ...]
) -> None:
    gate = with_baseline(study, written)
    assert gate.baseline == read
    assert gate.baselines == ((read,) if isinstance(read, str) else read)


def test_an_override_goes_from_several_to_one(study: Write) -> None:
    gate = "{kind: improvement, task: embed, candidate: emb_only, baseline: [bm25, untrained]}"
    path = study(TRIO_GATE, gate)
    read = resolve(path, overrides=("gate.baseline=rank_only",)).gate
    assert isinstance(read, ImprovementGate)
    assert read.baselines == ("rank_only",)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("bm52", "gate.baseline: no arm 'bm52' (did you mean 'bm25'?)"),
        ("[bm25, bm52]", "gate.baseline[1]: no arm 'bm52' (did you mean 'bm25'?)"),
        ("[bm25, emb_only]", "candidate and baseline are both 'emb_only'"),
        ("[bm25, bm25]", "baseline names 'bm25' twice"),
        ("[]", "gate.baseline: []"),
        ("[bm25, 7]", "gate.baseline[1]: 7"),
        ("[bm25, ../up]", "gate.baseline[1]: '../up'"),
        ("7", "gate.baseline: 7"),
    ],
)
def test_wrong_baselines_are_refused_at_their_place(
    study: Write, written: str, problem: str
) -> None:
    with pytest.raises(UserError) as caught:
        with_baseline(study, written)
    assert problem in str(caught.value)
    assert "toy.yaml" in str(caught.value)
