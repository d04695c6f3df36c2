"""SIGReg, sketched isotropic Gaussian regularisation (LeJEPA, arXiv 2511.08544, section 4).

An embedding is N(0, I) exactly if each of its one-dimensional projections is N(0, 1)
(Cramér-Wold). Random projections are tested by the distance of their empirical characteristic
function to that of N(0, 1) (Epps & Pulley, Biometrika 70, 1983), which is smooth and bounded.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from gonogo.core.types import Similarity
from gonogo.objectives.rows import unit_variance

KNOTS = 17
"""Knots of the trapezoid rule on [0, REACH]."""
REACH = 3.0
"""The integrand is even in t, so [-REACH, 0] is the same again."""
GAUSSIAN_FLOOR = 1.052
"""Expectation under N(0, I), at any number of rows, dimensions and slices."""


def slice_directions(slices: int, dimension: int, seed: int) -> Float[Tensor, "slices dimension"]:
    """Return unit vectors, uniform on the sphere; float64 on the CPU, so equal on every device."""
    draws = torch.Generator().manual_seed(seed)
    directions = torch.randn(slices, dimension, generator=draws, dtype=torch.float64)
    lengths: Tensor = torch.linalg.vector_norm(directions, dim=1, keepdim=True)
    return directions / lengths


def epps_pulley(projections: Float[Tensor, "n slices"]) -> Float[Tensor, "slices"]:
    r"""Return the statistic of each column against N(0, 1), with ``phi(t) = exp(-t^2 / 2)``.

    ::

        T = n * INT_{-3}^{3} [(mean_i cos(t x_i) - phi(t))^2 + (mean_i sin(t x_i))^2] phi(t) dt
    """
    t = torch.linspace(0, REACH, KNOTS, dtype=projections.dtype, device=projections.device)
    phi = torch.exp(-t.square() / 2)
    weights = torch.full_like(t, 2 * REACH / (KNOTS - 1))
    weights[[0, -1]] /= 2
    angles = projections.unsqueeze(-1) * t
    real = (angles.cos().mean(dim=0) - phi).square()
    imaginary = angles.sin().mean(dim=0).square()
    return len(projections) * ((real + imaginary) @ (weights * phi))


def sigreg(
    embeddings: Float[Tensor, "n d"],
    *,
    seed: int,
    slices: int = 256,
    similarity: Similarity = "euclidean",
) -> Float[Tensor, ""]:
    """Return the mean Epps-Pulley statistic over random slices.

    It does not fall to 0: under N(0, I) its expectation is 1.052 (:data:`GAUSSIAN_FLOOR`) for any
    n, so read the excess over that. Of a collapsed model it is about 0.40 n.

    The excess of anything grows with n, so small batches hide lost dimensions. Expectations of a
    Gaussian of full variance in r dimensions of d, the others empty:

    ======================  ========  =====  =====  ======  ======  =======
    n, d                    collapse  r = 1  r = 4  r = 16  r = 64  r = 256
    ======================  ========  =====  =====  ======  ======  =======
    512, 64                    205.8   85.3   28.7    6.91    1.05
    48, 512                     19.3    8.7    3.7    1.73    1.20     1.07
    16, 512                      6.4    3.4    1.9    1.26    1.10     1.06
    ======================  ========  =====  =====  ======  ======  =======

    Batches scatter around them: at 48 rows, a tenth of the value. There it sees a collapse and a
    handful of dimensions, and is blind to a model that uses half of them.

    Vectors of length 1 look collapsed (about 203 at n 512, d 256, where a point at 0 has 206).
    Those of a ``cosine`` model are multiplied by sqrt(d), and uniform ones then score the floor.

    Args:
        embeddings: one row a text.
        seed: of the directions; a new one each step, derived from the trial's seed, a name of its
            own and the step (directions that share a stream with the data are no random ones).
        slices: random directions; the cost is n x slices x 17 sines and cosines.
        similarity: how the model compares embeddings.

    Raises:
        ValueError: without rows or slices.
    """
    if len(embeddings) == 0 or slices < 1:
        raise ValueError(f"SIGReg of {len(embeddings)} rows on {slices} slices")
    # Under autocast the projections would be rounded to bf16.
    with torch.autocast(embeddings.device.type, enabled=False):
        rows = unit_variance(embeddings, similarity)
        directions = slice_directions(slices, rows.shape[1], seed).to(rows)
        return epps_pulley(rows @ directions.T).mean()
