"""Which specialists a plan looks at late enough to tell whether they have stopped learning."""

from __future__ import annotations

from gonogo.analysis.deciding.plateau import EARLIEST, LATEST
from gonogo.analysis.gates.build import build_gate
from gonogo.spec.study import ResolvedStudy, TrialConfig


def never_looked_at(study: ResolvedStudy) -> tuple[str, ...]:
    """Return the specialists of a gate that no look will find between 1/2 and 3/4 of its training.

    How many steps an epoch has is known with the data only, so looks by ``every`` count.
    """
    if not build_gate(study.gate).against_specialists:
        return ()
    arms = dict.fromkeys(pair.reference for pair in study.gate.contrasts)
    return tuple(arm for arm in arms if arm in study.arms and not _looked_at(study.arms[arm]))


def _looked_at(config: TrialConfig) -> bool:
    looks = config.training.validation
    if looks is None:
        return False
    return not looks.at or any(EARLIEST <= at <= LATEST for at in looks.at)
