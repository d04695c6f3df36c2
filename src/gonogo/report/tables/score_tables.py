"""Scores: for every task and metric a table of data sets by arms and reference rows."""

from __future__ import annotations

from gonogo.analysis.records.effects import ArmScore
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.tables import Column, Number, Row, Table, Text
from gonogo.report.words.judged import ordered, slug

MEAN = "mean over data sets"


def metrics_of(verdict: VerdictFile, task: str) -> list[str]:
    """List a task's metrics, the gate's own first."""
    found = ordered(score.metric for score in verdict.scores if score.task == task)
    return sorted(found, key=lambda metric: metric != verdict.gate.spec.metric)


def tasks_of(verdict: VerdictFile) -> list[str]:
    """All tasks with scores, those that the gate judges first."""
    judged = [effect.task for effect in verdict.effects]
    judged += [measurement.task for measurement in verdict.measurements]
    # Where scores are missing nothing is judged yet, but the gate says what will be.
    judged += verdict.gate.spec.tasks
    found = ordered(score.task for score in verdict.scores)
    return [task for task in ordered([*judged, *found]) if task in found]


def arms_of(scores: list[ArmScore]) -> list[str]:
    """Arms in order of appearance, reference rows last."""
    names = ordered(score.arm for score in scores)
    references = {score.arm for score in scores if score.reference}
    return sorted(names, key=lambda name: name in references)


def score_table(verdict: VerdictFile, task: str, metric: str) -> Table:
    """Mean ± std over seeds of every arm on every data set, for one task and metric."""
    scores = [s for s in verdict.scores if (s.task, s.metric) == (task, metric)]
    by_place = {(score.dataset, score.arm): score for score in scores}
    arms = arms_of(scores)
    datasets = ordered(score.dataset for score in scores if score.dataset is not None)
    rows: list[str | None] = (
        [None, *datasets] if any(s.dataset is None for s in scores) else [*datasets]
    )
    return Table(
        name=slug("scores", task, metric),
        title=f"{task}: {metric}",
        columns=(
            Column("data set"),
            *(Column(arm, group=metric, note=_note(arm, scores)) for arm in arms),
        ),
        rows=tuple(
            Row(
                (Text(dataset or MEAN), *(_cell(by_place.get((dataset, arm))) for arm in arms)),
                summary=dataset is None,
            )
            for dataset in rows
        ),
        caption="Mean ± standard deviation over seeds, where there are several. "
        f"Best of a row bold, second underlined.{_not_scored(verdict, task)}",
    )


def _not_scored(verdict: VerdictFile, task: str) -> str:
    arms = verdict.not_scored.get(task, ())
    return f" Not scored, for not trained on {task}: {', '.join(arms)}." if arms else ""


def _cell(score: ArmScore | None) -> Number:
    return Number(None, "score") if score is None else Number(score.mean, "score", std=score.std)


def _note(arm: str, scores: list[ArmScore]) -> str:
    mine = [score for score in scores if score.arm == arm]
    if any(score.reference for score in mine):
        return "reference"
    return "off-task" if any(score.off_task for score in mine) else ""
