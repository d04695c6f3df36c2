"""What to look at before hours are spent: a few checks, a line each, that only ever warn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from gonogo.core.files import MEGABYTE
from gonogo.spec.data.vector_data import CorpusSpec
from gonogo.spec.evaluation.evaluation_tasks import judged_data
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.study.planning.forecast import forecast_cost, free_mb
from gonogo.study.planning.plan import Plan

LEAST_DISK_MB = 1024.0
"""Free disk below which a warning is given where nothing was measured yet."""
LEAST_MEMORY_MB = 2048.0
"""Free memory a worker below which a warning is given."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    fine: bool
    text: str

    @property
    def line(self) -> str:
        """Return the check as people read it."""
        return f"sanity check: {self.name:8} {'ok' if self.fine else 'WARNING'}: {self.text}"


def sanity_checks(plan: Plan, workers: int = 1) -> list[Check]:
    """Look at data, packages, disk, memory, and corpora against queues; nothing is refused.

    A check that fails to look says so and is a warning too.
    """
    return [
        *_guarded("data", lambda: _data(plan)),
        *_guarded("torch", _torch),
        *_guarded("disk", lambda: _disk(plan)),
        *_guarded("memory", lambda: _memory(workers)),
        *_guarded("queue", lambda: _queues(plan)),
    ]


def _guarded(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    try:
        return look()
    except Exception as error:  # a warning must never stop what it warns of
        return [Check(name, fine=False, text=f"could not be looked at: {error}")]


def _data(plan: Plan) -> list[Check]:
    """Name data sets and weights that are not on this machine."""
    if plan.missing:
        absent = "; ".join(f"{name}: {why}" for name, why in plan.missing.items())
        return [Check("data", fine=False, text=f"not here: {absent}")]
    names = dict.fromkeys(data.name for _, _, data in plan.study.evaluation.parts)
    return [Check("data", fine=True, text=f"all found ({', '.join(names)})")]


def _torch() -> list[Check]:
    """Read the installed version; importing torch takes seconds and is the run's business."""
    try:
        return [Check("torch", fine=True, text=version("torch"))]
    except PackageNotFoundError:
        return [Check("torch", fine=False, text="not installed")]


def _disk(plan: Plan) -> list[Check]:
    free = free_mb(plan)
    forecast = forecast_cost(plan)
    needed = LEAST_DISK_MB if forecast is None else forecast.disk_mb
    text = f"{free:,.0f} MB free, about {needed:,.0f} MB wanted"
    return [Check("disk", fine=free >= needed, text=text)]


def _memory(workers: int) -> list[Check]:
    free = psutil.virtual_memory().available / MEGABYTE
    wanted = LEAST_MEMORY_MB * workers
    text = f"{free:,.0f} MB free, {wanted:,.0f} MB wanted"
    return [Check("memory", fine=free >= wanted, text=text)]


def _queues(plan: Plan) -> list[Check]:
    """Compare each queue with the corpora that fill it: a larger one holds vectors twice."""
    tasks = [task for config in plan.study.arms.values() for task in config.tasks.values()]
    neighbours = [task for task in tasks if isinstance(task, NeighbourTask)]
    corpora = {data.model_dump_json(): data for task in neighbours for data in task.data}
    counts = {key: _count(data, plan.beside) for key, data in corpora.items()}
    found = []
    for task in neighbours:
        count = sum(counts[data.model_dump_json()] for data in task.data)
        text = f"{count:,} vectors in the corpora for a queue of {task.queue_size:,}"
        found.append(Check("queue", fine=count >= task.queue_size, text=text))
    return list(dict.fromkeys(found))


def _count(data: CorpusSpec, beside: Path) -> int:
    from gonogo.data.sources.given_vectors import given_vectors
    from gonogo.data.sources.loading import load_corpus

    given = given_vectors(data, beside=beside)
    if given is not None:
        return len(given.read())
    return len(load_corpus(judged_data(data), beside=beside).ids)
