"""Cascades put together from files: lanes, cross-encoders, number formats, the example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from search_world import ROWS, plant_text_model, plant_tower, write_lanes, write_texts

from gonogo.core.errors import UserError
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.cascade.cascade import Asked, StageTrace
from gonogo.evaluation.cascade.lanes import BOOST
from gonogo.evaluation.next_vector.next_vector import encode_contexts
from gonogo.models.build.build import load_model
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.study.next_vector.searching import (
    SearchSettings,
    asked_of,
    build_cascade,
    predict_with,
    read_codes,
)
from gonogo.study.next_vector.trained_tower import open_tower_trial

DOCS = Path(__file__).parents[3] / "docs" / "cascade.md"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_folder: Path) -> Path:
    """Return a folder with two trials, lanes, and a cross-encoder."""
    folder = tmp_path_factory.mktemp("world")
    pairs = write_texts(folder)
    plant_tower(folder / "trial", pairs)
    plant_tower(folder / "again", pairs, kind="gru", precision="bf16")
    write_lanes(folder / "lanes.jsonl")
    plant_text_model(folder / "text_model", tiny_encoder_folder)
    return folder


@pytest.fixture(scope="module")
def data(world: Path) -> NextVectors:
    return open_tower_trial(world / "trial").pairs()


@pytest.fixture(scope="module")
def codes(world: Path, data: NextVectors) -> np.ndarray:
    return read_codes(world / "lanes.jsonl", len(data.bank))


def search(world: Path, data: NextVectors, one: Asked, codes=None, **settings) -> list[StageTrace]:
    tower, _ = open_tower_trial(world / "trial").tower()
    return build_cascade(tower, data, SearchSettings(**settings), codes).search(one)


def test_codes_are_read_by_row_and_equal_where_the_words_are(codes: np.ndarray) -> None:
    rows = np.arange(len(codes))
    assert codes.shape == (len(codes), 3)
    for part, word in enumerate((rows % 2, np.zeros_like(rows), rows // ROWS)):
        same = codes[:, None, part] == codes[None, :, part]
        np.testing.assert_array_equal(same, word[:, None] == word[None, :])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([{"task": "t", "modifier": "m", "domain": "d"}, {"task": "t"}], "line 2: no 'modifier'"),
        ([{"task": "t", "modifier": "m", "domain": "d"}], "1 codes for a bank of 2 rows"),
    ],
)
def test_codes_that_do_not_fit_the_bank_are_told(
    lines: list[dict[str, str]], told: str, tmp_path: Path
) -> None:
    file = tmp_path / "lanes.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(UserError, match=told):
        read_codes(file, 2)


def test_a_query_is_in_the_lane_of_its_last_vector_and_reads_its_last_texts(
    data: NextVectors, codes: np.ndarray
) -> None:
    numbers = data.validation[:5]
    for number, one in zip(numbers, asked_of(data, numbers, codes), strict=True):
        rows = data.pairs.contexts[number]
        assert one.code is not None
        assert one.code.tolist() == codes[rows[-1]].tolist()
        assert one.text == " ".join(str(data.bank.text(row)) for row in rows[-3:])
        assert set(one.rows) == {row for row in rows.tolist() if row >= 0}
    assert asked_of(data, numbers, None)[0].code is None


def test_lanes_boost_their_own_rows_or_blend_codes_in(
    world: Path, data: NextVectors, codes: np.ndarray
) -> None:
    one = asked_of(data, data.validation[7:8], codes)[0]
    retrieved, boosted = search(world, data, one, codes, depth=300, keep=300)
    own = (codes[retrieved.rows] == one.code).all(axis=1)
    assert 0 < own.sum() < len(own)
    raised = np.where(retrieved.scores > 0, retrieved.scores * BOOST, retrieved.scores / BOOST)
    expected = np.where(own, raised, retrieved.scores)
    order = np.argsort(-expected, kind="stable")
    assert boosted.name == "lanes"
    assert boosted.rows.tolist() == retrieved.rows[order].tolist()
    retrieved, blended = search(world, data, one, codes, depth=300, keep=300, lane_alpha=0.0)
    agreement = (codes[blended.rows] == one.code).mean(axis=1)
    assert blended.scores.tolist() == pytest.approx(agreement.tolist())
    assert (np.diff(agreement) <= 0).all()


def test_a_cross_encoder_ranks_by_its_score_of_both_texts(world: Path, data: NextVectors) -> None:
    one = asked_of(data, data.validation[:1], None)[0]
    settings = {"cross_encoder": world / "text_model", "depth": 40, "keep": 40}
    retrieved, ranked = search(world, data, one, **settings)
    model = load_model(world / "text_model")
    assert isinstance(model, RetrievalModel)
    alone = []
    with torch.inference_mode():
        for row in ranked.rows.tolist():
            ids = torch.tensor(model.cross_encoder.tokenize([(one.text, data.bank.text(row))]))
            alone.append(float(model.cross_encoder(ids, torch.ones_like(ids))))
    assert ranked.name == "cross_encoder"
    assert sorted(ranked.rows.tolist()) == sorted(retrieved.rows.tolist())
    np.testing.assert_allclose(ranked.scores, alone, atol=1e-4)
    assert alone[0] - alone[-1] > 1e-3  # the model tells texts apart


def test_what_reads_no_pairs_of_texts_is_refused(world: Path, data: NextVectors) -> None:
    tower, _ = open_tower_trial(world / "trial").tower()
    checkpoint = world / "trial" / "checkpoints" / "final"
    with pytest.raises(UserError, match="this model scores no pairs of texts"):
        build_cascade(tower, data, SearchSettings(cross_encoder=checkpoint))
    with np.load(world / "bank.npz") as bank:
        np.savez(world / "silent.npz", vectors=bank["vectors"], articles=bank["articles"])
    silent = NextVectors(
        type(data.bank)(world / "silent.npz", data.bank.vectors, {}, {}), data.pairs
    )
    with pytest.raises(UserError, match=r"silent.npz: a cross-encoder needs the texts"):
        build_cascade(tower, silent, SearchSettings(cross_encoder=world / "text_model"))


def test_stages_follow_each_other_and_the_last_one_keeps_what_is_asked(
    world: Path, data: NextVectors, codes: np.ndarray
) -> None:
    one = asked_of(data, data.validation[:1], codes)[0]
    cross = {"cross_encoder": world / "text_model"}
    every = search(world, data, one, codes, rerank=world / "again", **cross)
    assert [(trace.name, len(trace.rows)) for trace in every] == [
        ("retrieval", 500),
        ("next_vector", 50),
        ("lanes", 50),
        ("cross_encoder", 10),
    ]
    few = search(world, data, one, rerank=world / "again", rerank_keep=7, keep=3, **cross)
    assert [len(trace.rows) for trace in few] == [500, 7, 3]


def test_one_query_gets_what_the_evaluation_gets_in_the_same_number_format(
    world: Path, data: NextVectors
) -> None:
    numbers = data.validation[:4]
    vectors = {}
    for form in (None, "fp32"):
        tower, _ = open_tower_trial(world / "again").tower(precision=form)
        alone = encode_contexts(tower, data, numbers, batch=1)  # batches round bf16 otherwise
        each = [predict_with(tower)(one) for one in asked_of(data, numbers, None)]
        np.testing.assert_allclose(each, alone, atol=1e-6)
        vectors[form] = np.array(each)
    assert np.abs(vectors[None] - vectors["fp32"]).max() > 1e-5  # the trial ran in bf16


@pytest.mark.parametrize(
    ("asked", "towers", "text"), [(None, ["bf16"], ["fp32"]), ("bf16", ["bf16"], ["bf16"])]
)
def test_the_models_of_stages_take_the_format_asked_for_or_their_own(
    world: Path,
    data: NextVectors,
    monkeypatch: pytest.MonkeyPatch,
    asked: str | None,
    towers: list[str],
    text: list[str],
) -> None:
    loaded: dict[type, list[str]] = {QueryTower: [], RetrievalModel: []}

    def recording(folder: Path, **how: str):
        model = load_model(folder, **how)  # type: ignore[arg-type]
        loaded[type(model)].append(model.precision)
        return model

    tower, _ = open_tower_trial(world / "trial").tower()
    for module in ("trained_tower", "searching"):
        monkeypatch.setattr(f"gonogo.study.next_vector.{module}.load_model", recording)
    stages = {"rerank": world / "again", "cross_encoder": world / "text_model"}
    build_cascade(tower, data, SearchSettings(**stages, precision=asked))  # type: ignore[arg-type]
    assert loaded == {QueryTower: towers, RetrievalModel: text}


def test_the_example_of_the_docs_runs(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(world)
    exec(compile(example, str(DOCS), "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in printed[:3]] == [
        ["retrieval", "500"],
        ["next_vector", "50"],
        ["lanes", "10"],
    ]
    assert [line.split()[0] for line in printed[3:]] == [
        "retrieval",
        "next_vector",
        "lanes",
        "whole",
    ]
