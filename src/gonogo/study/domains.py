"""Which of a study's data sets some arm was trained on."""

from __future__ import annotations

from gonogo.spec.study import ResolvedStudy
from gonogo.spec.tasks import RelevanceTask, RetrievalTask
from gonogo.study.scored import scored_as


def in_domain(study: ResolvedStudy) -> tuple[str, ...]:
    """Return the scored data sets, by name, that are in domain for at least one arm.

    A data set counts when a task trains on one of the same name, whatever the split, or when the
    evaluation says so. One arm is enough: every row's averages are then over the same sets.
    """
    trained, scored = set[str](), dict[str, str]()
    for arm in study.arms.values():
        scored |= scored_as(arm.evaluation)
        trained.update(arm.evaluation.in_domain)
        for task in arm.tasks.values():
            if isinstance(task, RetrievalTask | RelevanceTask):
                trained.update(data.name for data in task.data)
    names = {group for name, group in scored.items() if trained & {name, group}}
    return tuple(name for name in dict.fromkeys(scored.values()) if name in names)
