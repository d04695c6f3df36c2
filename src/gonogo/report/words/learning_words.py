"""How a learning curve is read: what a shorter training would differ in, and what still rises."""

from __future__ import annotations

from collections.abc import Sequence

from gonogo.analysis.records.learning_curves import LearningCurve, LearningFile, best_share, rise
from gonogo.report.cells.formats import number

UNSEEN = (
    "Looks are taken at queries held out of the training data, among few documents: the study's "
    "test queries stay unseen, and no figure here is one of its scores."
)
SHARED = "Each curve is one training, looked at on the way to its last budget."
ANNEALED = (
    "Its learning rate falls to the end of the whole training, so at an earlier budget it still "
    "stands high (see the rate): a training planned for that budget alone would have brought it "
    "down by then, and as a rule ends at or above the value shown."
)
STEADY = (
    "Its learning rate stays at its peak, so each budget has what a training of that length would "
    "have, but for a warm-up that is a fraction of the run."
)
STAGED = "is staged: at an earlier budget it is not through its first stage, or barely"
ONE_SEED = "One seed: a difference between neighbouring budgets may be noise."


def budget_name(share: float) -> str:
    """Name a share of the budget: ``untrained``, ``1/4 x``, ``2 x``."""
    if share == 0:
        return "untrained"
    whole = 1 / share
    if share < 1 and abs(whole - round(whole)) < 1e-9:
        return f"1/{round(whole)} x"
    return f"{share:g} x"


def curve_captions(found: LearningFile) -> tuple[str, ...]:
    """Say how the curves are to be read."""
    annealed = [curve.arm for curve in found.curves if curve.annealed]
    steady = [curve.arm for curve in found.curves if not curve.annealed]
    lines = [SHARED]
    for arms, words in ((annealed, ANNEALED), (steady, STEADY)):
        if arms:
            lines.append(f"{', '.join(arms)}: {words}" if annealed and steady else words)
    lines += [f"{curve.arm} {STAGED}." for curve in found.curves if curve.staged]
    return (*lines, UNSEEN, ONE_SEED)


def curve_findings(found: LearningFile) -> list[str]:
    """Say of each arm and figure where it is best, and what the last budget still adds."""
    return [
        line
        for curve in found.curves
        for figure in curve.figures
        if (line := _finding(curve, figure, found.shares))
    ]


def _finding(curve: LearningCurve, figure: str, shares: Sequence[float]) -> str:
    best = best_share(curve, figure)
    if best is None:
        return ""
    name = f"{curve.arm}, {figure}"
    if best == 0:
        return f"{name}: never above the untrained model"
    line = f"{name}: best at {budget_name(best)}"
    if len(shares) > 1 and (last := rise(curve, figure, (shares[-2], shares[-1]))) is not None:
        first, second = budget_name(shares[-2]), budget_name(shares[-1])
        line += f"; {number(last, 'percent')} from {first} to {second}"
    return line
