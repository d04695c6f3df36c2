"""What to do after a verdict: nothing is shipped or dropped on a word that is not borne."""

from __future__ import annotations

from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.gate_values import contrast_values
from gonogo.analysis.gates.needs import Needs, what_decides
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.support import ALIKE, effect_span
from gonogo.analysis.promised.judged import JudgedScores


def needs_of(scores: JudgedScores, outcome: Outcome) -> Needs | None:
    """Return what would decide where nothing is decided; None elsewhere, or where none can say."""
    if outcome.counts_as != "INCONCLUSIVE":
        return None
    if any(effect_span(effect).blind == ALIKE for effect in outcome.effects):
        return None
    found = [contrast_values(scores, contrast) for contrast in scores.contrasts]
    values = [one for one in found if one is not None]
    if len(values) < len(found) or any(block.shape[1] < 2 for each in values for block in each):
        return None
    seeded = any(scores.seeds(arm) != (None,) for c in scores.contrasts for arm in c.arms)
    gate = build_gate(scores.gate)
    return what_decides(values, gate.word, gate.decides, gate.noise, seeded=seeded)


def next_steps(scores: JudgedScores, outcome: Outcome, needs: Needs | None) -> tuple[str, ...]:
    """Return the gate's own steps for what was decided, or what would let it decide.

    Args:
        scores: what was judged.
        outcome: the verdict and the gate's steps for it.
        needs: what would decide.
    """
    own = scores.gate.next_actions
    match outcome.counts_as:
        case "INCOMPLETE":
            return outcome.next_actions
        case "INCONCLUSIVE":
            more = "score more or harder queries" if needs is None else needs.words
            what = "more" if needs is None or needs.either else "seeds and queries together"
            wait = "then decide again; until then change nothing"
            return own.get("INCONCLUSIVE") or (f"gather {what}: {more}", wait)
        case "INVALID":
            return own.get("INVALID") or (
                "train longer, on more data, or with another learning rate until the arm that is "
                "compared with beats the untrained row, or score on data that tell arms apart",
                "then decide again; until then change nothing",
            )
        case "PASS" | "MARGINAL" | "FAIL" if scores.expected.preliminary:
            study = scores.expected.study
            return (
                f"run the study itself before acting: gonogo run {study}; this is a rehearsal "
                f"on tier {scores.expected.tier}",
            )
        case _:
            guarded = any(rail.state == "broken" for rail in outcome.guardrails)
            if outcome.verdict == "FAIL" and guarded:
                return own.get("FAIL", ())
            return outcome.next_actions
