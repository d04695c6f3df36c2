"""Cross-entropy over the tokens yes and no (Qwen3-Reranker, arXiv 2506.05176, section 2.2)."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def yes_no_cross_entropy(
    margins: Float[Tensor, "n"],
    labels: Int[Tensor, "n"],
    *,
    positive_weight: float = 1.0,
) -> Float[Tensor, ""]:
    """Return the mean of ``-log p(label)`` over pairs, with ``p(yes) = sigmoid(margin)``.

    Softmax over two logits depends on their difference alone, so this equals the cross-entropy
    over (no, yes) exactly, and a model with a single logit learns by the same rule.

    Args:
        margins: logit(yes) - logit(no).
        labels: 1 for relevant, 0 for irrelevant.
        positive_weight: weight of relevant pairs; the sum is still divided by the number of pairs.
    """
    margins = margins.float() if margins.itemsize < 4 else margins
    weight = margins.new_tensor(positive_weight)
    return binary_cross_entropy_with_logits(margins, labels.to(margins), pos_weight=weight)
