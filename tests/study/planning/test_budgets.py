"""A longer training of every arm: all its limits grow alike, and nothing else changes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.training import Validation
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.shipped import find_study
from gonogo.study.planning.budgets import (
    SHARES,
    checked_shares,
    learning_folder,
    learning_study,
)
from gonogo.training.watching.validation import due_steps


def test_every_limit_of_the_budget_doubles(tiny_study: Path) -> None:
    study = resolve(tiny_study, overrides=("tasks.embed.max_steps=3", "training.epochs=1.5"))
    longer = learning_study(study, SHARES, 7)
    assert longer.seeds == (7,)
    config, own = longer.arms["joint_single"], study.arms["joint_single"]
    assert (config.training.epochs, config.training.max_steps) == (3.0, 8)
    assert [task.max_steps for task in config.tasks.values()] == [6, None]
    assert config.monitors == ()
    assert config.training.validation == Validation(at=(0.0, 0.125, 0.25, 0.5, 1.0))
    changed = {"epochs", "max_steps", "validation", "log_every", "trackers"}
    assert config.training.model_dump(exclude=changed) == own.training.model_dump(exclude=changed)
    assert (config.model, config.schedule) == (own.model, own.schedule)


def test_the_studys_own_looks_keep_their_data(tiny_study: Path) -> None:
    study = resolve(tiny_study, overrides=("training.validation={queries: 9, every: 2}",))
    looks = learning_study(study, (1.0,), 1).arms["emb_only"].training.validation
    assert looks == Validation(queries=9, every=2, at=(0.0, 1.0))


@given(st.integers(1, 500))
def test_the_look_at_one_is_at_the_steps_of_the_study(steps: int) -> None:
    """One task's steps of any number are met exactly, whether they come of epochs or of a limit."""
    at = (0.0, *(share / SHARES[-1] for share in SHARES))
    for total in (2 * steps, 2 * steps - 1):  # ceil(2 x) where ceil(x) is the study's number
        due = due_steps(Validation(at=at), [0.0] * total)
        assert {0, steps, total} <= due
        assert math.ceil(steps / 2) in due


def test_shares_are_ordered_and_above_zero() -> None:
    assert checked_shares([2, 0.5, 2]) == (0.5, 2)
    for wrong in ([], [0.0, 1.0], [-1.0], [float("inf")]):
        with pytest.raises(UserError, match="budgets: budgets are shares"):
            checked_shares(wrong)


def test_a_curriculum_that_ends_is_told_before_anything_runs() -> None:
    study = resolve(find_study("two_tower"))
    with pytest.raises(
        UserError, match=r"curriculum: it ends after .* or ask for shorter budgets than 50 x"
    ):
        learning_study(study, (50.0,), 1)


def test_trainings_lie_apart_from_the_studys_trials(tmp_path: Path) -> None:
    folder = StudyFolder.under(tmp_path, "toy", "quick")
    assert learning_folder(folder).trial("a", 1).path.relative_to(folder.path) == Path(
        "learning/trials/a/seed_1"
    )
