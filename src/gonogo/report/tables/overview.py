"""All configurations at one look: by every metric of every task, and by every data set."""

from __future__ import annotations

from gonogo.analysis.records.effects import ArmScore
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text
from gonogo.report.tables.score_tables import metrics_of, tasks_of
from gonogo.report.words.judged import ordered

METRICS, DATASETS = "configurations_metrics", "configurations_datasets"
_SPREAD = "Mean ± standard deviation over seeds, where there are several."


def overview_tables(verdict: VerdictFile) -> list[Table]:
    """Make one table of all configurations by all metrics, and one of them by all data sets.

    The second one has the metric that decides, else a task's first.
    """
    if not verdict.scores:
        return []
    return [_by_metric(verdict), _by_dataset(verdict)]


def _configurations(verdict: VerdictFile) -> list[str]:
    """Arms in order of appearance, reference rows behind them."""
    names = ordered(score.arm for score in verdict.scores)
    references = {score.arm for score in verdict.scores if score.reference}
    return sorted(names, key=lambda name: name in references)


def _by_metric(verdict: VerdictFile) -> Table:
    """One line a configuration, one column for each task and metric."""
    pairs = [(task, one) for task in tasks_of(verdict) for one in metrics_of(verdict, task)]
    means = {(s.arm, s.task, s.metric): s for s in verdict.scores if s.dataset is None}
    for score in verdict.scores:  # of a single data set there is no mean but its own
        means.setdefault((score.arm, score.task, score.metric), score)
    alone = len({task for task, _ in pairs}) == 1
    return Table(
        name=METRICS,
        title="All configurations by all metrics",
        columns=(
            Column(""),
            *(Column(m, group=f"{t} {m}", note="" if alone else t) for t, m in pairs),
        ),
        rows=tuple(
            Row((Text(arm), *(_cell(means.get((arm, task, metric))) for task, metric in pairs)))
            for arm in _configurations(verdict)
        ),
        caption=f"Means over data sets that all rows share, with equal weight. {_SPREAD}"
        " Column best bold, second underlined.",
        down=True,
    )


def _by_dataset(verdict: VerdictFile) -> Table:
    """One line for each task and data set, one column a configuration."""
    arms = _configurations(verdict)
    chosen = {task: metrics_of(verdict, task)[0] for task in tasks_of(verdict)}
    scores = [s for s in verdict.scores if s.metric == chosen[s.task] and s.dataset is not None]
    cells = {(s.task, s.dataset, s.arm): s for s in scores}
    order = list(chosen)
    scores.sort(key=lambda score: order.index(score.task))
    places = dict.fromkeys((score.task, score.dataset) for score in scores)
    first: tuple[Column, ...] = (Column("task"), Column("data set"), Column("metric"))
    return Table(
        name=DATASETS,
        title="All configurations by all data sets",
        columns=(*first, *(Column(arm, group="all") for arm in arms)),
        rows=tuple(
            Row(
                (
                    Text(task),
                    Text(str(dataset)),
                    Text(chosen[task]),
                    *(_cell(cells.get((task, dataset, arm))) for arm in arms),
                )
            )
            for task, dataset in places
        ),
        caption=f"{_SPREAD} Best of a row bold, second underlined.",
    )


def _cell(score: ArmScore | None) -> Cell:
    return Number(None, "score") if score is None else Number(score.mean, "score", std=score.std)
