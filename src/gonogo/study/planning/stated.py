"""Hours of a plan that nothing was measured of: from the throughput that the study states."""

from __future__ import annotations

from gonogo.core.errors import UserError
from gonogo.data.sources.loading import count_queries
from gonogo.spec.data.text_data import DataSpec
from gonogo.spec.study import TrialConfig
from gonogo.spec.task.tasks import RelevanceTask, RetrievalTask
from gonogo.spec.training import StatedThroughput
from gonogo.study.planning.plan import Plan


def stated_seconds(plan: Plan) -> float | None:
    """Return the seconds of everything that is left, one trial after the other on the named GPU.

    None where the study states no throughput, or a task's rate or its number of queries is not
    known. A trial that was begun counts whole.
    """
    stated = plan.study.throughput
    if stated is None or plan.study.tier not in stated.tiers:
        return None
    total = 0.0
    for trial in plan.to_do:
        training = 0.0
        if trial.action != "evaluate":
            known = _training_seconds(trial.config, stated, plan)
            if known is None:
                return None
            training = known
        total += training + stated.evaluation_hours * 3600
    return total


def _training_seconds(config: TrialConfig, stated: StatedThroughput, plan: Plan) -> float | None:
    seconds = 0.0
    for name, task in config.tasks.items():
        rate = stated.queries_per_second.get(name)
        if rate is None or not isinstance(task, RetrievalTask | RelevanceTask):
            return None
        counts = [_queries(data, task, plan) for data in task.data]
        if None in counts:
            return None
        asked = sum(min(count or 0, task.max_queries or count or 0) for count in counts)
        seconds += asked * config.training.epochs / rate
    return seconds


def _queries(data: DataSpec, task: RetrievalTask | RelevanceTask, plan: Plan) -> int | None:
    """Count the training queries of a data set; the limit of one that is not here yet."""
    try:
        return count_queries(data, task.split, beside=plan.beside)
    except UserError:
        return getattr(data, "limit", None)  # of a hub set; the others have none
