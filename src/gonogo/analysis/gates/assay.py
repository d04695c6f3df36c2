"""Assay sensitivity: a comparison with an arm that has not learned, or cannot differ, says nothing.

"No loss against the specialist" means something only if the specialist itself beats the model
without any training; a trial without that can pass or fail by having learned nothing (ICH E10,
Choice of control group in clinical trials (2000); Pigeot et al., Statistics in Medicine 22 (2003)).
Nor can arms be told apart on queries that both answer to the measure's ceiling, or both not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.effects import defined
from gonogo.analysis.estimates.estimates import difference_estimate, ratio_estimate
from gonogo.analysis.estimates.retention import retention_estimate
from gonogo.analysis.gates.support import span
from gonogo.analysis.gates.wording import amount, line_percent, percent, spread
from gonogo.analysis.promised.expected import Contrast
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect, Learning
from gonogo.analysis.tables.measures import TOLERANCE, value_range
from gonogo.analysis.tables.strata import seed_means
from gonogo.spec.rule.gates import ImprovementGate, InterferenceGate

UNTRAINED = "untrained"
"""The row that stands for no training where neither gate nor study names one."""
Array = Float[np.ndarray, "seeds _"]


@dataclass(frozen=True)
class Arrays:
    """Scores of both arms and of the untrained row, one (seeds, queries) array a data set."""

    reference: Sequence[Array]
    candidate: Sequence[Array]
    untrained: Sequence[Array] | None
    """None where the row is absent, or lacks a query."""


def untrained_row(scores: JudgedScores) -> str | None:
    """Return the name of the row without training: the gate's, the study's, or the usual one."""
    named = scores.gate.untrained or scores.expected.untrained
    if named:
        return named
    return UNTRAINED if UNTRAINED in scores.table.seeds else None


def untrained_values(scores: JudgedScores, task: str) -> list[Array] | None:
    """Return the untrained row's values on the judged queries; None where any is missing."""
    name = untrained_row(scores)
    if name is None or name not in scores.table.seeds:
        return None
    try:
        values = list(scores.values(task, name).values())
    except KeyError:
        return None
    return None if any(np.isnan(block).any() for block in values) else values


def untrained_hole(scores: JudgedScores) -> tuple[str, ...]:
    """Name the tasks on which a row that the gate itself names has no scores."""
    name = scores.gate.untrained
    tasks = dict.fromkeys(c.task for c in scores.contrasts if c.reference not in (None, name))
    return tuple(
        f"{name} (gate.untrained), {task}, {scores.metric}: not on every judged query"
        for task in (tasks if name else ())
        if untrained_values(scores, task) is None
    )


def assess(scores: JudgedScores, contrast: Contrast, effect: Effect) -> Effect:
    """Return the effect with what its arms have learned, and why it says nothing if it does not."""
    if not scores.seeds_paired(contrast):
        return effect
    strata = scores.strata(contrast)
    raw = untrained_values(scores, contrast.task)
    if raw is not None:
        shapes = [part.reference.shape for part in strata]
        raw = [np.broadcast_to(u, shape) for u, shape in zip(raw, shapes, strict=True)]
    arrays = Arrays([part.reference for part in strata], [part.candidate for part in strata], raw)
    gate, name = scores.gate, untrained_row(scores)
    learning = None
    if raw is not None and name and name not in contrast.arms:
        line = gate.pass_ if isinstance(gate, InterferenceGate) else 0.0
        learning = _learning(arrays, effect, name, line)
    why = _degenerate(arrays, effect) or _unlearned(scores, arrays, effect, learning)
    return effect.model_copy(update={"learning": learning, "invalid": why})


def _learning(arrays: Arrays, effect: Effect, name: str, line: float) -> Learning:
    assert arrays.untrained is not None  # noqa: S101 - the caller has looked
    pairs = list(zip(arrays.untrained, arrays.reference, strict=True))
    gain = difference_estimate(pairs, bootstrap_draws=0)
    share = None
    if effect.ratio is not None and defined([(r, u) for u, r in pairs]):
        share = ratio_estimate([(r, u) for u, r in pairs], bootstrap_draws=0)
    judged = gain if effect.ratio is None else share
    above = [c - u for c, u in zip(arrays.candidate, arrays.untrained, strict=True)]
    return Learning(
        untrained=name,
        arm=effect.reference,
        mean=float(seed_means(arrays.reference).mean()),
        untrained_mean=float(seed_means(arrays.untrained).mean()),
        share=share,
        gain=gain,
        retention=retention_estimate(above, [r - u for u, r in pairs]),
        line=line,
        shown=judged is not None and judged.interval is not None and judged.interval.low > line,
    )


def _unlearned(
    scores: JudgedScores, arrays: Arrays, effect: Effect, learning: Learning | None
) -> str:
    """Say that the arm which the comparison leans on has not learned; empty where it has.

    Of a gain over another trained arm it is enough that either has learned, or that the gain itself
    is shown: that is learning too. A row that nothing trains, such as BM25, has nothing to learn.
    """
    if learning is None or learning.shown:
        return ""
    if isinstance(scores.gate, ImprovementGate):
        trained = effect.reference not in scores.expected.references
        candidate = difference_estimate(
            list(zip(arrays.untrained or (), arrays.candidate, strict=True)), bootstrap_draws=0
        )
        learned = span(candidate).low > 0 or span(effect.difference).low >= scores.gate.pass_
        if learned or not trained:
            return ""
        return (
            f"neither {effect.reference} nor {effect.candidate} is shown to have learned "
            f"{effect.task}: {_figures(learning, effect)}"
        )
    return f"{effect.reference} is not shown to have learned {effect.task}: " + _figures(
        learning, effect
    )


def _figures(learning: Learning, effect: Effect) -> str:
    means = (
        f"{effect.metric} {learning.mean:.4f}, {learning.untrained_mean:.4f} without any training"
    )
    if effect.ratio is None:
        value = amount(learning.gain.value or 0.0, effect.metric)
        return f"{means}; it gained {value} ({spread(learning.gain)}), not surely above 0"
    if learning.share is None or learning.share.value is None:
        return means
    return (
        f"{means}; training brought {percent(learning.share.value)} of its score "
        f"({spread(learning.share)}), not surely above {line_percent(learning.line)}"
    )


def _degenerate(arrays: Arrays, effect: Effect) -> str:
    """Say that the arms stand where the measure cannot tell them apart; empty where it can."""
    low, high = value_range(effect.metric)
    place = f"{effect.task}, {effect.metric}"
    if _all_at(arrays.reference, high) and _all_at(arrays.candidate, high):
        return (
            f"{place}: both arms reach the ceiling on every query; "
            "the data are too easy to show a difference"
        )
    needed = [arrays.reference]
    if effect.ratio is None:
        needed.append(arrays.candidate)
    found, count = _above(arrays.reference, low)
    if 0 < 2 * found < count and all(_near(values, low) for values in needed):
        return (
            f"{place}: {effect.reference} scores above the floor on {found:,} of {count:,} queries "
            "only; its mean cannot be told from the floor, and nothing can be measured against it"
        )
    if _all_at(arrays.reference, low) and effect.ratio is not None:
        return f"{place}: TIR is undefined, because {effect.reference} scores 0 on every query"
    if _all_at(arrays.candidate, low):
        both = "both arms find" if _all_at(arrays.reference, low) else f"{effect.candidate} finds"
        return f"{place}: {both} nothing on any query; look for broken runs or identifiers"
    return ""


def _all_at(values: Sequence[Array], bound: float) -> bool:
    return bool(np.isfinite(bound)) and all(
        (np.abs(block - bound) <= TOLERANCE).all() for block in values
    )


def _above(values: Sequence[Array], low: float) -> tuple[int, int]:
    """Return the queries on which any seed scores above the floor, and all of them."""
    return (
        sum(int((block > low + TOLERANCE).any(axis=0).sum()) for block in values),
        sum(block.shape[1] for block in values),
    )


def _near(values: Sequence[Array], low: float) -> bool:
    """Return whether these models' mean over queries cannot be told from the floor.

    Then a ratio over it has no bounded interval (Fieller 1954). Seeds are averaged first: the
    question is what these very models find.
    """
    from scipy.special import stdtrit

    if not np.isfinite(low) or any(block.shape[1] < 2 for block in values):
        return False
    means = [block.mean(axis=0) - low for block in values]
    parts = [float(block.var(ddof=1)) / len(block) / len(means) ** 2 for block in means]
    if sum(parts) == 0:
        return all(float(block.mean()) <= TOLERANCE for block in means)
    doubt = sum(p**2 / (len(b) - 1) for p, b in zip(parts, means, strict=True))
    half = float(stdtrit(sum(parts) ** 2 / doubt, 0.975)) * sum(parts) ** 0.5
    return bool(np.mean([block.mean() for block in means]) <= half)
