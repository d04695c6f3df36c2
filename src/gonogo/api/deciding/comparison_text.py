"""A comparison in full, line by line: every pair with its estimates, tests and changed queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gonogo.api.deciding.comparison_frames import means_table
from gonogo.report.cells.formats import bounds, number
from gonogo.report.cells.table_text import text

if TYPE_CHECKING:
    from gonogo.analysis.deciding.compare import Comparison, QueryChange
    from gonogo.analysis.records.effects import Effect, Estimate

SHOWN = 5
"""Queries of each pair and direction."""


def comparison_lines(found: Comparison) -> list[str]:
    """Return means, then each pair; warnings are left to the caller."""
    lines = text(means_table(found)).splitlines()
    for pair in found.pairs:
        lines += _pair(pair.effect)
        lines += _changes("gained most", pair.improved) + _changes("lost most", pair.worsened)
    return lines


def _estimate(found: Estimate) -> str:
    interval = found.interval
    if interval is None:
        return number(found.value, "signed")
    note = f"; {interval.note}" if interval.note else ""
    span = bounds(interval.low, interval.high, "signed")
    return f"{number(found.value, 'signed')}  95 % {span} ({interval.method}{note})"


def _pair(effect: Effect) -> list[str]:
    test = effect.test
    lines = [
        "",
        f"{effect.candidate} - {effect.reference}: {effect.metric} on {effect.task}",
        f"  difference   {_estimate(effect.difference)}",
    ]
    lines += [f"  also         {i.method}: {i.low:+.4f} to {i.high:+.4f}"
              for i in effect.difference.others]  # fmt: skip
    lines += [
        f"  p            permutation {number(test.p_permutation, 'p')}, Holm "
        f"{number(test.p_holm, 'p')}, Bonferroni {number(test.p_bonferroni, 'p')}, "
        f"t {number(test.p_t, 'p')}, Wilcoxon {number(test.p_wilcoxon, 'p')}",
        f"  effect size  {number(test.effect_size, 'effect')} (Cohen's d of paired differences)",
        f"  queries      {test.wins} better, {test.ties} equal, {test.losses} worse",
    ]
    for one in effect.datasets if len(effect.datasets) > 1 else ():
        p = number(one.test.p_holm, "p")
        lines.append(f"    {one.dataset}: {_estimate(one.difference)}, p {p} (Holm)")
    return lines


def _changes(title: str, changes: tuple[QueryChange, ...]) -> list[str]:
    return [
        f"  {title}:  {change.dataset} {change.query_id}  "
        f"{change.reference:.4f} -> {change.candidate:.4f}"
        for change in changes[:SHOWN]
    ]
