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
    next: {kind: next_vector, data: {kind: pairs, folder: pairs}, curriculum: "0-5:none"}
  training: {epochs: 5, validation: {every: 1, best: R@500}}
  monitors:
    - {kind: floor, figure: margin, least: 0.04}
    - {kind: bands, figure: R@500, at: [{bands: [{least: 0.3, word: good}, {word: bad}]}]}
    - {kind: range, figure: in_batch_loss, high: {bound: 5.0}}
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
            ["monitors=[{kind: floor, least: 0, figure: temperature}]"],
            "monitors[0] (floor:temperature).figure: nothing logs a figure 'temperature' (valid:"
            " R@10, R@100, R@1000, R@500, gradient_norm, in_batch_loss, loss, margin,"
            " margin_in_batch, margin_mined, margin_top16, memory_loss, ...)",
        ),
        (
            ["monitors=[{kind: floor, least: 0, figure: in_bach_loss}]"],
            "monitors[0] (floor:in_bach_loss).figure: nothing logs a figure 'in_bach_loss' (did you"
            " mean 'in_batch_loss'?)",
        ),
        (
            ["training.validation.line={magrin: 'Separation {value}'}"],
            "training.validation.line: nothing logs a figure 'magrin' (did you mean 'margin'?)",
        ),
        (
            [
                "monitors=[{kind: floor, figure: loss, least: 0},"
                " {kind: floor, figure: loss, least: 1}]"
            ],
            "monitors[1] (floor:loss): another monitor has this name"
            " (give one of them a name: of its own)",
        ),
        (
            ["training.validation=null"],
            "monitors[0] (floor:margin): it judges what looks see, but none are taken"
            " (training: {validation: {every: 1}}, or every: STEPS in the monitor)",
        ),
        (
            [
                "monitors=[{kind: floor, figure: margin, least: 0, every: 5}]",
                "training.validation=null",
                "evaluation.checkpoint=final",
            ],
            "monitors[0] (floor:margin).figure: nothing logs a figure 'margin' (valid:"
            " gradient_norm, in_batch_loss, loss, memory_loss, mined_fill, mined_loss,"
            " positive_cosine)",
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


def test_judged_texts_are_looked_at_by_their_measure(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(
        "{study: toy, seeds: [1], gate: {kind: interference, specialists: {embed: a}, joint: b},"
        " defaults: {model: {backbone: minilm}, training: {validation: {metric: mrr@5}},"
        " tasks: {embed: {kind: retrieval, data: [scifact]}}},"
        " arms: {a: {}, b: {}}, evaluation: {datasets: [scifact]}}"
    )
    resolve(path, overrides=("training.validation.best=RR@5",))
    with pytest.raises(UserError) as caught:
        resolve(path, overrides=("training.validation.best=nDCG@10",))
    assert str(caught.value) == (
        f"{path}: arms.a: training.validation.best: no look has a figure 'nDCG@10'"
        " (valid: BM25 RR@5, RR@5)"
    )


def test_figures_of_several_tasks_carry_the_tasks_name(tower: Path) -> None:
    second = "tasks: {again: {kind: next_vector, data: {kind: pairs, folder: pairs}}}"
    tower.write_text(TOWER.replace("tower: {}", f"tower: {{{second}}}"), encoding="utf-8")
    with pytest.raises(UserError, match=r"'margin' \(did you mean 'next/margin'\?\)"):
        resolve(tower)
    given = ("training.validation.best=again/R@500", "monitors=[]")
    with pytest.raises(UserError, match=r"arms\.other: training\.validation\.best"):
        resolve(tower, overrides=given)


def test_a_rule_on_a_figure_of_a_named_task(tower: Path) -> None:
    second = "tasks: {again: {kind: next_vector, data: {kind: pairs, folder: pairs}}}"
    tower.write_text(
        TOWER.replace("tower: {}, other: {}", f"tower: {{{second}}}, other: {{{second}}}").replace(
            "best: R@500", "best: again/R@500"
        )
    )
    judged = "monitors=[{kind: floor, least: 0.1, figure: %s}]"
    for figure in ("again/R@500", "again/loss", "next/mined_fill"):
        assert list(resolve(tower, overrides=(judged % figure,)).arms) == ["tower", "other"]
    with pytest.raises(UserError, match="nothing logs a figure 'loss'"):
        resolve(tower, overrides=(judged % "loss",))


def test_a_rule_needs_no_looks_where_steps_log_its_figure(tower: Path) -> None:
    given = (
        "monitors=[{kind: range, figure: gradient_norm, high: {bound: 10}, every: 5}]",
        "training.validation=null",
        "evaluation.checkpoint=final",
    )
    assert list(resolve(tower, overrides=given).arms) == ["tower", "other"]
