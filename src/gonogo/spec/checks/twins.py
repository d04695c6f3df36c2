"""Arms that a tier or an override has made equal: one of them is trained, for all."""

from __future__ import annotations

from collections.abc import Mapping

from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import Experiment, ResolvedStudy, TrialConfig


def joined_twins(
    rows: Mapping[str, Experiment], arms: Mapping[str, TrialConfig], gate: GateSpec
) -> dict[str, Experiment]:
    """Return rows of which those with equal arms name the first of these, and share its trials.

    An arm that the gate names stays what it is: a verdict compares arms by their names.

    Args:
        rows: of the study, in order.
        arms: every arm's whole configuration.
        gate: the rule that decides.
    """
    named = {*gate.arm_places.values(), *gate.row_places.values()}
    first: dict[str, str] = {}
    for row in rows.values():
        twins = (arm for arm in first if arm == row.arm or arms[arm] == arms[row.arm])
        first[row.arm] = row.arm if row.arm in named else next(twins, row.arm)
    return {name: row.model_copy(update={"arm": first[row.arm]}) for name, row in rows.items()}


def twin_of(arm: str, study: ResolvedStudy) -> str | None:
    """Return the trained arm whose settings an arm has that nothing trains; None for its own."""
    trained = (row.arm for row in study.experiments.values())
    return next((other for other in trained if study.arms[other] == study.arms[arm]), None)
