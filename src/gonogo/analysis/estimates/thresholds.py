"""Values and intervals against lines: inclusive, with a tolerance of 1e-9."""

from __future__ import annotations

from gonogo.analysis.estimates.equivalence import absence_shown as _absence_shown
from gonogo.analysis.estimates.equivalence import presence_shown as _presence_shown
from gonogo.analysis.records.effects import Estimate
from gonogo.analysis.tables.measures import TOLERANCE
from gonogo.spec.rule.gate_parts import Verdict


def reaches(value: float, line: float) -> bool:
    """Return whether a value is at or above a line."""
    return value >= line - TOLERANCE


def band_verdict(value: float | None, passes: float, fails: float) -> Verdict:
    """Return PASS from ``passes`` on, FAIL below ``fails``, MARGINAL between, on one mean.

    A value that is None is undefined, and no verdict can rest on it.
    """
    if value is None:
        return "INCOMPLETE"
    if reaches(value, passes):
        return "PASS"
    return "MARGINAL" if reaches(value, fails) else "FAIL"


def presence_shown(estimate: Estimate, line: float) -> bool:
    """Return whether the whole interval lies at or above a line; False without an interval."""
    return bool(_presence_shown(estimate, line - TOLERANCE))


def absence_shown(estimate: Estimate, line: float) -> bool:
    """Return whether the whole interval lies below a line; False without an interval."""
    return bool(_absence_shown(estimate, line - TOLERANCE))


def crossed(estimate: Estimate, lines: dict[str, float]) -> tuple[str, ...]:
    """Return the names of the lines that an estimate's interval has on both sides, lowest first.

    Without an interval every line might be crossed.
    """
    return tuple(
        name
        for name, line in sorted(lines.items(), key=lambda item: item[1])
        if not presence_shown(estimate, line) and not absence_shown(estimate, line)
    )
