"""Which figures an arm's training logs, so that a mistyped one is told before anything runs."""

from __future__ import annotations

from gonogo.core.metrics import bm25_figure
from gonogo.spec.model.model import TextModel
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.study import TrialConfig
from gonogo.spec.task.tasks import RelevanceTask, RetrievalTask, TaskSpec

LOOKS = {
    "neighbours": {"vs_teacher_recall@10", "vs_teacher_ndcg@10"},
    "next_vector": {
        *("R@10", "R@100", "R@500", "R@1000"),
        *("margin", "margin_in_batch", "margin_top16", "positive_cosine", "violations"),
    },
}
"""What every look at a kind of task has. Figures of mined negatives are none of these: epochs that
mine nothing have none."""
_MINED = {
    *("margin_mined", "mined_fill", "mined_loss", "mined_above_window", "mined_positives"),
    *("mined_own_context", "mined_near_positive", "mined_near_both"),
}
_NEIGHBOURS = {
    *("teacher_entropy", "filtered_ratio", "overlap@10", "norm_mean", "norm_std"),
    *("neighbour_cosine_mean", "negative_cosine_mean", "cosine_std", "collapsed"),
}


def look_figures(config: TrialConfig) -> set[str]:
    """Return the figures that every look has; several tasks' carry the task's name."""
    return {
        figure if len(config.tasks) == 1 else f"{name}/{figure}"
        for name, task in config.tasks.items()
        for figure in LOOKS.get(task.kind) or _of_texts(config)
    }


def _of_texts(config: TrialConfig) -> set[str]:
    """Return what a look at held-out queries has."""
    looks = config.training.validation
    return set() if looks is None else {looks.metric, bm25_figure(looks.metric)}


def logged_figures(config: TrialConfig) -> set[str]:
    """Return the figures that steps or looks of such an arm can have.

    Those of a memory or of mined negatives are among them for every next-vector task: defaults are
    written for all arms, and where an arm has none of these there is nothing to judge.
    """
    looks = config.training.validation is not None
    found = {"gradient_norm", *(look_figures(config) if looks else ())}
    for name, task in config.tasks.items():
        own = {"loss", *_of_steps(task), *_of_model(config)}
        found |= _named(name, own, alone=len(config.tasks) == 1)
        if looks and isinstance(task, NextVectorTask):
            found |= _named(name, _MINED - {"mined_loss"}, alone=len(config.tasks) == 1)
    return found


def _named(task: str, figures: set[str], *, alone: bool) -> set[str]:
    return figures if alone else {f"{task}/{figure}" for figure in figures}


def _of_model(config: TrialConfig) -> frozenset[str]:
    """Return what a model tells of itself in every step."""
    return config.model.adapter.figures() if isinstance(config.model, TextModel) else frozenset()


def _of_steps(task: TaskSpec) -> set[str]:
    """Return what a task reports of its steps besides the loss."""
    match task:
        case RetrievalTask():
            kinds: set[str] = {term.kind for term in task.regularisers}
            return {"objective", *kinds} if kinds else set()
        case RelevanceTask():
            return set()
        case NeighbourTask():
            return _NEIGHBOURS
        case NextVectorTask():
            return {"in_batch_loss", "memory_loss", "mined_loss", "mined_fill", "positive_cosine"}
