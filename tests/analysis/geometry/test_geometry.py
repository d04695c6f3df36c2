import math

import numpy as np
import pytest

from gonogo.analysis.geometry.geometry import geometry, mean_cosine, norm_statistics
from gonogo.analysis.geometry.isotropy import (
    effective_rank,
    eigenvalue_isotropy,
    gaussian_reference,
    isoscore_star,
    participation_ratio,
    spectrum,
)
from gonogo.analysis.geometry.moments import mean_and_covariance


def gaussian(count, width, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width))


def isoscore_star_by_svd(covariance):
    """The steps of I-STAR as its authors take them."""
    n = len(covariance)
    values = np.linalg.svd(covariance, compute_uv=False)
    values = np.sqrt(n) * values / np.linalg.norm(values)
    defect = np.linalg.norm(values - 1) / np.sqrt(2 * (n - np.sqrt(n)))
    return ((n - defect**2 * (n - np.sqrt(n))) ** 2 - n) / (n * (n - 1))


class TestGaussianReference:
    @pytest.mark.parametrize(
        ("dimension", "count", "figure"), [(512, 1000, 0.28), (512, 20_000, 0.84)]
    )
    def test_figures_of_perfect_data(self, dimension, count, figure):
        found = gaussian_reference(count, dimension)
        assert found == pytest.approx(figure, abs=0.005)
        assert found == pytest.approx(1 - math.sqrt(dimension / count), abs=0.002)

    def test_095_needs_204800_rows_at_d_512(self):
        assert gaussian_reference(204_800, 512) == pytest.approx(0.95, abs=1e-4)
        assert gaussian_reference(190_000, 512) < 0.95

    @pytest.mark.parametrize(("count", "dimension"), [(1000, 512), (40, 64), (300, 5)])
    def test_what_samples_score(self, count, dimension):
        draws = 1 if dimension == 512 else 40
        squares = []
        for seed in range(draws):
            _, covariance = mean_and_covariance(gaussian(count, dimension, seed))
            squares.append((1 - eigenvalue_isotropy(covariance, count).value) ** 2)
        expected = 1 - gaussian_reference(count, dimension)
        # The spread of the ratio is of the order 1 / d (relative), less over repeated draws.
        assert math.sqrt(np.mean(squares)) == pytest.approx(expected, rel=0.04)

    def test_one_dimension_is_isotropic_and_one_row_has_no_covariance(self):
        assert gaussian_reference(10, 1) == 1
        with pytest.raises(ValueError, match="1 rows"):
            gaussian_reference(1, 4)


class TestEigenvalueFigures:
    def test_by_hand(self):
        covariance = np.diag([3.0, 1.0])
        found = eigenvalue_isotropy(covariance, 9)
        assert found.value == pytest.approx(1 - 1 / 2)
        assert (found.count, found.dimension) == (9, 2)
        assert found.gaussian == gaussian_reference(9, 2)
        assert participation_ratio(covariance) == pytest.approx(16 / 10)
        assert isoscore_star(covariance) == pytest.approx(0.6)
        entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
        assert effective_rank(np.array([3.0, 1.0])) == pytest.approx(math.exp(entropy))

    def test_equals_the_mean_and_std_of_eigenvalues(self):
        covariance = np.cov(gaussian(30, 8), rowvar=False)
        values = np.linalg.eigvalsh(covariance)
        found = eigenvalue_isotropy(covariance, 30).value
        assert found == pytest.approx(1 - values.std() / values.mean(), abs=1e-12)

    @pytest.mark.parametrize("width", [2, 5, 48])
    @pytest.mark.parametrize("count", [3, 40, 500])
    def test_isoscore_star_equals_its_form_by_svd(self, width, count):
        scales = np.random.default_rng(1).lognormal(size=width)
        covariance = np.cov(gaussian(count, width) * scales, rowvar=False)
        assert isoscore_star(covariance) == pytest.approx(
            isoscore_star_by_svd(covariance), abs=1e-12
        )

    def test_extremes(self):
        even, single = np.eye(16), np.diag([1.0] + [0.0] * 15)
        assert isoscore_star(even) == pytest.approx(1)
        assert isoscore_star(single) == pytest.approx(0)
        assert eigenvalue_isotropy(even, 99).value == pytest.approx(1)
        # Not bounded by 0: this is why it never stands without IsoScore*.
        assert eigenvalue_isotropy(single, 99).value == pytest.approx(1 - math.sqrt(15))
        assert effective_rank(spectrum(even)) == pytest.approx(16)
        assert effective_rank(spectrum(single)) == pytest.approx(1)

    def test_where_nothing_varies_there_is_no_figure(self):
        flat = np.zeros((3, 3))
        figures = [
            eigenvalue_isotropy(flat, 5).value, isoscore_star(flat), participation_ratio(flat),
            effective_rank(spectrum(flat)), isoscore_star(np.ones((1, 1))),
        ]  # fmt: skip
        assert all(math.isnan(figure) for figure in figures)

    def test_spectrum_falls_and_is_never_negative(self):
        found = spectrum(np.cov(gaussian(4, 10), rowvar=False))
        assert (np.diff(found) <= 0).all()
        assert (found >= 0).all()


class TestMoments:
    @pytest.mark.parametrize("block", [1, 7, 100])
    def test_blocks_change_nothing(self, block):
        rows = gaussian(50, 4)
        mean, covariance = mean_and_covariance(rows, block)
        np.testing.assert_allclose(mean, rows.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(covariance, np.cov(rows, rowvar=False), atol=1e-13)
        assert mean_cosine(rows, block) == pytest.approx(mean_cosine(rows), abs=1e-14)

    def test_a_large_common_mean_keeps_the_covariance(self):
        rows = gaussian(200, 3) * 1e-3
        _, covariance = mean_and_covariance(rows + 1e6, 32)
        np.testing.assert_allclose(covariance, np.cov(rows, rowvar=False), rtol=1e-5, atol=1e-12)

    def test_refusals(self):
        with pytest.raises(ValueError, match="1 rows"):
            mean_and_covariance(np.ones((1, 3)))
        with pytest.raises(ValueError, match="rows 2 to 3: a number is not finite"):
            mean_and_covariance(np.array([[1.0], [2.0], [np.nan], [3.0]]), 2)


class TestCosineAndNorms:
    def test_mean_cosine_equals_the_mean_over_pairs(self):
        rows = gaussian(23, 5) + 0.5
        units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        pairs = (units @ units.T)[~np.eye(23, dtype=bool)]
        assert mean_cosine(rows) == pytest.approx(pairs.mean(), abs=1e-14)

    def test_mean_cosine_by_hand(self):
        assert mean_cosine(np.array([[2.0, 0], [5, 0]])) == pytest.approx(1)
        assert mean_cosine(np.array([[1.0, 0], [0, 3], [0, 0]])) == pytest.approx(0)
        with pytest.raises(ValueError, match="1 rows"):
            mean_cosine(np.ones((1, 2)))

    def test_norms_by_hand(self):
        found = norm_statistics(np.array([[3.0, 4], [0, 1], [0, 0]]))
        assert (found.mean, found.minimum, found.median, found.maximum) == (2, 0, 1, 5)
        assert found.std == pytest.approx(math.sqrt((9 + 1 + 4) / 3))
        with pytest.raises(ValueError, match="0 rows"):
            norm_statistics(np.zeros((0, 2)))


class TestGeometry:
    def test_figures_agree_with_their_functions(self):
        rows = (gaussian(60, 6) * [5, 2, 1, 1, 1, 0.5] + 3).astype(np.float32)
        found = geometry(rows, block=16)
        covariance = np.cov(rows.astype(np.float64), rowvar=False)
        assert (found.isotropy.count, found.isotropy.dimension) == (60, 6)
        assert found.isoscore_star == pytest.approx(isoscore_star(covariance), abs=1e-12)
        assert found.mean_cosine == pytest.approx(mean_cosine(rows), abs=1e-14)
        np.testing.assert_allclose(found.spectrum, np.linalg.eigvalsh(covariance)[::-1])
        assert found.norms == norm_statistics(rows)

    def test_rotation_shift_and_scale_change_only_what_they_should(self):
        rows = gaussian(60, 6) * [5, 2, 1, 1, 1, 0.5]
        turn, _ = np.linalg.qr(gaussian(6, 6, seed=2))
        one, other = geometry(rows), geometry(rows @ turn * 7 + 4)
        assert other.isotropy.value == pytest.approx(one.isotropy.value, abs=1e-10)
        assert other.isoscore_star == pytest.approx(one.isoscore_star, abs=1e-10)
        assert other.effective_rank == pytest.approx(one.effective_rank, rel=1e-10)
        assert other.mean_cosine > one.mean_cosine

    def test_more_rows_of_the_same_source_look_more_isotropic(self):
        few, many = geometry(gaussian(40, 16)), geometry(gaussian(4000, 16))
        assert few.isotropy.value < many.isotropy.value - 0.3
        for found in (few, many):
            assert found.isotropy.value == pytest.approx(found.isotropy.gaussian, abs=0.05)

    def test_equal_rows_have_no_isotropy_but_a_cosine_and_a_norm(self):
        found = geometry(np.tile([0.1, 0.7, -0.3], (11, 1)))
        assert math.isnan(found.isotropy.value)
        assert math.isnan(found.isoscore_star)
        assert found.mean_cosine == pytest.approx(1)
        assert found.norms.mean == pytest.approx(math.sqrt(0.59))
        assert found.spectrum == (0, 0, 0)
