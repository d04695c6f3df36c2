"""Gates as Python writes them: the metric, the arms, and the lines that decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl

from gonogo.core.errors import UserError
from gonogo.spec.reading.problems import validate
from gonogo.spec.rule.gate_parts import GateParts
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import GateFile


@dataclass(frozen=True)
class Gate:
    """A rule that decides, to be written down before the scores are seen.

    Attributes:
        settings: as a gate file has them below ``gate:``; the task may be open.
    """

    settings: Mapping[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        """Show the settings as a call."""
        shown = {name: value for name, value in self.settings.items() if name != "kind"}
        words = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"<gate {self.settings.get('kind')}: {words}>"

    def spec(self, scores: pl.DataFrame | None = None) -> GateSpec:
        """Return the checked gate; a task that was left open is the only one of the scores.

        Raises:
            UserError: for a setting that is wrong, or several tasks of which none was named.
        """
        settings = dict(self.settings)
        if "task" in settings and settings["task"] is None:
            settings["task"] = _only_task(scores)
        return validate(GateFile, {"gate": settings}, None).gate

    def to_dict(self) -> dict[str, Any]:
        """Return the settings, as a gate file would hold them."""
        return {"gate": dict(self.settings)}


def _only_task(scores: pl.DataFrame | None) -> str:
    if scores is None:
        return "run"
    tasks = scores["task"].unique().sort().to_list()
    if len(tasks) == 1:
        return str(tasks[0])
    what = f"the scores have {len(tasks)} tasks and the gate names none"
    hint = f"task=..., one of {', '.join(tasks)}" if tasks else None
    raise UserError(what, place="gate.task", hint=hint)


def improvement(
    metric: str,
    candidate: str,
    *,
    over: str | Sequence[str],
    at_least: float = 0.01,
    fail_below: float = 0.0,
    task: str | None = None,
    **settings: Any,
) -> Gate:
    """Make a gate on the gain of one arm over another, averaged over data sets.

    Args:
        metric: the measure that decides, such as ``nDCG@10``.
        candidate: the arm that should be better.
        over: the baseline, or several: then the best of them counts.
        at_least: gain from which on the candidate wins, in the metric's units (0.01: one point).
        fail_below: gain below which it does not.
        task: the task that decides; the only one of the scores if not given.
        settings: further keys of the gate, such as ``levels`` or ``next_actions``.

    Raises:
        UserError: for a setting that is wrong.
    """
    values = {
        "kind": "improvement",
        "metric": metric,
        "candidate": candidate,
        "baseline": over if isinstance(over, str) else list(over),
        "task": task,
        "pass": at_least,
        "fail": fail_below,
    }
    return _checked({**values, **settings})


def interference(
    metric: str,
    joint: str,
    *,
    specialists: Mapping[str, str],
    exists_from: float = 0.02,
    absent_below: float = 0.01,
    **settings: Any,
) -> Gate:
    """Make a gate on what an arm loses by learning all tasks together.

    Args:
        metric: the measure that decides.
        joint: the arm that learns all tasks.
        specialists: for each task the arm that learns it alone.
        exists_from: task interference ratio, (specialist - joint) / specialist, from which on
            interference exists (0.02: 2 %).
        absent_below: ratio below which there is none worth a name, on every task.
        settings: further keys of the gate.

    Raises:
        UserError: for a setting that is wrong.
    """
    values = {
        "kind": "interference",
        "metric": metric,
        "joint": joint,
        "specialists": dict(specialists),
        "pass": exists_from,
        "fail": absent_below,
    }
    return _checked({**values, **settings})


def bands(
    metric: str,
    arm: str,
    ranges: Mapping[str, tuple[float, str]] | Sequence[Mapping[str, Any]],
    *,
    task: str | None = None,
    **settings: Any,
) -> Gate:
    """Make a gate that holds a measured value against named ranges.

    Args:
        metric: the measure that decides.
        arm: whose value is judged.
        ranges: for each name the least value and the verdict, from the lowest to the highest, such
            as ``{"poor": (0, "FAIL"), "good": (0.4, "PASS")}``; or the dicts of a gate file.
        task: the task that decides; the only one of the scores if not given.
        settings: further keys of the gate.

    Raises:
        UserError: for a setting that is wrong.
    """
    if isinstance(ranges, Mapping):
        listed: list[Any] = [_band(name, found) for name, found in ranges.items()]
    else:
        listed = [dict(one) for one in ranges]
    values = {"kind": "bands", "metric": metric, "arm": arm, "bands": listed, "task": task}
    return _checked({**values, **settings})


def _band(name: str, found: object) -> dict[str, Any]:
    if isinstance(found, tuple | list) and len(found) == 2:
        return {"name": name, "least": found[0], "verdict": found[1]}
    hint = f'such as {{"{name}": (0.4, "PASS")}}'
    raise UserError(f"{found!r} is no range", place=f"ranges[{name!r}]", value=found, hint=hint)


def _checked(settings: Mapping[str, Any]) -> Gate:
    """Refuse wrong settings where they are written, not where scores are judged."""
    gate = Gate(settings)
    gate.spec()
    return gate


def as_gate(gate: object) -> Gate | GateSpec | str:
    """Return a gate in one of three forms: settings, a checked rule, or the name of a file.

    Args:
        gate: what a constructor returned, a dict as in a gate file, or a gate's specification;
            the path of a gate file, the path or name of a study.

    Raises:
        UserError: if it is none of these.
    """
    match gate:
        case Gate():
            return gate
        case str() | Path():
            return str(gate)
        case GateFile():
            return gate.gate
        case Mapping():
            return Gate(dict(gate["gate"]) if isinstance(gate.get("gate"), Mapping) else dict(gate))
        case GateParts():  # what all members of the union are
            return cast("GateSpec", gate)
        case _:
            pass
    hint = "such as gonogo.improvement(...), a dict, or the path of a gate file"
    raise UserError(f"{gate!r} is no gate", place="gate", value=gate, hint=hint)
