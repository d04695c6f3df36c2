"""The gate's comparison beside those that hold something else equal, and what is equal in fact.

An exposure-matched joint adapter is updated for all tasks together, so about twice as often as a
specialist of two; an update-matched one sees each task half as often. A loss under one and a gain
under the other is no contradiction: it is how far the specialists are from their plateau.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gonogo.analysis.gates.gates import judge
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.compared import Compared, ComparedTask
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.records.evidence import Evidence
from gonogo.spec.rule.gates import GateSpec

SLACK = 0.01
"""Amounts that differ by less count as equal."""


def compared(scores: JudgedScores, outcome: Outcome, evidence: Evidence) -> tuple[Compared, ...]:
    """Return the gate's comparison and the others, in the gate's order; nothing without others.

    Args:
        scores: what was judged.
        outcome: of the gate itself.
        evidence: steps and examples of every trial, as far as they are known.
    """
    if not scores.gate.others:
        return ()
    rows = [_one(scores.gate, outcome.effects, evidence, decides=True)]
    for gate in scores.gate.others:
        own = JudgedScores(scores.table, gate, scores.promised)
        found = judge(own, evidence.judged_runs)
        rows.append(_one(gate, found.effects, evidence, decides=False))
    return tuple(rows)


def _one(
    gate: GateSpec, effects: Sequence[Effect], evidence: Evidence, *, decides: bool
) -> Compared:
    by_task = {effect.task: effect for effect in effects}
    tasks = []
    for pair in gate.contrasts:
        alone, effect = pair.reference or "", by_task.get(pair.task)
        told = (
            {}
            if effect is None
            else {
                "estimate": effect.ratio or effect.difference,
                "verdict": effect.verdict,
                "invalid": effect.invalid,
            }
        )
        tasks.append(
            ComparedTask(
                task=pair.task,
                joint=pair.candidate,
                specialist=alone,
                examples=_over(_examples(evidence, pair.task), pair.candidate, alone),
                updates=_over(_updates(evidence), pair.candidate, alone),
                **told,
            )
        )
    return Compared(matched=gate.matching, decides=decides, tasks=tuple(tasks))


Amounts = dict[str, list[float]]
"""Of each arm, one a trial."""


def _examples(evidence: Evidence, task: str) -> Amounts:
    found: Amounts = {}
    for trial in evidence.trials:
        if task in trial.examples:
            found.setdefault(trial.arm, []).append(float(trial.examples[task]))
    return found


def _updates(evidence: Evidence) -> Amounts:
    found: Amounts = {}
    for trial in evidence.trials:
        if trial.steps is not None:
            found.setdefault(trial.arm, []).append(float(trial.steps))
    return found


def _over(amounts: Amounts, joint: str, alone: str) -> float | None:
    if not amounts.get(joint) or not amounts.get(alone):
        return None
    first, second = (sum(amounts[arm]) / len(amounts[arm]) for arm in (joint, alone))
    return first / second if second else None


def matching_cautions(rows: Sequence[Compared]) -> Iterator[str]:
    """Say of a comparison that what it is said to share is not equal."""
    for row in rows:
        for task in row.tasks:
            shared = {"exposure": task.examples, "updates": task.updates}.get(row.matched)
            if shared is not None and abs(shared - 1.0) > SLACK:
                what = "examples" if row.matched == "exposure" else "optimiser steps"
                yield (
                    f"{task.task}, matched by {row.matched}: {task.joint} has {shared:.2f} x the "
                    f"{what} of {task.specialist}"
                )
