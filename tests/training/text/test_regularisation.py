from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from gonogo.core.seeds import derive_seed
from gonogo.objectives.sigreg import sigreg
from gonogo.objectives.variance import variance_distance
from gonogo.spec.task.regularisers import CovarianceTerm, Sigreg, VarianceTerm
from gonogo.spec.task.tasks import RetrievalTask
from gonogo.training.text.regularisation import Regularisation, distinct_rows


def embeddings(seed: int = 0, count: int = 24) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


def test_terms_are_weighted_and_their_own_values_told() -> None:
    terms = [Sigreg(weight=0.5, slices=32), VarianceTerm(weight=2.0)]
    total, figures = Regularisation(terms, "euclidean", 42, "embed")(embeddings(), 3)
    seed = derive_seed(42, "sigreg", "embed", 3)
    expected = sigreg(embeddings(), seed=seed, slices=32)
    spread = variance_distance(embeddings())
    assert figures == {"sigreg": float(expected), "variance": float(spread)}
    torch.testing.assert_close(total, 0.5 * expected + 2.0 * spread)


def test_a_term_of_weight_zero_is_left_out() -> None:
    total, figures = Regularisation([Sigreg(weight=0.0)], "euclidean", 42, "embed")(embeddings(), 0)
    assert figures == {}
    assert float(total) == 0.0


def test_directions_are_drawn_anew_each_batch_and_alike_each_time() -> None:
    terms = Regularisation([Sigreg(slices=8)], "euclidean", 42, "embed")
    values = [terms(embeddings(), index)[1]["sigreg"] for index in (0, 1, 0)]
    assert values[0] == values[2] != values[1]


def test_moments_are_taken_over_what_is_remembered_too() -> None:
    terms = Regularisation([CovarianceTerm(memory=200)], "euclidean", 42, "embed")
    alone = terms(embeddings(0), 0)[1]["covariance"]
    for number in range(1, 8):
        _, figures = terms(embeddings(number), number)
    assert figures["covariance"] < 0.6 * alone  # the floor of a small batch falls


def mean_distance(spec: CovarianceTerm, deviations: torch.Tensor) -> float:
    """Return the mean term over 40 batches of 32 rows, from the 66th on: all memories are full."""
    draws = torch.Generator().manual_seed(0)
    terms, values = Regularisation([spec], "euclidean", 42, "embed"), []
    for number in range(106):
        rows = torch.randn(32, len(deviations), generator=draws) * deviations
        values.append(float(terms(rows, number)[1]["covariance"]))
    return sum(values[66:]) / 40


def test_by_default_the_covariance_of_small_batches_is_nearly_unbiased() -> None:
    """The truth by hand: ``||diag(4, 1, ..., 1) - v I||_F / 16`` with v = 19 / 16."""
    deviations = torch.tensor([2.0] + [1.0] * 15)
    truth = ((4 - 19 / 16) ** 2 + 15 * (1 - 19 / 16) ** 2) ** 0.5 / 16
    assert mean_distance(CovarianceTerm(memory=0), deviations) > 1.3 * truth
    assert mean_distance(CovarianceTerm(), deviations) == pytest.approx(truth, rel=0.1)
    floor = (15 * 18 / (2048 + 32 - 1)) ** 0.5 / 16  # E ||C - v I||_F^2 of N(0, I): Wishart
    assert mean_distance(CovarianceTerm(), torch.ones(16)) == pytest.approx(floor, rel=0.1)


def test_memory_is_part_of_the_state() -> None:
    first = Regularisation([VarianceTerm(memory=48)], "euclidean", 42, "embed")
    first(embeddings(0), 0)
    second = Regularisation([VarianceTerm(memory=48)], "euclidean", 42, "embed")
    second.load_state_dict(first.state_dict())
    assert first(embeddings(1), 1)[1] == second(embeddings(1), 1)[1]
    fresh = Regularisation([VarianceTerm(memory=48)], "euclidean", 42, "embed")
    assert fresh(embeddings(1), 1)[1] != first(embeddings(1), 1)[1]


def test_gradient_reaches_the_embeddings() -> None:
    rows = embeddings().requires_grad_()
    Regularisation([Sigreg(slices=16)], "euclidean", 1, "embed")(rows, 0)[0].backward()
    assert rows.grad is not None
    assert float(rows.grad.norm()) > 0


def test_a_text_that_fills_gaps_counts_once() -> None:
    vectors = torch.arange(12.0).reshape(6, 2)
    _, first = np.unique([4, 2, 4, 4, 7, 2], return_index=True)
    first.sort()
    assert distinct_rows(vectors, first).tolist() == [[0.0, 1.0], [2.0, 3.0], [8.0, 9.0]]


def test_cosine_models_are_tested_on_their_own_scale() -> None:
    random = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(400, 64, generator=random), dim=-1)
    terms = [Sigreg(slices=64)]
    _, scaled = Regularisation(terms, "cosine", 42, "embed")(rows, 0)
    _, raw = Regularisation(terms, "euclidean", 42, "embed")(rows, 0)
    assert scaled["sigreg"] == pytest.approx(1.05, abs=0.3)
    assert raw["sigreg"] > 10 * scaled["sigreg"]


def test_a_statistic_per_row_is_the_statistic_over_the_number_of_rows() -> None:
    plain = Regularisation([Sigreg(slices=32)], "euclidean", 42, "embed")
    per_row = Regularisation([Sigreg(slices=32, normalise="count")], "euclidean", 42, "embed")
    for count in (6, 24):
        rows = embeddings(count=count)
        torch.testing.assert_close(per_row(rows, 0)[0], plain(rows, 0)[0] / count)


def test_blended_terms_take_their_share_from_the_objective() -> None:
    terms = Regularisation([Sigreg(blend=0.02), VarianceTerm(blend=0.1)], "euclidean", 1, "embed")
    assert terms.objective_share == pytest.approx(0.88)
    total, figures = terms(embeddings(), 0)
    torch.testing.assert_close(total, 0.02 * figures["sigreg"] + 0.1 * figures["variance"])
    weighted = Regularisation([Sigreg(weight=5.0)], "euclidean", 1, "embed")
    assert weighted.objective_share == 1.0


def test_weight_and_blend_are_not_both_said_and_blends_leave_an_objective() -> None:
    with pytest.raises(ValidationError, match="keep one of them"):
        Sigreg(blend=0.1, weight=2.0)
    assert Sigreg.model_validate(Sigreg(blend=0.1).model_dump()) == Sigreg(blend=0.1)
    with pytest.raises(ValidationError, match="leave nothing of the objective"):
        RetrievalTask(data=("x",), regularisers=(Sigreg(blend=0.6), VarianceTerm(blend=0.4)))
