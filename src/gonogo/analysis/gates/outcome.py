"""What a gate makes of its effects."""

from __future__ import annotations

from dataclasses import dataclass

from gonogo.analysis.records.effects import Effect, Measurement
from gonogo.spec.rule.gates import Verdict

UNDECIDED = "not decided"


@dataclass(frozen=True)
class Outcome:
    """A verdict on means, how well the intervals support it, and the words for both."""

    verdict: Verdict
    support: str
    """What the interval supports; labels of preliminary work come on top."""
    claim: str
    """The sentence's body, without verdict and support."""
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    next_actions: tuple[str, ...] = ()


def incomplete(
    missing: tuple[str, ...],
    next_actions: tuple[str, ...],
    effects: tuple[Effect, ...] = (),
    reasons: tuple[str, ...] = (),
) -> Outcome:
    """Return the outcome that says what is missing, beside what is known all the same."""
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    return Outcome(
        verdict="INCOMPLETE",
        support=UNDECIDED,
        claim=f"missing {missing[0]}{more}.",
        reasons=reasons,
        missing=missing,
        effects=effects,
        next_actions=next_actions,
    )
