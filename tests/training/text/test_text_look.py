"""Looks of text tasks: rankings as a plain loop makes them, and trainings that they do not bend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from training_toys import FakeModel, equal_bits

from gonogo.core.errors import UserError
from gonogo.core.files import read_json_lines
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.data.examples.held_out import HeldOut
from gonogo.models.build.build import build_model
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.loop.trainer import train
from gonogo.training.passes.chunked import ChunkSettings
from gonogo.training.text.text_look import TextLook, looked, rank_by_embedding, rank_by_score

HELD = HeldOut(
    dataset="toy",
    queries={"a": "red fox", "b": "blue hen"},
    qrels={"a": {"x": 1}, "b": {"y": 1}},
    documents={
        "x": "a red fox runs",
        "y": "one blue hen sits",
        "z": "grass grows",
        "b": "blue hen",
    },
    candidates={"a": ("x", "z"), "b": ("y", "x", "z")},
    bm25={"a": ("x", "z", "y", "b"), "b": ("b", "x", "y", "z")},
    own={"b": "b"},
)


def settings(model: FakeModel) -> ChunkSettings:
    return ChunkSettings(64, 0, "cpu", model.autocast)


def test_an_embedder_ranks_every_document_but_the_query_itself() -> None:
    torch.manual_seed(0)
    model = FakeModel().eval()
    encoder = model.bi_encoder
    with torch.no_grad():
        found = rank_by_embedding(HELD, encoder.tokenize, encoder, "cosine", settings(model))
        for query, text in HELD.queries.items():
            ids = [torch.tensor(encoder.tokenize([t], "query")) for t in (text,)]
            mine = encoder(ids[0], torch.ones_like(ids[0]))[0]
            naive = {}
            for name, document in HELD.documents.items():
                row = torch.tensor(encoder.tokenize([document], "passage"))
                naive[name] = float(mine @ encoder(row, torch.ones_like(row))[0])
            naive.pop(HELD.own.get(query, ""), None)
            assert [name for name, _ in found[query]] == sorted(naive, key=naive.get, reverse=True)  # type: ignore[arg-type]


def test_a_scorer_ranks_a_querys_own_candidates() -> None:
    torch.manual_seed(0)
    model = FakeModel().eval()
    scorer = model.cross_encoder
    with torch.no_grad():
        found = rank_by_score(HELD, scorer.tokenize, scorer, settings(model))
        for query, documents in HELD.candidates.items():
            naive = {}
            for name in documents:
                row = torch.tensor(scorer.tokenize([(HELD.queries[query], HELD.documents[name])]))
                naive[name] = float(scorer(row, torch.ones_like(row)))
            assert [name for name, _ in found[query]] == sorted(naive, key=naive.get, reverse=True)  # type: ignore[arg-type]


def test_figures_are_means_over_queries_beside_bm25_on_the_same_documents() -> None:
    # RR: a finds x at 1; b finds y at 2, so 0.75. BM25 has x at 1 and, without b itself, y at 2.
    ranking = {"a": [("x", 2.0), ("z", 1.0)], "b": [("z", 2.0), ("y", 1.0)]}
    look = TextLook([HELD], "RR@10")
    found = look.figures(lambda held: ranking, pooled=True)
    assert found == {"RR@10": 0.75, "BM25 RR@10": 0.75}
    assert look.figures(lambda held: {"a": ranking["a"]}, pooled=False)["RR@10"] == 0.5


def test_a_task_without_held_out_queries_says_so() -> None:
    with pytest.raises(UserError, match=r"tasks\.embed: no queries were held out"):
        looked(None, "embed", settings(FakeModel()))


def config(backbone: Path, **looks: Any) -> TrialConfig:
    task = {"data": ["left"], "negatives": {"kind": "bm25", "count": 2, "ranks": [1, 6]}}
    return TrialConfig.model_validate(
        {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "lora", "rank": 2, "dropout": 0.2},
                "scoring": {"kind": "span_cosine", "isolated_layers": 1},
                "lengths": {"query": 16, "passage": 24, "pair": 40},
            },
            "tasks": {
                "embed": {"kind": "retrieval", "batch_size": 4, **task},
                "rerank": {"kind": "relevance", "batch_size": 6, **task},
            },
            "training": {
                "accumulation": 1,
                "max_steps": 3,
                "learning_rate": 0.01,
                "precision": "fp32",
                "token_budget": 256,
                "validation": looks,
            },
            "evaluation": {"datasets": ["left"]},
        }
    )


def run(
    config: TrialConfig, folder: Path, stop_after: int | None = None
) -> dict[str, torch.Tensor]:
    model = build_model(config.model, 1)
    tasks = build_tasks(config, 1, model, Workplace(Path.cwd()))
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return stop_after is not None and asked > stop_after

    train(config, 1, model, tasks, folder, progress=Silent(), should_stop=stop)
    return {name: weight.detach().clone() for name, weight in model.trainable().items()}


def test_looks_are_logged_bend_nothing_and_stand_once_after_a_resume(
    data_home: Path, tiny_encoder_folder: Path
) -> None:
    often = config(tiny_encoder_folder, at=[0, 0.5], queries=6, candidates=4)
    once = config(tiny_encoder_folder, every=100, queries=6, candidates=4)
    looked_at = run(often, data_home / "often")
    assert equal_bits(looked_at, run(once, data_home / "once"))
    log = Path("logs/validation.jsonl")
    lines = list(read_json_lines(data_home / "often" / log))
    assert [line["step"] for line in lines] == [0, 3, 6]
    names = {f"{task}/{own}nDCG@10" for task in ("embed", "rerank") for own in ("", "BM25 ")}
    assert names < lines[0].keys()
    assert all(0 <= line[name] <= 1 for line in lines for name in names)
    assert len({line["embed/BM25 nDCG@10"] for line in lines}) == 1

    run(often, data_home / "halves", stop_after=4)
    assert equal_bits(run(often, data_home / "halves"), looked_at)
    assert list(read_json_lines(data_home / "halves" / log)) == lines


def test_nothing_learns_from_held_out_queries(data_home: Path, tiny_encoder_folder: Path) -> None:
    """38 train queries: 6 are held out, the same of both tasks."""
    looks = config(tiny_encoder_folder, queries=6)
    plain = looks.model_copy(
        update={"training": looks.training.model_copy(update={"validation": None})}
    )
    counts = []
    for each in (looks, plain):
        tasks = build_tasks(each, 1, build_model(each.model, 1), Workplace(data_home))
        counts.append(tasks["embed"].examples_per_epoch)
    assert counts == [32, 38]
