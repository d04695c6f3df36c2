"""How an effect differs between data sets: opposite effects may cancel in the mean.

Cochran's Q weighs each data set's squared deviation by its own variance: that of its queries, and
that of what seeds do on one data set and not on others. What a seed does everywhere shifts all
effects alike and is no heterogeneity. The spread of the true effects is the excess of the effects'
sample variance over the mean of those variances (Hedges' moment estimate, which takes equal weights
as the judged mean does). The prediction interval says where the effect measured on one further data
set may lie: with the sample variance itself, noise included, it is exact for alike data sets, where
the plug-in of the true effects' spread covers 90 % with three to five of them.

Sources: Cochran, Biometrics 10 (1954); Hedges & Olkin, Statistical Methods for Meta-Analysis
(1985), ch. 9; Higgins, Thompson & Spiegelhalter, JRSS A 172 (2009) (prediction interval), with
Student's t of Hartung & Knapp.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gonogo.analysis.estimates.estimates import ratio_pseudo_values
from gonogo.analysis.estimates.layout import Layout, data_set_table
from gonogo.analysis.promised.judged import Stratum
from gonogo.analysis.records.effects import Between, DatasetEffect, Interval
from gonogo.analysis.statistics.variance import query_split
from gonogo.analysis.tables.strata import Values

_SMALLEST = 1e-18
"""Squared noise below which effects are told apart by rounding alone."""


def between(
    parts: Sequence[DatasetEffect], strata: Sequence[Stratum], layout: Layout
) -> Between | None:
    """Compare the data sets' effects, in the units of the ratio where there is one.

    Args:
        parts: the effect on each data set, with its interval.
        strata: their scores, in any order.
        layout: how these hang together.

    Returns:
        None for a single data set, or a ratio that is undefined.
    """
    if len(strata) < 2:
        return None
    arrays = [(stratum.reference, stratum.candidate) for stratum in strata]
    ratio = parts[0].ratio is not None
    less, more = [pair[0] for pair in arrays], [pair[1] for pair in arrays]
    if ratio:
        values = ratio_pseudo_values(_averaged(less, more, layout))
        if values is None:
            return None
        scale = float(np.mean([block.mean() for block in less]))
        less, more = [-block / scale for block in less], [-block / scale for block in more]
        effects = np.array([block.mean() for block in values])
    else:
        effects = np.array([m.mean() - b.mean() for b, m in zip(less, more, strict=True)])
    own = _variances(less, more, layout)
    table = layout.by_data_set().parts(data_set_table(less), data_set_table(more))
    q, p, tau = _test(effects, own)
    ends = [(p.dataset, p.ratio or p.difference) for p in parts]
    known = [(name, one.interval) for name, one in ends if one.interval is not None]
    return Between(
        q=q,
        df=float(len(effects) - 1),
        p=p,
        tau=tau,
        predicted=_predicted(effects, table.variance),
        above=tuple(name for name, interval in known if interval.low > 0),
        below=tuple(name for name, interval in known if interval.high < 0),
    )


def _averaged(less: Values, more: Values, layout: Layout) -> list[tuple[np.ndarray, np.ndarray]]:
    if layout.paired:
        return list(zip(less, more, strict=True))
    return [
        (below.mean(axis=0, keepdims=True), above.mean(axis=0, keepdims=True))
        for below, above in zip(less, more, strict=True)
    ]


def _variances(less: Values, more: Values, layout: Layout) -> Float[np.ndarray, " sets"]:
    """Return the variance of each data set's effect, without what seeds do on all of them."""
    codes = layout.clusters or [None] * len(less)
    own = []
    for below, above, clusters in zip(less, more, codes, strict=True):
        rest = 0.0
        if layout.paired:
            shared, _, rest = query_split(above - below, clusters)
        else:
            gap = above.mean(axis=0, keepdims=True) - below.mean(axis=0, keepdims=True)
            shared = query_split(gap, clusters)[0]
            rest = sum(query_split(arm, clusters)[2] for arm in (below, above))
        own.append(max(0.0, shared - rest))
    tables = data_set_table(less)[0], data_set_table(more)[0]
    crossed = [tables[1] - tables[0]] if layout.paired else list(tables)
    found: Float[np.ndarray, " sets"] = np.array(own) + sum(map(_interaction, crossed))
    return found


def _interaction(table: Float[np.ndarray, "seeds sets"]) -> float:
    """Return the variance over seeds, on one data set, of the mean beyond what all sets share."""
    seeds, sets = table.shape
    if seeds < 2:
        return 0.0
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    squares = float((rest**2).sum())
    return float(squares / ((seeds - 1) * (sets - 1) * seeds))


def _test(
    effects: Float[np.ndarray, " sets"], own: Float[np.ndarray, " sets"]
) -> tuple[float, float, float]:
    """Return Q, its p and tau."""
    from scipy.special import chdtrc

    weights = 1.0 / np.maximum(own, _SMALLEST)
    centre = float(weights @ effects / weights.sum())
    q = float(weights @ (effects - centre) ** 2)
    excess = float(effects.var(ddof=1) - own.mean())
    return q, float(chdtrc(len(effects) - 1, q)), float(max(0.0, excess) ** 0.5)


def _predicted(
    effects: Float[np.ndarray, " sets"], variance: float, level: float = 0.95
) -> Interval | None:
    """Return where the effect measured on a further data set may lie; None below three."""
    from scipy.special import stdtrit

    df = len(effects) - 1
    if df < 2:
        return None
    half = float(stdtrit(df, (1 + level) / 2)) * float((effects.var(ddof=1) + variance) ** 0.5)
    value = float(effects.mean())
    return Interval(
        method="prediction", level=level, low=value - half, high=value + half, df=float(df)
    )
