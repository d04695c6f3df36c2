"""Next vectors found in a bank: masks, ranks, and what nothing trained reaches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planted_sequences import open_sequences, tower_config

from gonogo.core.errors import UserError
from gonogo.core.workplace import ANYWHERE
from gonogo.data.next_vector.next_vectors import NextVectors, open_next_vectors
from gonogo.data.vectors.vectors import unit_length
from gonogo.evaluation.next_vector.next_vector import (
    encode_contexts,
    find_next,
    judged_rankings,
    ranks,
    recalls,
    target_ranks,
    tower_queries,
)
from gonogo.evaluation.next_vector.next_vector_heuristics import (
    oracle_queries,
    random_queries,
    tune_alpha,
    weighted_mean,
    weighted_mean_queries,
)
from gonogo.evaluation.protocols import Setting, evaluate_part
from gonogo.models.build.build import build_model
from gonogo.models.next_vector.query_tower import QueryTower


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> NextVectors:
    return open_sequences(tmp_path_factory.mktemp("world"))


def brute_ranks(data: NextVectors, numbers: np.ndarray, queries: np.ndarray) -> np.ndarray:
    bank, found = unit_length(data.bank.vectors), []
    for number, query in zip(numbers, unit_length(queries), strict=True):
        scores = bank @ query
        context = data.pairs.contexts[number]
        scores[context[context >= 0]] = -np.inf
        found.append(1 + int((scores > scores[data.pairs.targets[number]]).sum()))
    return np.array(found)


def test_ranks_are_those_of_a_scan_of_the_whole_bank(data: NextVectors) -> None:
    numbers = data.validation
    queries = weighted_mean_queries(0.4)(data, numbers)
    expected = brute_ranks(data, numbers, queries)
    found = find_next(queries, data, numbers, 50)
    rank = ranks(found, data.pairs.targets[numbers])
    assert rank.tolist() == np.where(expected <= 50, expected, 0).tolist()
    assert target_ranks(queries, data, numbers, block=37).tolist() == expected.tolist()


def test_the_context_is_never_found_unless_it_is_wanted(data: NextVectors) -> None:
    numbers = data.validation
    queries = weighted_mean_queries(1.0)(data, numbers)  # the last vector finds itself first
    masked = find_next(queries, data, numbers, 20)
    own = data.pairs.contexts[numbers]
    assert not (masked.rows[:, :, None] == own[:, None, :]).any()
    open_bank = find_next(queries, data, numbers, 1, mask_context=False)
    assert open_bank.rows[:, 0].tolist() == own[:, -1].tolist()
    unmasked = target_ranks(queries, data, numbers, mask_context=False)
    assert (unmasked > target_ranks(queries, data, numbers)).all()


def test_a_target_that_stands_in_its_own_context_can_still_be_found(data: NextVectors) -> None:
    pairs = data.pairs
    contexts = pairs.contexts.copy()
    contexts[:, 0] = pairs.targets
    twice = NextVectors(data.bank, type(pairs)(**{**vars(pairs), "contexts": contexts}))
    rows = twice.own_rows(np.arange(len(pairs)))
    assert not any(target in own for own, target in zip(rows, pairs.targets, strict=True))


def test_recalls_count_targets_within_the_cutoff() -> None:
    found = recalls(np.array([1, 10, 11, 0]), [1, 10, 100])
    assert found == {"R@1": 0.25, "R@10": 0.5, "R@100": 0.75}


def test_a_weighted_mean_by_hand() -> None:
    context = np.array([[[8.0], [4.0], [2.0]]], dtype=np.float32)
    whole, short = np.ones((1, 3), dtype=bool), np.array([[False, True, True]])
    expected = (2 + 0.5 * 4 + 0.25 * 8) / 1.75
    assert weighted_mean(context, whole, 0.5)[0, 0] == pytest.approx(expected)
    assert weighted_mean(context, short, 0.5)[0, 0] == pytest.approx((2 + 0.5 * 4) / 1.5)
    assert weighted_mean(context, short, 0.0)[0, 0] == 3.0
    assert weighted_mean(context, whole, 1.0)[0, 0] == 2.0


def test_the_oracle_finds_everything_and_chance_finds_little(data: NextVectors) -> None:
    numbers = data.validation
    assert (target_ranks(oracle_queries()(data, numbers), data, numbers) == 1).all()
    chance = target_ranks(random_queries(7)(data, numbers), data, numbers)
    assert np.mean(chance) == pytest.approx(len(data.bank) / 2, rel=0.3)
    again = random_queries(7)(data, numbers)
    assert np.array_equal(again, random_queries(7)(data, numbers))
    assert not np.array_equal(again, random_queries(8)(data, numbers))


def test_alpha_is_tuned_on_training_pairs_alone(data: NextVectors) -> None:
    asked: list[int] = []

    class Watched(NextVectors):
        def contexts(self, numbers: np.ndarray) -> np.ndarray:
            asked.extend(numbers.tolist())
            return super().contexts(numbers)

    watched = Watched(data.bank, data.pairs)
    tuned = tune_alpha(watched, cutoff=10, mask_context=True, grid=(0.0, 0.4, 1.0), most=60)
    assert asked
    assert not set(asked) & set(data.validation.tolist())
    assert tuned.tried[tuned.alpha] == max(tuned.tried.values())
    assert tuned.pairs == 60
    numbers = data.sample(data.train, 60, "tune")
    queries = weighted_mean_queries(0.4)(data, numbers)
    expected = recalls(brute_ranks(data, numbers, queries), [10])["R@10"]
    assert tuned.tried[0.4] == expected


def test_every_row_of_the_table_is_asked_the_same_pairs(data: NextVectors) -> None:
    rows = [
        judged_rankings(source, data, depth=20, mask_context=True, most_queries=15)
        for source in (weighted_mean_queries(0.3), oracle_queries(), random_queries(1))
    ]
    assert len(rows[0][1]) == 15
    assert rows[0][1] == rows[1][1] == rows[2][1]
    assert all(ranking.keys() == qrels.keys() for ranking, qrels in rows)
    assert not any(" " in query for query in rows[0][1])  # "article 3:7" would tear a TREC line


def test_a_tower_is_scored_by_its_queries(data: NextVectors) -> None:
    config = tower_config(data.pairs.path)
    model = build_model(config.model, 1)
    assert isinstance(model, QueryTower)
    (protocol,) = config.evaluation.tasks.values()
    found = evaluate_part(
        model, Setting(config.evaluation, ANYWHERE), "next", protocol, protocol.data[0]
    )
    numbers = data.validation
    rank = target_ranks(tower_queries(model)(data, numbers), data, numbers)
    values = [value for metric, _, value in found.values if metric == "R@10"]
    assert np.mean(values) == pytest.approx(recalls(rank, [10])["R@10"])
    whole = encode_contexts(model, data, numbers)
    np.testing.assert_allclose(encode_contexts(model, data, numbers, batch=3), whole, atol=1e-6)


def test_a_changed_bank_is_refused(tmp_path: Path) -> None:
    opened = open_sequences(tmp_path)
    bank = tmp_path / "bank.npz"
    bank.write_bytes(bank.read_bytes() + b" ")
    with pytest.raises(UserError, match="no longer matches"):
        open_next_vectors(str(opened.pairs.path))
