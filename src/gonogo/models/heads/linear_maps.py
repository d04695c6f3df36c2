"""Linear maps that a trained head has to beat, fitted on vectors of length 1.

Without centring the leading directions keep inner products best (Eckart and Young 1936), and so
cosines; principal components keep variance about the mean, which cosines do not know.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, assert_never

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from gonogo.core.errors import UserError
from gonogo.core.seeds import generator
from gonogo.models.heads.projections import LinearMap

LinearKind = Literal["svd", "pca", "random_projection", "truncation"]

_BLOCK = 8192


class Directions(NamedTuple):
    """``weights (x - mean)``, one row of weights an output."""

    weights: Float[ndarray, "e d"]
    mean: Float[ndarray, "d"]


def fit_directions(kind: LinearKind, unit: Float[ndarray, "n d"], dimension: int) -> Directions:
    """Fit a map to ``dimension`` numbers.

    Args:
        kind: ``svd``: the leading right singular vectors. ``pca``: those of centred vectors.
            ``random_projection``: Gaussian, variance 1 / dimension (Johnson and Lindenstrauss
            1984), one for all seeds. ``truncation``: the first coordinates.
        unit: vectors of length 1; looked at by the first two kinds.
        dimension: of the result.

    Raises:
        UserError: if there are fewer coordinates than that.
    """
    wide = unit.shape[1]
    if dimension > wide:
        raise UserError(f"{dimension} dimensions of vectors that have {wide}", place=kind)
    mean = np.zeros(wide, np.float32)
    match kind:
        case "svd":
            weights = _leading(unit, mean, dimension)
        case "pca":
            mean = unit.mean(axis=0, dtype=np.float64).astype(np.float32)
            weights = _leading(unit, mean, dimension)
        case "random_projection":
            drawn = generator(0, "random_projection", wide, dimension)
            weights = drawn.standard_normal((dimension, wide)) / np.sqrt(dimension)
        case "truncation":
            weights = np.eye(dimension, wide)
        case _:
            assert_never(kind)
    return Directions(weights.astype(np.float32), mean)


def fit_linear_map(kind: LinearKind, unit: Float[ndarray, "n d"], dimension: int) -> LinearMap:
    """Return the map as a head that does not learn; :func:`fit_directions` names the arguments."""
    fitted = fit_directions(kind, unit, dimension)
    return LinearMap(torch.from_numpy(fitted.weights), torch.from_numpy(fitted.mean))


def _leading(
    unit: Float[ndarray, "n d"], mean: Float[ndarray, "d"], dimension: int
) -> Float[ndarray, "e d"]:
    """Return the leading eigenvectors of the second moments, in fp64, signs fixed."""
    moments = np.zeros((unit.shape[1], unit.shape[1]))
    for start in range(0, len(unit), _BLOCK):
        block = np.asarray(unit[start : start + _BLOCK], np.float64) - mean
        moments += block.T @ block
    vectors = np.linalg.eigh(moments).eigenvectors.T[::-1][:dimension]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return vectors * np.sign(largest)  # type: ignore[no-any-return]
