import math

import numpy as np
import pytest

from gonogo.analysis.geometry.cka import linear_cka, minibatch_cka, pairwise_cka, unbiased_hsic


def gaussian(count, width, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width))


def rotation(width, seed=5):
    return np.linalg.qr(gaussian(width, width, seed))[0]


def in_batches(left, right, size):
    return [
        (left[i : i + size], right[i : i + size]) for i in range(0, len(left), size)
    ]  # fmt: skip


def test_linear_cka_by_hand():
    # X = (-1, 0, 1), Y = (1, -2, 1): uncorrelated; against X shifted and scaled: the same.
    x, y = np.array([[-1.0], [0], [1]]), np.array([[1.0], [-2], [1]])
    assert linear_cka(x, y) == pytest.approx(0)
    assert linear_cka(x, 3 * x + 8) == pytest.approx(1)
    # (x'y)^2 / (x'x y'y) = the squared correlation in one dimension.
    z = np.array([[0.0], [1], [5]])
    assert linear_cka(x, z) == pytest.approx(np.corrcoef(x[:, 0], z[:, 0])[0, 1] ** 2)


def test_linear_cka_equals_the_centred_kernels():
    x, y = gaussian(30, 4) + 2, gaussian(30, 7, seed=1)
    y[:, :4] += x
    centring = np.eye(30) - 1 / 30
    k, l = centring @ x @ x.T @ centring, centring @ y @ y.T @ centring  # noqa: E741
    expected = (k * l).sum() / (np.linalg.norm(k) * np.linalg.norm(l))
    assert linear_cka(x, y) == pytest.approx(expected, rel=1e-12)
    assert linear_cka(x, y, block=7) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("measure", ["linear", "minibatch"])
class TestInvariances:
    @staticmethod
    def cka(measure, left, right):
        if measure == "linear":
            return linear_cka(left, right)
        return minibatch_cka(in_batches(left, right, 20))

    def test_rotation_shift_and_scale_change_nothing(self, measure):
        x, y = gaussian(60, 5), gaussian(60, 3, seed=1)
        y += x[:, :3]
        found = self.cka(measure, x, y)
        assert 0.1 < found < 0.9
        turned = self.cka(measure, -3 * x @ rotation(5) + 10, y @ rotation(3, seed=6) - 2)
        assert turned == pytest.approx(found, abs=1e-10)
        assert self.cka(measure, y, x) == pytest.approx(found, abs=1e-12)

    def test_itself_is_1(self, measure):
        x = gaussian(60, 5)
        assert self.cka(measure, x, 2 * x @ rotation(5)) == pytest.approx(1)

    def test_other_linear_maps_change_it(self, measure):
        x = gaussian(60, 5)
        assert self.cka(measure, x, x * [9, 1, 1, 1, 1]) < 0.9

    def test_a_side_that_does_not_vary_has_none(self, measure):
        assert math.isnan(self.cka(measure, gaussian(60, 5), np.ones((60, 2))))


def test_unbiased_hsic_equals_the_mean_over_quadruples():
    from itertools import permutations

    x, y = gaussian(6, 2), gaussian(6, 3, seed=1)
    k, l = x @ x.T, y @ y.T  # noqa: E741
    # The U-statistic's kernel of Song et al.: K_ij (L_ij + L_qr - 2 L_iq) over distinct indices.
    terms = [
        k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q]) for i, j, q, r in permutations(range(6), 4)
    ]
    assert unbiased_hsic(k, l) == pytest.approx(np.mean(terms), rel=1e-10)


def test_unbiased_hsic_ignores_centring_and_the_diagonal():
    x, y = gaussian(9, 2) + 3, gaussian(9, 3, seed=1)
    k, l = x @ x.T, y @ y.T  # noqa: E741
    before = k.copy()
    centring = np.eye(9) - 1 / 9
    found = unbiased_hsic(k, l)
    assert unbiased_hsic(centring @ k @ centring, l) == pytest.approx(found, rel=1e-10)
    assert unbiased_hsic(k + np.diag(np.arange(9.0)), l) == pytest.approx(found, rel=1e-12)
    assert np.array_equal(k, before)


def test_noise_has_a_minibatch_cka_of_0_and_a_biased_linear_one():
    x, y = gaussian(200, 100), gaussian(200, 100, seed=1)
    assert linear_cka(x, y) == pytest.approx(100 / 300, abs=0.03)
    assert abs(minibatch_cka(in_batches(x, y, 20))) < 0.05


def test_minibatch_cka_does_not_depend_on_the_size_of_batches_as_the_biased_one_does():
    x, noise = gaussian(6000, 6), gaussian(6000, 6, seed=1)
    found = [minibatch_cka(in_batches(x, x + noise, size)) for size in (8, 40, 200)]
    assert found == pytest.approx([0.5] * 3, abs=0.02)  # shared variance 1 of 2, in every direction
    biased = np.mean([linear_cka(*pair) for pair in in_batches(x, x + noise, 8)[:200]])
    assert biased > 0.6


def test_each_with_each_whatever_the_widths_and_the_last_rows():
    x, other = gaussian(803, 6), gaussian(803, 9, seed=1)
    found = np.array(pairwise_cka([x, 3 * x @ rotation(6) + 1, other], rows=200))
    assert np.diag(found).tolist() == [1, 1, 1]
    assert np.array_equal(found, found.T)
    assert found[0, 1] == pytest.approx(1, abs=1e-9)
    assert abs(found[0, 2]) < 0.02
    # 803 rows make 4 batches, none of three rows: its estimate would not be defined.
    assert pairwise_cka([x[:7], x[:7]], rows=4)[0][1] == pytest.approx(1)
    with pytest.raises(ValueError, match="4 at least"):
        pairwise_cka([x[:3], x[:3]])


def test_refusals():
    with pytest.raises(ValueError, match="5 and 4 rows"):
        minibatch_cka(iter([(gaussian(5, 2), gaussian(4, 2))]))
    with pytest.raises(ValueError, match="4 at least"):
        minibatch_cka([(gaussian(3, 2), gaussian(3, 2))])
    with pytest.raises(ValueError, match="0 batches"):
        minibatch_cka([])
