"""Work for every expert: the load-balancing loss, and the shift of choices that needs none."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.models.parts.emitted import emit_term
from gonogo.models.routers.router import mean

_PULL = 1e-3
"""Weight of the shift's gradient. AdamW's steps do not depend on it, a clipped norm would."""


def shares(chosen: Bool[Tensor, "m e"], real: Bool[Tensor, " m"] | None) -> Float[Tensor, " e"]:
    """Return each expert's share of all choices; they sum to 1."""
    loads = mean(chosen.float(), real)
    return loads / loads.sum()


def balance_loss(
    gates: Float[Tensor, "m e"], chosen: Bool[Tensor, "m e"], real: Bool[Tensor, " m"] | None
) -> Float[Tensor, ""]:
    """Return experts x sum of (share of choices x mean gate); 1 where both are even.

    Fedus et al. 2021, Switch Transformers (arXiv 2101.03961), equation 4, for routers that may
    choose several experts: the share is that of all choices. It carries no gradient.

    Args:
        gates: before any choice, each row on the simplex.
        chosen: which experts each token has; the likeliest where it has all.
        real: which rows are no padding.
    """
    return gates.shape[1] * (shares(chosen, real) * mean(gates, real)).sum()


def pull_bias(
    bias: Float[Tensor, " e"], chosen: Bool[Tensor, "m e"], real: Bool[Tensor, " m"] | None
) -> None:
    """Tell a term of value 0 whose gradient at ``bias`` is each expert's load above the even one.

    Auxiliary-loss-free balancing (Wang et al. 2024, arXiv 2408.15664; DeepSeek-V3, arXiv
    2412.19437) adds a fixed step to the bias of an expert with too little load after every
    optimiser step, and takes one from an expert with too much: the sign of this gradient. AdamW's
    normalised step is that rule, smoothed; and the gradient goes through cores, chunks and
    GradCache as any other, so that the load is that of the whole step, of all tasks together.
    """
    excess = shares(chosen, real) - 1 / chosen.shape[1]
    value = ((bias - bias.detach()) * excess.detach().to(bias.dtype)).sum()
    emit_term("router_bias", value, weight=_PULL, count=len(chosen))
