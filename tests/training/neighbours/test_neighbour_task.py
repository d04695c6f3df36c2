"""Faults that earlier systems of this kind had are each a test here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from neighbour_toys import WIDTH, make_config, make_task, write_vectors

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.evaluation.encoding.corpus_vectors import embed
from gonogo.evaluation.neighbours.neighbours import nearest_others
from gonogo.evaluation.text.metrics import per_query
from gonogo.objectives.neighbour_distillation import neighbour_distillation
from gonogo.spec.checks.figure_names import LOOKS
from gonogo.training.loop.trainer import train

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def vectors(tmp_path):
    return write_vectors(tmp_path / "vectors.npy")


def cosines(path):
    rows = np.load(path).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


def test_candidates_are_the_teachers_nearest_others(vectors):
    task, _ = make_task(make_config(vectors))
    truth = cosines(vectors)
    np.fill_diagonal(truth, -np.inf)
    batch = task.batch(3)
    for anchor, near, found in zip(batch.anchors, batch.neighbours, batch.cosines, strict=True):
        assert anchor not in near  # it would be its own best neighbour
        best = np.sort(truth[anchor])[::-1][:12]
        assert truth[anchor, near] == pytest.approx(best, abs=1e-6)
        assert found == pytest.approx(best, abs=1e-5)


def test_held_out_documents_and_their_copies_are_no_anchors(vectors):
    task, _ = make_task(make_config(vectors))
    part = task._table.parts[0]
    held = {*part.validation.tolist(), *part.evaluation.tolist()}
    batches = -(-task.examples_per_epoch // task.batch_size)
    seen = {int(row) for index in range(batches) for row in task.batch(index).anchors}
    assert not seen & held
    assert seen == set(part.anchors.tolist())
    # but they stay candidates
    near = {int(row) for index in range(batches) for row in task.batch(index).neighbours.ravel()}
    assert near & held


def test_loss_equals_one_that_compares_all_with_all(vectors):
    config = make_config(vectors, products="fp32", false_negatives={"kind": "none"})
    task, model = make_task(config)
    model.eval()
    batch = task.batch(0)
    student, teacher = embed(model, np.load(vectors)), cosines(vectors)
    columns = np.concatenate([batch.neighbours, np.broadcast_to(batch.negatives, (8, 30))], axis=1)
    own = np.concatenate([batch.anchors[:, None], batch.neighbours], axis=1)
    kept = np.stack([~np.isin(batch.negatives, row) for row in own])
    assert not kept.all()  # in a queue of 64 from 160 documents some are masked
    at = np.take_along_axis
    expected = neighbour_distillation(
        torch.from_numpy(at(teacher[batch.anchors], columns, 1)),
        torch.from_numpy(at((student @ student.T)[batch.anchors].astype(np.float64), columns, 1)),
        torch.from_numpy(kept),
        temperature=0.07,
    )
    assert task.loss(batch).loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_filtered_ratio_counts_what_the_teacher_holds_for_near(vectors):
    config = make_config(vectors, false_negatives={"kind": "threshold", "above": 0.5})
    task, _ = make_task(config)
    batch = task.batch(0)
    own = np.concatenate([batch.anchors[:, None], batch.neighbours], axis=1)
    apart = np.stack([~np.isin(batch.negatives, row) for row in own])
    near = cosines(vectors)[batch.anchors][:, batch.negatives] > 0.5
    ratio = (near & apart).sum() / apart.sum()
    assert ratio > 0
    assert task.loss(batch).figures["filtered_ratio"] == pytest.approx(ratio, abs=1e-6)


def test_a_filter_that_drops_all_negatives_leaves_the_neighbours(vectors):
    config = make_config(vectors, false_negatives={"kind": "threshold", "above": -1.0})
    task, _ = make_task(config)
    result = task.loss(task.batch(0))
    assert result.figures["filtered_ratio"] == 1.0
    assert result.loss.item() > 0
    torch.autograd.backward(result.loss)


@pytest.mark.parametrize("rounded", ["bf16", "fp16"])
def test_rounded_products_change_the_loss_by_rounding_alone(vectors, rounded):
    losses = []
    for products in ("fp32", rounded):
        task, _ = make_task(make_config(vectors, products=products))
        assert task.precision == products
        losses.append(task.loss(task.batch(0)).loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[0] != losses[1]


def test_the_mix_weighs_divergence_against_contrast_and_structure(vectors):
    def loss(weight):
        objective = {"distillation_weight": weight}
        task, _ = make_task(make_config(vectors, products="fp32", objective=objective))
        return task.loss(task.batch(0)).loss.item()

    alone, half, none = loss(1.0), loss(0.5), loss(0.0)
    assert half == pytest.approx((alone + none) / 2, rel=1e-5)
    assert none != pytest.approx(alone, rel=0.01)


def test_several_corpora_are_anchors_together_and_have_neighbours_of_their_own(tmp_path):
    files = [write_vectors(tmp_path / f"{n}.npy", 60 + 20 * n, seed=n) for n in range(2)]
    task, _ = make_task(make_config(*files))
    task.batch(0)
    batches = -(-task.examples_per_epoch // task.batch_size)
    for index in range(batches):
        batch = task.batch(index)
        assert ((batch.anchors[:, None] < 60) == (batch.neighbours < 60)).all()
    rows = np.array([0, 59, 60, 139])
    both = np.concatenate([np.load(file) for file in files])
    assert np.array_equal(task._table.base(rows), both[rows])
    assert set(task.validate()) == LOOKS["neighbours"]


def test_a_look_agrees_with_the_evaluation_of_the_same_rows(vectors):
    task, model = make_task(make_config(vectors))
    asked = task._table.parts[0].validation
    rows = np.load(vectors)
    found = nearest_others(embed(model, rows), asked, 10, "cosine").rows
    true = nearest_others(rows, asked, 10, "cosine").rows
    ranking = {str(a): [(str(r), 0.0) for r in row] for a, row in zip(asked, found, strict=True)}
    qrels = {str(a): {str(r): 1 for r in row} for a, row in zip(asked, true, strict=True)}
    values = per_query(ranking, qrels, ["R@10", "nDCG@10"])
    measures = {"vs_teacher_recall@10": "R@10", "vs_teacher_ndcg@10": "nDCG@10"}
    looked = task.validate()
    assert looked.keys() == measures.keys()
    for figure, value in looked.items():
        mean = np.mean([each for name, _, each in values if name == measures[figure]])
        assert value == pytest.approx(mean, abs=1e-9)


def test_training_brings_the_students_neighbours_nearer_to_the_teachers(vectors, tmp_path):
    config = make_config(vectors, training={"max_steps": 300, "checkpoint_every": 500})
    task, model = make_task(config)
    before = task.validate()["vs_teacher_recall@10"]
    train(config, 0, model, {"distill": task}, tmp_path / "trial", progress=Silent())
    assert task.validate()["vs_teacher_recall@10"] > before + 0.05


def test_looks_come_every_so_often_and_at_the_last_step_and_best_is_the_maximum(vectors, tmp_path):
    config = make_config(vectors)
    task, model = make_task(config)
    train(config, 0, model, {"distill": task}, tmp_path / "trial", progress=Silent())
    text = (tmp_path / "trial/logs/validation.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 12]
    best = json.loads((tmp_path / "trial/checkpoints/best/state.json").read_text())
    assert best["value"] == max(line["vs_teacher_recall@10"] for line in lines)
    logged = [
        json.loads(line) for line in (tmp_path / "trial/logs/train.jsonl").read_text().splitlines()
    ]
    assert len(logged) == 12
    for name in ("teacher_entropy", "filtered_ratio", "overlap@10", "norm_mean", "collapsed"):
        assert all(isinstance(line[name], float) for line in logged), name


def test_a_collapsed_head_is_flagged(vectors):
    task, model = make_task(make_config(vectors, products="fp32"))
    assert task.loss(task.batch(0)).figures["collapsed"] == 0.0
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.projection.mlp.outer.bias.fill_(1.0)
    assert task.loss(task.batch(0)).figures["collapsed"] == 1.0


def test_the_skip_can_start_from_the_svd(vectors):
    config = make_config(vectors)
    model = config.model.model_copy(
        update={"projection": config.model.projection.model_copy(update={"skip_start": "svd"})}
    )
    task, built = make_task(config.model_copy(update={"model": model}))
    anchors = np.load(vectors)[task._table.parts[0].anchors].astype(np.float64)
    anchors /= np.linalg.norm(anchors, axis=1, keepdims=True)
    leading = np.linalg.svd(anchors, full_matrices=False)[2][:6]
    weights = built.projection.skip.weight.detach().numpy()
    assert np.abs(weights @ leading.T) == pytest.approx(np.eye(6), abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"neighbours": 160}, "160 neighbours in a corpus of 160 documents"),
        ({"held_out": 100}, "100 held-out documents of a corpus of 160"),
    ],
)
def test_a_corpus_that_is_too_small_is_told(vectors, changes, what):
    with pytest.raises(UserError, match=what):
        make_task(make_config(vectors, **changes))


def test_vectors_of_another_width_are_told(tmp_path):
    np.save(tmp_path / "wide.npy", np.ones((80, WIDTH + 1), np.float32))
    with pytest.raises(UserError, match=f"{WIDTH + 1} numbers, but the model's head reads {WIDTH}"):
        make_task(make_config(tmp_path / "wide.npy"))


def test_another_seed_draws_other_batches_but_holds_out_the_same(vectors):
    first, second = (make_task(make_config(vectors), seed)[0] for seed in (0, 1))
    assert first.batch(0).anchors.tolist() != second.batch(0).anchors.tolist()
    assert first.batch(0).negatives.tolist() != second.batch(0).negatives.tolist()
    held = [task._table.parts[0].evaluation.tolist() for task in (first, second)]
    assert held[0] == held[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sigkill_and_resume_equals_uninterrupted(vectors, tmp_path):
    def start(folder, pause=0.0):
        script = str(HERE / "kill_distillation.py")
        command = [sys.executable, script, str(folder), str(vectors), str(pause)]
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(HERE.parent)})

    def lines(folder):
        log = folder / "logs/train.jsonl"
        return log.read_text().splitlines() if log.exists() else []

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert start(whole).wait(240) == 0
    for count in (5, 16):
        process = start(parts, pause=0.05)
        deadline = time.monotonic() + 200
        while len(lines(parts)) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        assert not (parts / "checkpoints/final").exists()
    assert start(parts).wait(240) == 0
    heads = "checkpoints/final/heads.safetensors"
    assert (parts / heads).read_bytes() == (whole / heads).read_bytes()
    curves = [[json.loads(line)["loss"] for line in lines(folder)] for folder in (whole, parts)]
    assert curves[0] == curves[1]
    looks = [(folder / "logs/validation.jsonl").read_text() for folder in (whole, parts)]
    assert looks[0] == looks[1]
