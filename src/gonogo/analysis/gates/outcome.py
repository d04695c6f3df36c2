"""What a gate makes of its effects."""

from __future__ import annotations

from dataclasses import dataclass

from gonogo.analysis.records.effects import Effect, GuardrailResult, Measurement
from gonogo.spec.rule.gate_parts import Verdict

UNDECIDED = "not decided"


@dataclass(frozen=True)
class Outcome:
    """A verdict, whether the intervals bear it, and the words for both."""

    verdict: Verdict
    support: str
    """What the interval bears, or why it bears nothing."""
    claim: str
    """The sentence's body, without verdict and support."""
    point: Verdict | None = None
    """The band of the point estimate."""
    supported: bool = True
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    guardrails: tuple[GuardrailResult, ...] = ()
    next_actions: tuple[str, ...] = ()
    """Of the verdict, if it is borne."""

    @property
    def counts_as(self) -> Verdict:
        """Return the word that actions follow: one that is not borne decides nothing."""
        return self.verdict if self.supported else "INCONCLUSIVE"


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


def invalid(
    why: tuple[str, ...],
    next_actions: tuple[str, ...],
    *,
    effects: tuple[Effect, ...] = (),
    reasons: tuple[str, ...] = (),
    point: Verdict | None = None,
) -> Outcome:
    """Return the outcome of a comparison that says nothing, whatever its figures are."""
    return Outcome(
        verdict="INVALID",
        support="not interpretable",
        claim=f"{'; '.join(why)}.",
        point=point,
        reasons=reasons,
        effects=effects,
        next_actions=next_actions,
    )
