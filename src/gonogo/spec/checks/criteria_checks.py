"""Whether success levels name arms that the study has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gonogo.core.errors import UserError, nearest
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.criteria import (
    AllSets,
    AnyOf,
    AverageAbove,
    Criterion,
    Finished,
    Gain,
    IsotropyHigher,
    Levels,
)
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import TrialConfig


def check_criteria(
    levels: Levels,
    gate: GateSpec,
    arms: Mapping[str, TrialConfig],
    evaluation: EvaluationSpec,
    path: Path,
) -> None:
    """Refuse lines on arms that no run of the study could ever have.

    Lines that name no arms mean the gate's candidate and its only baseline; of several baselines
    none is meant: which of them is best, only the scores can tell.

    Data sets are no such matter: tiers score different ones, and a line on one that the tier at
    hand leaves out is answered as unknown.

    Raises:
        UserError: naming the level, the line and the arm.
    """
    rows = {row.name for row in evaluation.references}
    candidate, baseline = gate.candidate_arm, gate.sole_baseline
    for level, lines in levels.items():
        for place, line in _lines(f"criteria.{level}", lines):
            for key, name, known in _named(line, set(arms), rows):
                fallback = {"candidate": candidate, "arm": candidate, "baseline": baseline}
                chosen = name if name is not None else fallback.get(key)
                if chosen is None:
                    raise UserError(
                        f"the gate names no single {key} to take",
                        file=path,
                        place=f"{place}.{key}",
                        hint=nearest("", known),
                    )
                if chosen not in known:
                    hint = nearest(chosen, known)
                    where = f"{place}.{key}"
                    raise UserError(f"no arm {chosen!r}", file=path, place=where, hint=hint)


def _lines(place: str, lines: tuple[Criterion, ...]) -> Iterator[tuple[str, Criterion]]:
    for number, line in enumerate(lines):
        yield f"{place}[{number}]", line
        if isinstance(line, AnyOf):
            yield from _lines(f"{place}[{number}].lines", line.lines)


def _named(
    line: Criterion, arms: set[str], rows: set[str]
) -> Iterator[tuple[str, str | None, set[str]]]:
    """Yield (key, name, names that are known) of the arms that a line names."""
    match line:
        case Gain() | IsotropyHigher():
            yield "candidate", line.candidate, arms
            yield "baseline", line.baseline, arms | rows
        case AverageAbove():
            yield "arm", line.arm, arms | rows
        case Finished() | AllSets():
            yield from (("arms", arm, arms) for arm in line.arms)
        case _:
            return
