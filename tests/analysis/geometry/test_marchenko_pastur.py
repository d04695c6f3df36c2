from __future__ import annotations

import numpy as np
import pytest

from gonogo.analysis.geometry.isotropy import gaussian_reference
from gonogo.analysis.geometry.marchenko_pastur import gaussian_spectrum


@pytest.mark.parametrize(("count", "dimension"), [(400, 100), (1000, 50), (101, 100), (60, 100)])
def test_equals_the_spectrum_of_gaussian_data(count: int, dimension: int) -> None:
    rows = np.random.default_rng(0).normal(size=(count, dimension))
    found = np.linalg.eigvalsh(np.cov(rows, rowvar=False))[::-1]
    expected = gaussian_spectrum(count, dimension)
    assert np.abs(found - expected).max() < 0.12 * expected.max()
    assert np.abs(found - expected).mean() < 0.03


@pytest.mark.parametrize(("count", "dimension"), [(1000, 512), (20_000, 512), (300, 512)])
def test_its_isotropy_is_the_gaussian_reference(count: int, dimension: int) -> None:
    values = gaussian_spectrum(count, dimension)
    isotropy = 1 - values.std() / values.mean()
    assert isotropy == pytest.approx(gaussian_reference(count, dimension), abs=0.01)
    assert values.mean() == pytest.approx(1.0, abs=0.01)
    assert (np.diff(values) <= 0).all()


def test_rows_fewer_than_dimensions_leave_zeros() -> None:
    values = gaussian_spectrum(51, 200)
    assert (values > 0).sum() == 50
    with pytest.raises(ValueError, match="1 rows"):
        gaussian_spectrum(1, 4)
