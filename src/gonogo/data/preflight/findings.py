"""What a check found: green, a warning, or a blocker with the offending rows by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Status = Literal["green", "warning", "blocker"]
_NAMED = 20  # offenders that are named; all of them are counted


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        status: ``warning`` or ``blocker``.
        text: one line with the numbers.
        count: how many rows or pairs it concerns.
        rows: the first of them, by name.
    """

    status: Status
    text: str
    count: int = 0
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        check: its name.
        summary: one line for people.
        problems: what is wrong; nothing means green.
        facts: numbers behind it, as JSON holds them.
    """

    check: str
    summary: str
    problems: tuple[Problem, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Return the worst status of the problems."""
        return worst(problem.status for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """Return the finding as ``preflight.json`` holds it."""
        return {
            "check": self.check,
            "status": self.status,
            "summary": self.summary,
            "problems": [asdict(problem) for problem in self.problems],
            "facts": self.facts,
        }


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of some statuses; green without any."""
    order: tuple[Status, ...] = ("green", "warning", "blocker")
    return max(statuses, key=order.index, default="green")


def problem(
    status: Status, text: str, offenders: Sequence[object] | NDArray[Any]
) -> Problem | None:
    """Return a problem that names its first offenders, None if there is none."""
    if not len(offenders):
        return None
    named = tuple(str(offender) for offender in offenders[:_NAMED])
    return Problem(status, f"{len(offenders):,} {text}", len(offenders), named)


def problems(*found: Problem | None) -> tuple[Problem, ...]:
    """Return those that are there."""
    return tuple(one for one in found if one is not None)
