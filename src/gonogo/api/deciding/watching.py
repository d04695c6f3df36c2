"""Two systems whose files grow, looked at again and again until they are decided."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.report.cells.formats import bounds, number
from gonogo.spec.rule.gate_parts import Lines
from gonogo.study.deciding.decision import read_gate
from gonogo.study.deciding.watching import Watched, look


@dataclass(frozen=True)
class Look:
    """What two systems differ by after so many queries."""

    found: Watched
    word: str
    """PASS, FAIL or MARGINAL by a gate's lines, ``better`` or ``worse`` without a gate; empty while
    the interval reaches over a line."""

    def __str__(self) -> str:
        one = self.found
        span = bounds(one.interval.low, one.interval.high, "signed")
        said = f"{self.word}, for these very models" if self.word else "undecided"
        return (
            f"{one.queries:,} queries: {one.candidate} - {one.reference} in {one.metric} on "
            f"{one.dataset} {number(one.value, 'signed')}, running 95 % interval {span}: {said}"
        )


def watch(
    systems: Sequence[str | Path],
    qrels: str | None = None,
    metric: str | None = None,
    *,
    gate: str | None = None,
    tier: str | None = None,
    overrides: Sequence[str] = (),
    every: float = 5.0,
) -> Iterator[Look | None]:
    """Yield the running interval of two systems whenever they have more queries; end when decided.

    The interval holds after all numbers of queries at once, so that one may stop at any of them.

    Args:
        systems: two runs or score tables that may grow, the reference first.
        qrels: judgements, for runs.
        metric: the gate's if not given, or nDCG@10.
        gate: a study or gate file whose lines decide; without one zero does.
        tier: of that study.
        overrides: of that study, such as ``gate.pass=0.02``.
        every: seconds between looks.

    Yields:
        None once, where there is nothing to look at yet; a look whenever there is more.

    Raises:
        UserError: as ``gonogo.study.deciding.watching.look``, and for a gate that is no gain over
            one baseline.
    """
    lines = None
    if gate is not None:
        lines, own = _lines(gate, tier, tuple(overrides))
        metric = metric or own
    paths, seen = [Path(system) for system in systems], -1
    while True:
        found = look(paths, qrels, metric)
        if found is None and seen < 0:
            seen = 0
            yield None
        if found is not None and found.queries != seen:
            seen, word = found.queries, _word(found, lines)
            yield Look(found, word)
            if word:
                return
        time.sleep(every)


def _lines(gate: str, tier: str | None, overrides: tuple[str, ...]) -> tuple[Lines, str]:
    """Return a gate's lines and its measure."""
    rule, _ = read_gate(gate, tier, overrides)
    if rule.sole_baseline is None or rule.lines is None:
        raise UserError(
            "only a gate of kind improvement with one baseline is watched",
            hint="without a gate, watching ends when the interval leaves out zero",
        )
    return rule.lines, rule.metric


def _word(found: Watched, lines: Lines | None) -> str:
    """Return what the interval decides; empty while it reaches over a line."""
    low, high = found.interval.low, found.interval.high
    if lines is None:
        return "better" if low > 0 else "worse" if high < 0 else ""
    if low >= lines.pass_:
        return "PASS"
    if high < lines.fail:
        return "FAIL"
    return "MARGINAL" if low >= lines.fail and high < lines.pass_ else ""
