"""Whether the arms learned anything at all: a loss of nothing is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gonogo.analysis.records.effects import ArmScore, Effect

UNTRAINED = "untrained"
"""The reference row of the backbone as it came."""


def learning_cautions(effects: Sequence[Effect], rows: Sequence[ArmScore]) -> Iterator[str]:
    """Say where a specialist is no better than the untrained backbone.

    A task interference ratio compares with what the specialist has learned; where it has learned
    nothing, the ratio is noise over noise, however narrow its interval.

    Args:
        effects: what was judged, with their reference arms.
        rows: mean scores, the untrained backbone's among them if it was scored.
    """
    means = {(row.arm, row.task, row.metric): row.mean for row in rows if row.dataset is None}
    for effect in effects:
        own = means.get((effect.reference, effect.task, effect.metric))
        raw = means.get((UNTRAINED, effect.task, effect.metric))
        if effect.ratio is not None and own is not None and raw is not None and own <= raw:
            yield (
                f"{effect.reference} has not learned {effect.task}: {effect.metric} {own:.4f}, "
                f"{raw:.4f} without any training; a ratio against it says nothing"
            )
