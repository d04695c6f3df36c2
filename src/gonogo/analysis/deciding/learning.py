"""Whether anyone looked if the arms learned at all: a loss of nothing is nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gonogo.analysis.gates.assay import untrained_row
from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.promised.judged import JudgedScores


def learning_cautions(scores: JudgedScores, outcome: Outcome) -> Iterator[str]:
    """Say that learning was not checked, or that a comparison without learning was left out.

    A gain over a row that nothing trains, such as BM25, or between systems without seeds, asks for
    no such check.

    Args:
        scores: what was judged.
        outcome: with its effects.
    """
    gate = build_gate(scores.gate)
    for effect in outcome.effects:
        if effect.invalid and outcome.verdict != "INVALID":
            yield f"not counted: {effect.invalid}"
        trained = effect.difference.seeds and effect.reference not in scores.expected.references
        asks = gate.against_specialists or trained
        row = untrained_row(scores)
        if asks and effect.learning is None and effect.reference != row:
            why = "no row is without training" if row is None else f"{row} lacks scores there"
            yield (
                f"{effect.task}: whether {effect.reference} learned anything was not checked, "
                f"because {why}; score the model before training and name it in gate.untrained"
            )
