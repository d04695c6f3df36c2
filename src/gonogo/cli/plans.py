"""A plan as lines of text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gonogo.study.plan import Plan


def plan_lines(plan: Plan) -> list[str]:
    """Say for each trial what will happen and why."""
    study = plan.study
    names = [*(trial.name for trial in plan.trials), *(row.name for row in plan.references)]
    actions = [*(t.action for t in plan.trials), *(row.action for row in plan.references)]
    width = max(map(len, names))
    lines = [
        f"study {study.study}, tier {study.tier}: "
        f"{len(study.arms)} arms x {len(study.seeds)} seeds",
        f"folder {plan.folder.path}",
    ]
    lines += [f"  {trial.name:{width}}  {trial.action:8}  {trial.reason}" for trial in plan.trials]
    lines += [f"  {row.name:{width}}  {row.action:8}  reference row" for row in plan.references]
    counts = Counter(actions)
    lines += [f"  to fetch first: {name}: {why}" for name, why in plan.missing.items()]
    lines.append(", ".join(f"{count} to {action}" for action, count in sorted(counts.items())))
    return lines
