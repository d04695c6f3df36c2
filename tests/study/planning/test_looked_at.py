"""A plan names the specialists that no look will find late in their training."""

from __future__ import annotations

from pathlib import Path

import pytest

import gonogo
from gonogo.spec.checks.resolve import resolve
from gonogo.study.folder.shipped import find_study
from gonogo.study.planning.looked_at import never_looked_at


@pytest.mark.parametrize(
    ("looks", "left_out"),
    [
        (None, True),
        ("{at: [0, 0.25]}", True),
        ("{at: [0, 0.75]}", False),
        ("{every: 5, unit: steps}", False),
    ],
)
def test_a_late_look_answers_the_question(
    tiny_study: Path, tmp_path: Path, looks: str | None, left_out: bool
) -> None:
    sets = [] if looks is None else [f"training.validation={looks}"]
    study = resolve(tiny_study, overrides=tuple(sets))
    assert never_looked_at(study) == (("emb_only", "rank_only") if left_out else ())
    plan = str(gonogo.study(tiny_study, set=sets, out=tmp_path).plan())
    assert ("no plateau check of emb_only, rank_only" in plan) == left_out


def test_gates_without_specialists_have_no_such_question() -> None:
    assert never_looked_at(resolve(find_study("isotropy"))) == ()
