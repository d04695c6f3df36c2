"""What looks and monitors ask for is checked before anything trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve

TOWER = """\
study: toy
seeds: [1]
defaults:
  model: {kind: query_tower}
  tasks:
    next: {kind: next_vector, data: {kind: pairs, folder: pairs}, curriculum: "0-4:none"}
  training: {epochs: 5, validation: {every: 1, best: R@500}}
  monitors: [{kind: margin_guard}, {kind: recall_gates}, {kind: loss_flags}]
arms: {tower: {}, other: {}}
evaluation:
  checkpoint: best
  tasks: {next: {kind: next_vector, data: [{kind: pairs, folder: pairs}]}}
  references: []
gate: {kind: improvement, task: next, candidate: tower, baseline: other}
"""


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(TOWER, encoding="utf-8")
    return path


def test_a_study_whose_looks_have_all_that_is_asked_for(tower: Path) -> None:
    assert list(resolve(tower).arms) == ["tower", "other"]


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (
            ["training.validation.best=R@1O"],
            "training.validation.best: no look has a figure 'R@1O' (did you mean 'R@10'?)",
        ),
        (
            ["monitors=[{kind: recall_gates, figure: nonsense}]"],
            "monitors: recall_gates.figure: no look has a figure 'nonsense' (valid: R@10, R@100,"
            " R@1000, R@500, margin, margin_in_batch, margin_top16, positive_cosine)",
        ),
        (
            ["monitors=[{kind: recall_gates, figure: R@100}]"],
            "monitors: recall_gates.figure: the bounds are those of R@500, they say nothing about"
            " 'R@100' (judge R@500, or leave this monitor out)",
        ),
        (
            ["training.validation=null"],
            "monitors: margin_guard: it judges what looks see, but none are taken"
            " (training: {validation: {every: 1}})",
        ),
        (
            ["monitors=[{kind: loss_flags}]", "training.validation=null"],
            "monitors: loss_flags: it judges what looks see, but none are taken"
            " (training: {validation: {every: 1}})",
        ),
        (
            ["training.validation.best=null"],
            "evaluation.checkpoint: nothing says which weights are the best"
            " (training.validation.best names the figure that marks them)",
        ),
        (
            ["training.epochs=6"],
            "tasks.next.curriculum: it ends after 5 epochs, training after 6"
            " (let its last segment end later)",
        ),
    ],
)
def test_what_would_fail_inside_a_run_is_refused(
    tower: Path, overrides: list[str], told: str
) -> None:
    with pytest.raises(UserError) as caught:
        resolve(tower, overrides=tuple(overrides))
    assert str(caught.value) == f"{tower}: arms.tower: {told}"


def test_judged_texts_cannot_be_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(
        "{study: toy, seeds: [1], gate: {kind: interference, specialists: {embed: a}, joint: b},"
        " defaults: {model: {backbone: minilm}, training: {validation: {every: 1}},"
        " tasks: {embed: {kind: retrieval, data: [scifact]}}},"
        " arms: {a: {}, b: {}}, evaluation: {datasets: [scifact]}}"
    )
    with pytest.raises(UserError) as caught:
        resolve(path)
    assert str(caught.value) == (
        f"{path}: arms.a: training.validation: no task of this arm can be looked at while it trains"
        " (leave it out, or train a neighbours or next_vector task)"
    )


def test_figures_of_several_tasks_carry_the_tasks_name(tower: Path) -> None:
    second = "tasks: {again: {kind: next_vector, data: {kind: pairs, folder: pairs}}}"
    tower.write_text(TOWER.replace("tower: {}", f"tower: {{{second}}}"), encoding="utf-8")
    with pytest.raises(UserError, match=r"'R@500' \(did you mean 'next/R@500'\?\)"):
        resolve(tower)
    given = ("training.validation.best=again/R@500", "monitors=[{kind: loss_flags}]")
    with pytest.raises(UserError, match=r"arms\.other: training\.validation\.best"):
        resolve(tower, overrides=given)


def test_the_recall_gates_judge_the_same_recall_of_a_named_task(tower: Path) -> None:
    second = "tasks: {again: {kind: next_vector, data: {kind: pairs, folder: pairs}}}"
    tower.write_text(
        TOWER.replace("tower: {}, other: {}", f"tower: {{{second}}}, other: {{{second}}}").replace(
            "best: R@500", "best: again/R@500"
        )
    )
    judged = "monitors=[{kind: recall_gates, figure: again/%s}]"
    assert list(resolve(tower, overrides=(judged % "R@500",)).arms) == ["tower", "other"]
    with pytest.raises(UserError, match="they say nothing about 'again/R@1000'"):
        resolve(tower, overrides=(judged % "R@1000",))
