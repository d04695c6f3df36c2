"""Whitening: centre embeddings and give every direction the same variance.

Su et al. 2021, "Whitening Sentence Representations for Better Semantics and Faster Retrieval"
(arXiv 2103.15316), eq. 5: (x - mu) U sqrt(Lambda^-1) with the eigenvectors U and eigenvalues
Lambda of the covariance: PCA whitening. ZCA turns the result back by U^T, so that it stays as near
to what it was as whitening allows (Kessy, Lewin & Strimmer 2018, arXiv 1512.00809).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from gonogo.core.errors import UserError
from gonogo.core.extras import require

Method = Literal["zca", "pca"]

_FLOOR = 1e-4
"""Least eigenvalue, as a share of the mean one: noise in dead directions is not blown up."""


@dataclass(frozen=True, slots=True)
class Whitening:
    """``x -> (x - mean) @ matrix``.

    Attributes:
        mean: of the vectors that it was fitted on (d).
        matrix: turns centred vectors (d k).
    """

    mean: Float[np.ndarray, "d"]
    matrix: Float[np.ndarray, "d k"]

    def apply(self, vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """Return whitened vectors, not brought to length 1.

        Raises:
            UserError: if they have another dimension.
        """
        if vectors.shape[1] != len(self.mean):
            raise UserError(
                f"vectors of {vectors.shape[1]}, whitened by what was fitted on {len(self.mean)}"
            )
        whitened: Float[np.ndarray, "n k"] = (vectors - self.mean) @ self.matrix
        return whitened


def fit_whitening(
    mean: Float[np.ndarray, "d"],
    covariance: Float[np.ndarray, "d d"],
    method: Method = "zca",
    dimension: int | None = None,
) -> Whitening:
    """Return the whitening of vectors with this mean and covariance.

    Args:
        mean: of the vectors.
        covariance: of the vectors, symmetric.
        method: ``zca`` or ``pca``.
        dimension: with ``pca``, keep only so many directions, those of most variance.

    Raises:
        UserError: if ``dimension`` is given for ``zca``, or is larger than d.
        ValueError: if nothing varies.
    """
    if dimension is not None and (method == "zca" or not 1 <= dimension <= len(mean)):
        raise UserError(
            f"{dimension} of {len(mean)} directions by {method}",
            place="dimension",
            hint="only pca leaves directions out, and it cannot add any",
        )
    values, vectors = np.linalg.eigh(covariance)
    if values[-1] <= 0:
        raise ValueError("nothing varies")
    values, vectors = np.maximum(values[::-1], _FLOOR * values.mean()), vectors[:, ::-1]
    strongest = np.argmax(np.abs(vectors), axis=0)  # fixes each direction's sign
    vectors = vectors * np.sign(vectors[strongest, np.arange(len(mean))])
    matrix = vectors / np.sqrt(values)
    return Whitening(mean, matrix @ vectors.T if method == "zca" else matrix[:, :dimension])


def save_whitening(path: Path, whitening: Whitening) -> None:
    """Write a whitening as safetensors in fp32."""
    require("train", "writing a whitening", packages=["safetensors"])
    from safetensors.numpy import save

    from gonogo.core.files import write_bytes

    arrays = {"mean": whitening.mean, "matrix": whitening.matrix}
    packed = {name: np.ascontiguousarray(value, np.float32) for name, value in arrays.items()}
    write_bytes(path, save(packed))


def load_whitening(path: Path) -> Whitening:
    """Read what :func:`save_whitening` wrote.

    Raises:
        UserError: if the file is missing or is no whitening.
    """
    require("train", f"reading {path.name}", packages=["safetensors"])
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not path.is_file():
        raise UserError("no such file", file=path)
    try:
        arrays = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"not a safetensors file: {error}", file=path) from error
    if arrays.keys() != {"mean", "matrix"} or arrays["matrix"].shape[:1] != arrays["mean"].shape:
        raise UserError("not a whitening", file=path, hint=f"holds {', '.join(sorted(arrays))}")
    return Whitening(arrays["mean"], arrays["matrix"])
