"""The work of a run: what is left to do, looked at beforehand, and told while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gonogo.core.progress import Progress
from gonogo.core.types import Device

if TYPE_CHECKING:
    from gonogo.study.planning.plan import Plan
    from gonogo.study.running.runner import RunSummary


@dataclass(frozen=True)
class Orders:
    """How a plan is run."""

    device: Literal["auto"] | Device = "auto"
    workers: int = 1
    stop_when_decided: bool = False
    run_id: str | None = None


def names_of(plan: Plan, run_id: str | None, say: Callable[[str], object]) -> dict[str, str]:
    """Check a name before anything runs; say so where its row is finished under another one.

    Returns:
        The names that the run will give, by row.
    """
    if run_id is None:
        return {}
    from gonogo.study.tracking.run_ids import finished_as, names_given

    names = names_given(plan, run_id)
    for row, known in finished_as(plan, names).items():
        if names.pop(row) != known:
            say(f"{row}: finished already as {known}; forced, it runs anew under this name")
    return names


def work(
    plan: Plan, orders: Orders, progress: Progress, warn: Callable[[str], object]
) -> RunSummary | None:
    """Run what is left to do; import nothing heavy when nothing is."""
    from gonogo.api.studies.plan_words import stop_lines

    names_of(plan, orders.run_id, progress.say)
    if plan.is_finished:
        from gonogo.study.running.settling import settle_finished

        settle_finished(plan)  # a run that was killed at its last step has left that undone
        progress.say("nothing to do: every trial is finished")
        return None
    if orders.stop_when_decided and (stopped := stop_lines(plan)):
        progress.say(f"nothing to do: {stopped[0]}")
        return None
    from gonogo.core.extras import require

    require("train", "running a study")
    from gonogo.study.planning.sanity import sanity_checks

    for check in sanity_checks(plan, orders.workers):
        (progress.say if check.fine else warn)(check.line)
    progress.say("loading the libraries that train")
    from gonogo.models.parts.devices import resolve_device
    from gonogo.study.running.runner import run_plan

    return run_plan(
        plan,
        device=resolve_device(orders.device),
        progress=progress,
        workers=orders.workers,
        stop_when_decided=orders.stop_when_decided,
        run_id=orders.run_id,
    )
