"""``geometry.json``: the geometry of one model's embeddings of given texts."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError, field_validator

from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.spec.base import Spec

if TYPE_CHECKING:
    from gonogo.analysis.geometry.geometry import Geometry


class TextsRecord(Spec):
    """Which texts were embedded; only figures of the same texts can be compared."""

    name: str
    """Data set or file."""
    count: int
    """n, texts that were embedded."""
    fingerprint: str
    """Of the texts, in order."""
    side: str = "passage"
    """Framed as queries or as passages."""


class GeometryRecord(Spec):
    """Figures of one set of embeddings; None where nothing varies.

    ``isotropy`` means little without ``count``, ``dimension`` and the Gaussian reference at the
    same two, which is why they are one record.
    """

    model: str
    """Name of the arm, reference row or model."""
    seed: int | None = None
    texts: TextsRecord
    dimension: int
    """d, width of the embeddings."""
    isotropy: float | None
    """1 - std / mean of the covariance eigenvalues; unbounded below."""
    gaussian: float
    """What rows of N(0, I) would score at the same n and d."""
    isoscore_star: float | None
    """IsoScore*, from 0 to 1 (arXiv 2305.19358)."""
    mean_cosine: float | None
    effective_rank: float | None
    participation_ratio: float | None
    norm_mean: float
    norm_std: float
    norm_minimum: float
    norm_median: float
    norm_maximum: float
    spectrum: tuple[float, ...]
    """Eigenvalues of the covariance, largest first."""

    @field_validator(
        "isotropy",
        "isoscore_star",
        "mean_cosine",
        "effective_rank",
        "participation_ratio",
        mode="before",
    )
    @classmethod
    def _nan_is_none(cls, value: float | None) -> float | None:
        return None if value is None or math.isnan(value) else value


def record_of(
    geometry: Geometry, model: str, texts: TextsRecord, seed: int | None = None
) -> GeometryRecord:
    """Return a geometry as the record that is written down."""
    norms = {f"norm_{name}": value for name, value in asdict(geometry.norms).items()}
    return GeometryRecord(
        model=model,
        seed=seed,
        texts=texts,
        dimension=geometry.isotropy.dimension,
        isotropy=geometry.isotropy.value,
        gaussian=geometry.isotropy.gaussian,
        isoscore_star=geometry.isoscore_star,
        mean_cosine=geometry.mean_cosine,
        effective_rank=geometry.effective_rank,
        participation_ratio=geometry.participation_ratio,
        spectrum=geometry.spectrum,
        **norms,
    )


def read_geometry(path: Path) -> GeometryRecord:
    """Read ``geometry.json``.

    Raises:
        UserError: if it is missing, broken, or of another version.
    """
    try:
        return GeometryRecord.model_validate(read_json(path))
    except ValidationError as error:
        raise UserError(f"no geometry of this version: {error}", file=path) from error
