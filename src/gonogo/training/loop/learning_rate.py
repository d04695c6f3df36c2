"""Linear warm-up, then half a cosine or the peak to the end.

The cosine is that of Loshchilov & Hutter 2017 (arXiv 1608.03983), without restarts.
"""

from __future__ import annotations

import math

from gonogo.spec.training import TrainingSpec
from gonogo.training.parts.schedules import Step


def warmup_steps(warmup: float, total: int) -> int:
    """Return the length of the warm-up in optimiser steps, never longer than the run.

    Args:
        warmup: a fraction of the run below 1 (rounded up), otherwise steps.
        total: optimiser steps of the run.
    """
    # 0.07 * 100 is 7.000000000000001 in floating point, and not 8 steps
    steps = round(warmup) if warmup >= 1 else math.ceil(warmup * total - 1e-9)
    return min(steps, total)


def clamped_warmup(warmup: float, total: int) -> str:
    """Say that a warm-up in steps is longer than its run, whose rate then never falls; else "".

    Args:
        warmup: as :func:`warmup_steps` takes it.
        total: optimiser steps of the run.
    """
    if round(warmup) <= total or warmup < 1:
        return ""
    return f"warm-up of {round(warmup):,} steps clamped to all {total:,}"


def cosine(step: int, total: int, *, peak: float, warmup: int, final: float = 0.0) -> float:
    """Return the learning rate of optimiser step ``step``, counted from 0.

    ``peak / warmup`` at step 0, ``peak`` at the last step of the warm-up and the one after it,
    then half a cosine that reaches ``final`` where step ``total`` would be. So no step of a run
    is wasted on a rate of zero.

    Args:
        step: optimiser steps taken before this one.
        total: optimiser steps of the run.
        peak: highest rate.
        warmup: optimiser steps of the warm-up.
        final: rate at the end; a peak below it is kept as it is.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    floor = min(final, peak)
    progress = (step - warmup) / max(1, total - warmup)
    return floor + (peak - floor) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


def constant(step: int, *, peak: float, warmup: int) -> float:
    """Return the learning rate of optimiser step ``step``, counted from 0, that stays at its peak.

    Args:
        step: optimiser steps taken before this one.
        peak: highest rate, reached at the last step of the warm-up.
        warmup: optimiser steps of the warm-up.
    """
    return peak * min(1.0, (step + 1) / max(1, warmup))


def learning_rates(
    training: TrainingSpec, plan: Step, step: int, total: int
) -> tuple[float, float]:
    """Return the learning rates of backbone and heads at a step.

    One curve spans the whole run; a staged schedule changes its peak on the way.

    Args:
        training: warm-up and final rate.
        plan: the step, with its peaks.
        step: optimiser steps taken before it.
        total: optimiser steps of the run.
    """
    warmup = warmup_steps(training.warmup, total)
    peaks = plan.learning_rate, plan.head_learning_rate
    if training.learning_rate_schedule == "constant":
        backbone, heads = (constant(step, peak=peak, warmup=warmup) for peak in peaks)
    else:
        final = training.final_learning_rate
        backbone, heads = (
            cosine(step, total, peak=peak, warmup=warmup, final=final) for peak in peaks
        )
    return backbone, heads
