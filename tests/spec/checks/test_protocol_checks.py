"""All arms are scored alike: an arm may choose which of its weights are scored, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.study import ResolvedStudy

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_queries", "5"),
        ("split", "dev"),
        ("tasks", "{rerank: {depth: 5}}"),
        ("metrics", "[AP]"),
        ("references", "[]"),
        ("datasets", "[cranfield]"),
    ],
)
def test_a_protocol_of_its_own_is_refused_wherever_an_arm_asks_for_it(
    study: Write, key: str, value: str
) -> None:
    own = f"{{evaluation: {{checkpoint: final, {key}: {value}}}, "
    message = rf"arms\.joint_single\.evaluation: '{key}' would score one arm under a protocol.*best"
    with pytest.raises(UserError, match=message):
        resolve(study("joint_single: {", f"joint_single: {own}"))
    override = f"arms.joint_single.evaluation.{key}"
    with pytest.raises(UserError, match=rf"set {override}: '{key}' would score"):
        resolve(study(), overrides=(f"{override}={value}",))
    with pytest.raises(UserError, match=r"set arms\.emb_only\.evaluation: "):
        resolve(study(), overrides=(f"arms.emb_only.evaluation={{{key}: {value}}}",))
    tier = study("model.adapter.rank: 8", f"{override}: {value}")
    assert resolve(tier).tier == "full"
    with pytest.raises(UserError, match=rf"tiers\.small\.set\.{override}: '{key}' would score"):
        resolve(tier, "small")


def test_a_deeper_key_of_an_arm_is_named_whole(study: Write) -> None:
    with pytest.raises(UserError, match=r"'tasks\.rerank\.depth' would score one arm"):
        resolve(study(), overrides=("arms.emb_only.evaluation.tasks.rerank.depth=5",))


def test_the_checkpoint_stays_an_arms_own(study: Write) -> None:
    path = study("joint_single: {", "joint_single: {evaluation: {checkpoint: final}, ")
    assert resolve(path).evaluation == resolve(study()).evaluation
    # "best" needs looks, which text tasks do not take: the refusal names the arm's own key
    with pytest.raises(UserError, match=r"arms\.emb_only.*evaluation\.checkpoint"):
        resolve(study(), overrides=("arms.emb_only.evaluation.checkpoint=best",))


def test_the_studys_evaluation_hears_defaults_tiers_and_overrides(study: Write) -> None:
    path = study("model.adapter.rank: 8", "evaluation.max_queries: 7")
    assert resolve(path).evaluation.max_queries is None
    small = resolve(path, "small", ("evaluation.tasks.embed.depth=50",))
    assert (small.evaluation.max_queries, small.evaluation.tasks["embed"].depth) == (7, 50)  # type: ignore[union-attr]
    assert {arm.evaluation.max_queries for arm in small.arms.values()} == {7}
    assert all(arm.evaluation == small.evaluation for arm in small.arms.values())


def test_no_resolved_study_holds_arms_that_are_scored_differently(study: Write) -> None:
    found = resolve(study())
    raw = found.model_dump(mode="json", by_alias=True)
    raw["arms"]["emb_only"]["evaluation"]["checkpoint"] = "best"
    assert ResolvedStudy.model_validate(raw).arms["emb_only"].evaluation.checkpoint == "best"
    raw["arms"]["emb_only"]["evaluation"]["max_queries"] = 5
    with pytest.raises(ValidationError, match="'emb_only' is scored under a protocol of its own"):
        ResolvedStudy.model_validate(raw)
