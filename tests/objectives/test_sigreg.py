import math

import numpy as np
import pytest
import torch
from scipy.stats import beta
from torch.nn.functional import normalize

from gonogo.objectives.sigreg import GAUSSIAN_FLOOR, epps_pulley, sigreg, slice_directions


def gaussian(count, width, seed=0, dtype=torch.float64):
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=draws, dtype=dtype)


def naive(rows, directions):
    """The equation, knot after knot, in Python's double precision."""
    statistics = []
    for direction in directions.tolist():
        x = [math.fsum(map(float.__mul__, row, direction)) for row in rows.tolist()]
        area, step = 0.0, 3 / 16
        for knot in range(17):
            t = knot * step
            phi = math.exp(-t * t / 2)
            real = math.fsum(math.cos(t * one) for one in x) / len(x) - phi
            imaginary = math.fsum(math.sin(t * one) for one in x) / len(x)
            area += (0.5 if knot in (0, 16) else 1.0) * step * (real**2 + imaginary**2) * phi
        statistics.append(len(x) * 2 * area)
    return math.fsum(statistics) / len(statistics)


@pytest.mark.parametrize(("count", "width", "scale"), [(1, 3, 1.0), (7, 4, 0.3), (20, 2, 5.0)])
def test_equals_the_equation_in_double_precision(count, width, scale):
    rows = gaussian(count, width) * scale + 0.2
    expected = naive(rows, slice_directions(5, width, 3))
    found = sigreg(rows, seed=3, slices=5)
    assert found.shape == ()
    assert float(found) == pytest.approx(expected, rel=1e-12)
    single = sigreg(rows.float(), seed=3, slices=5)
    assert single.dtype == torch.float32
    assert float(single) == pytest.approx(expected, rel=1e-5)


def test_a_point_at_zero_has_the_value_of_the_integral():
    # INT (1 - phi)^2 phi dt over the line = sqrt(2 pi) - 2 sqrt(pi) + sqrt(2 pi / 3).
    whole = math.sqrt(2 * math.pi) - 2 * math.sqrt(math.pi) + math.sqrt(2 * math.pi / 3)
    tails = math.sqrt(2 * math.pi) * math.erfc(3 / math.sqrt(2))
    found = epps_pulley(torch.zeros(10, 1, dtype=torch.float64))
    assert float(found) / 10 == pytest.approx(whole - tails, abs=5e-4)


def test_directions_are_unit_vectors_that_follow_the_seed_alone():
    before = torch.get_rng_state()
    directions = slice_directions(6, 9, 11)
    torch.testing.assert_close(directions.norm(dim=1), torch.ones(6, dtype=torch.float64))
    assert torch.equal(directions, slice_directions(6, 9, 11))
    assert not torch.equal(directions, slice_directions(6, 9, 12))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(("count", "width"), [(16, 64), (128, 8), (128, 256)])
def test_gaussian_samples_score_the_floor_at_any_size(count, width):
    scores = [
        float(sigreg(gaussian(count, width, seed, torch.float32), seed=1000 + seed, slices=64))
        for seed in range(80)
    ]
    assert sum(scores) / len(scores) == pytest.approx(GAUSSIAN_FLOOR, rel=0.06)


def test_the_floor_is_the_expectation_of_the_integrand():
    # n E|mean exp(itx) - phi|^2 = 1 - exp(-t^2) for any n; times phi, by the same trapezoid.
    t = [knot * 3 / 16 for knot in range(17)]
    values = [(1 - math.exp(-(one**2))) * math.exp(-(one**2) / 2) for one in t]
    area = 2 * 3 / 16 * (sum(values) - values[0] / 2 - values[-1] / 2)
    assert pytest.approx(area, abs=1e-3) == GAUSSIAN_FLOOR


def test_collapsed_samples_score_orders_of_magnitude_more():
    rows = gaussian(512, 64)
    floor = float(sigreg(rows, seed=77, slices=128))
    point = torch.ones_like(rows) * 0.01
    narrow = rows[:, :4] @ gaussian(4, 64, seed=1) / 8  # shrunk too: a dimension varies by 1/16
    for bad in (point, narrow):
        assert float(sigreg(bad, seed=77, slices=128)) > 50 * floor


def expectation(count, width, rank):
    """The statistic's mean over Gaussian samples of full trace in ``rank`` dimensions.

    On a direction u they are Gaussian of variance a^2 = width / rank * |u's part in them|^2,
    where the square is Beta distributed, and n E|phi_n - phi|^2 = n (phi_a - phi)^2 + 1 - phi_a^2.
    """
    levels = (np.arange(4000) + 0.5) / 4000
    inside = beta(rank / 2, (width - rank) / 2).ppf(levels) if rank < width else np.ones(1)
    t, weights = np.arange(17) * 3 / 16, np.full(17, 2 * 3 / 16)
    weights[[0, -1]] /= 2
    gauss = np.exp(-(t**2) / 2)
    own = np.exp(-np.outer(inside * width / rank, t**2) / 2)
    return float(((count * (own - gauss) ** 2 + 1 - own**2) @ (weights * gauss)).mean())


def low_rank(count, width, rank, seed):
    """Gaussian rows in a random subspace, whose variances add up to ``width`` all the same."""
    basis, _ = torch.linalg.qr(gaussian(width, rank, seed=1000 + seed))
    return gaussian(count, rank, seed) @ basis.T * math.sqrt(width / rank)


@pytest.mark.parametrize(
    ("count", "width", "rank", "value"),
    [
        *((512, 64, rank, value) for rank, value in
          ((1, 85.3), (4, 28.7), (16, 6.91), (32, 3.01), (64, 1.052))),
        *((48, 512, rank, value) for rank, value in
          ((1, 8.72), (4, 3.67), (16, 1.73), (64, 1.20), (256, 1.07))),
        *((16, 512, rank, value) for rank, value in
          ((1, 3.40), (4, 1.85), (16, 1.26), (64, 1.10), (256, 1.06))),
    ],
)  # fmt: skip
def test_lost_dimensions_score_more_though_no_variance_is_lost(count, width, rank, value):
    assert expectation(count, width, rank) == pytest.approx(value, abs=0.006 * max(1, value))
    scores = torch.tensor(
        [
            float(sigreg(low_rank(count, width, rank, seed), seed=5000 + seed, slices=64))
            for seed in range(24)
        ]
    )
    error = float(scores.std()) / math.sqrt(24)
    assert error < 0.06 * value
    assert float(scores.mean()) == pytest.approx(value, abs=4 * error)


def test_fewer_dimensions_score_more_on_the_same_rows():
    ranks = (1, 4, 16, 32, 64)
    scores = [float(sigreg(low_rank(512, 64, rank, 3), seed=77, slices=128)) for rank in ranks]
    assert scores == sorted(scores, reverse=True)
    assert scores[3] > 2 * scores[4]


def test_vectors_of_length_one_look_collapsed_unless_rescaled():
    units = normalize(gaussian(512, 256), dim=1)
    assert float(sigreg(units, seed=77, slices=128)) == pytest.approx(203, rel=0.02)
    rescaled = sigreg(units, seed=77, slices=128, similarity="cosine")
    assert float(rescaled) < 1.5
    assert torch.equal(rescaled, sigreg(units * 16, seed=77, slices=128))


def test_a_rotation_changes_no_expectation():
    rows = gaussian(48, 6) * torch.tensor([3.0, 1, 1, 0.5, 0.1, 0.1], dtype=torch.float64)
    turn, _ = torch.linalg.qr(gaussian(6, 6, seed=9))
    # Slice by slice: directions turned along see the same numbers.
    directions = slice_directions(32, 6, 0)
    torch.testing.assert_close(
        epps_pulley(rows @ directions.T), epps_pulley((rows @ turn) @ (directions @ turn).T)
    )
    # On average: with independent directions, within four standard errors.
    one = epps_pulley(rows @ slice_directions(3000, 6, 1).T)
    other = epps_pulley((rows @ turn) @ slice_directions(3000, 6, 2).T)
    error = float((one.var() / 3000 + other.var() / 3000).sqrt())
    assert abs(float(one.mean() - other.mean())) < 4 * error
    assert error < 0.05 * float(one.mean())


@pytest.mark.parametrize("similarity", ["euclidean", "cosine"])
def test_gradient_agrees_with_finite_differences(similarity):
    rows = (gaussian(5, 3) * 0.7).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: sigreg(z, seed=4, slices=7, similarity=similarity), (rows,)
    )


def test_descent_leads_to_the_floor():
    rows = (gaussian(64, 4) * 0.1 + 1).requires_grad_()
    optimizer = torch.optim.Adam([rows], lr=0.05)
    for step in range(150):
        optimizer.zero_grad()
        loss = sigreg(rows, seed=step, slices=32)
        loss.backward()
        optimizer.step()
    assert (
        float(loss.detach()) < GAUSSIAN_FLOOR
    )  # fitted to the sample, it undercuts random samples
    variances = torch.linalg.eigvalsh(torch.cov(rows.detach().T))
    assert float(variances.min()) > 0.7
    assert float(variances.max()) < 1.4


def test_half_precision_and_autocast_keep_fp32():
    rows = gaussian(16, 8, dtype=torch.float32).bfloat16()
    expected = sigreg(rows.float(), seed=0, slices=16)
    assert torch.equal(sigreg(rows, seed=0, slices=16), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(sigreg(rows.float(), seed=0, slices=16), expected)


@pytest.mark.parametrize(("count", "slices"), [(0, 4), (3, 0)])
def test_nothing_to_test_is_refused(count, slices):
    with pytest.raises(ValueError, match="SIGReg of"):
        sigreg(torch.zeros(count, 2), seed=0, slices=slices)
