"""What several products read is rounded to their number format once, on a CPU.

Autocast rounds an activation for each product that reads it, and brings each product's gradient
back to fp32 before it sums them: three copies of every token's vector before an attention, and
three behind its gradient.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertSelfAttention
from transformers.models.roberta.modeling_roberta import RobertaSelfAttention
from transformers.models.xlm_roberta.modeling_xlm_roberta import XLMRobertaSelfAttention

_ATTENTION = (BertSelfAttention, RobertaSelfAttention, XLMRobertaSelfAttention)


def for_products(values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Return values in the format that autocast multiplies in; as they are where it is off."""
    device = values.device.type
    if not torch.is_autocast_enabled(device):
        return values
    return values.to(torch.get_autocast_dtype(device))


def round_attention_inputs(module: nn.Module) -> None:
    """Let queries, keys and values of BERT-like attention inside ``module`` read one rounding."""
    for part in module.modules():
        if type(part) in _ATTENTION:
            part.register_forward_pre_hook(_rounded)


def _rounded(_: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    hidden, *others = arguments
    return for_products(hidden), *others
