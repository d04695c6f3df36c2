"""InfoNCE over cosines with an additive margin (van den Oord et al. 2018; Yang et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gonogo.objectives.rows import at_least_fp32

_ROUNDING = 1e-2  # bf16 keeps 3 digits
_NOTHING = -1e30  # not -inf, of which a row with nothing else has no gradient but NaN


class Negatives(NamedTuple):
    """Some negatives of each query.

    Attributes:
        cosines: to the query.
        in_force: false for padding, the own positive, and likely positives.
    """

    cosines: Float[Tensor, "b m"]
    in_force: Bool[Tensor, "b m"]


class MarginLoss(NamedTuple):
    """What is minimised, and what each group of negatives would cost alone.

    Attributes:
        loss: over all groups in one denominator, with its graph.
        alone: over each group by itself, without one.
    """

    loss: Float[Tensor, ""]
    alone: tuple[Float[Tensor, ""], ...]


def margin_infonce(
    positives: Float[Tensor, "b"],
    negatives: Sequence[Negatives],
    *,
    temperature: float,
    margin: float,
) -> MarginLoss:
    r"""Return ``-mean_i log(e^{(p_i - m)/t} / (e^{(p_i - m)/t} + sum_k f_ik e^{n_ik/t}))``.

    The margin m is in cosine: it is taken off before the division by the temperature (the additive
    margin softmax of Yang et al. 2019, arXiv 1902.08564, equation 4, over the InfoNCE of van den
    Oord et al. 2018, arXiv 1807.03748, equation 4).

    Args:
        positives: p, the cosine of each query to its positive.
        negatives: n and f, in any number of groups; all stand in one denominator.
        temperature: t.
        margin: m.

    Raises:
        ValueError: for positives that are no cosines, such as logits; on a CPU alone, since an
            accelerator would have to wait for the answer.
    """
    with torch.autocast(positives.device.type, enabled=False):
        positives = at_least_fp32(positives)
        if positives.device.type == "cpu":
            _check_range(positives.detach())
        own = (positives - margin) / temperature
        # Each group is summed once: the whole denominator is a sum of its groups' sums.
        sums = [_log_sum(each, temperature) for each in negatives]
        loss = (torch.stack([own, *sums]).logsumexp(dim=0) - own).mean()
        with torch.no_grad():
            alone = tuple((torch.logaddexp(own, each) - own).mean() for each in sums)
        return MarginLoss(loss, alone)


def _check_range(positives: Float[Tensor, "b"]) -> None:
    largest = float(positives.abs().amax()) if len(positives) else 0.0
    if largest > 1 + _ROUNDING:
        raise ValueError(f"{largest:.4g} is no cosine; divided by the temperature?")


def _log_sum(group: Negatives, temperature: float) -> Float[Tensor, "b"]:
    """Return the logarithm of a group's part of each denominator."""
    logits = at_least_fp32(group.cosines) / temperature
    return logits.masked_fill(~group.in_force, _NOTHING).logsumexp(dim=1)
