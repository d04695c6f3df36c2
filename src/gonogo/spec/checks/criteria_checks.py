"""Whether success levels name arms that the study has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.criteria import AnyLine, Levels
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import TrialConfig


def check_criteria(
    levels: Levels,
    gate: GateSpec,
    arms: Mapping[str, TrialConfig],
    evaluation: EvaluationSpec,
    path: Path,
    other_arms: Collection[str] = (),
) -> None:
    """Refuse lines on arms that no run of the study could ever have.

    Lines that name no arms mean the gate's candidate and its only baseline; of several baselines
    none is meant: which of them is best, only the scores can tell.

    Data sets are no such matter: tiers score different ones, and a line on one that the tier at
    hand leaves out is answered as unknown. So is a line that all of some arms must meet, where the
    tier leaves out one of them (``other_arms``).

    Raises:
        UserError: naming the level, the line and the arm.
    """
    rows = {row.name for row in evaluation.references}
    candidate, baseline = gate.candidate_arm, gate.sole_baseline
    fallback = {"candidate": candidate, "arm": candidate, "baseline": baseline}
    for level, lines in levels.items():
        for place, line in _lines(f"criteria.{level}", lines):
            for row in line.named:
                known = {*arms, *(rows if row.reference else ())}
                known |= set(other_arms) if row.key == "arms" else set()
                chosen = fallback.get(row.key) if row.name is None else row.name
                where = f"{place}.{row.key}"
                if chosen is None:
                    what, hint = f"the gate names no single {row.key} to take", nearest("", known)
                    raise UserError(what, file=path, place=where, hint=hint)
                if chosen not in known:
                    hint = nearest(chosen, known)
                    raise UserError(f"no arm {chosen!r}", file=path, place=where, hint=hint)


def _lines(place: str, lines: Iterable[AnyLine]) -> Iterator[tuple[str, AnyLine]]:
    for number, line in enumerate(lines):
        yield f"{place}[{number}]", line
        for key, inner in line.lines_within:
            yield f"{place}[{number}].{key}", inner
