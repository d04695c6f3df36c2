"""What a mixture does with the texts that it is scored on, beside its scores."""

from __future__ import annotations

from pathlib import Path

import pytest

from gonogo.analysis.records.routing import RoutingFile
from gonogo.core.records import read_record
from gonogo.core.workplace import Workplace
from gonogo.evaluation.protocols import Setting
from gonogo.evaluation.text.routing import routed
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.model.mixture import Expert, HardRouting, MixtureAdapter, SparsegenRouting
from gonogo.spec.model.model import LoraAdapter, TextModel
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.running.evaluating import evaluate_into

EXPERTS = tuple(Expert(name=name, rank=2) for name in ("embed", "rerank", "shared"))
SPEC = EvaluationSpec.model_validate(
    {
        "datasets": ["left"],
        "metrics": ["nDCG@10"],
        "tasks": {
            "embed": {"kind": "retrieval", "depth": 10},
            "rerank": {"kind": "reranking", "depth": 3},
        },
    }
)


def build(folder: Path, adapter: MixtureAdapter | LoraAdapter) -> RetrievalModel:
    model = build_model(TextModel(backbone=str(folder), adapter=adapter), 1)
    assert isinstance(model, RetrievalModel)
    return model


@pytest.fixture
def workplace(tiny_study: Path) -> Workplace:
    return Workplace(tiny_study.parent)


def test_a_hard_switch_is_seen_on_every_task_and_block(
    tmp_path: Path, tiny_encoder_folder: Path, workplace: Workplace
) -> None:
    adapter = MixtureAdapter(experts=EXPERTS, router=HardRouting())
    folder = TrialFolder(tmp_path / "trial")
    model = build(tiny_encoder_folder, adapter)
    evaluate_into(folder, model, SPEC, {"x": 1}, workplace, arm="moe", seed=42)
    embed, rerank = read_record(folder.routing, RoutingFile).routing
    assert (embed.task, embed.dataset, embed.arm, embed.seed) == ("embed", "left", "moe", 42)
    assert (embed.gates, rerank.gates) == ((1.0, 0.0, 1.0), (0.0, 1.0, 1.0))
    assert embed.block_gates == ((1.0, 0.0, 1.0), (1.0, 0.0, 1.0))
    assert embed.active == 2
    assert embed.texts == 2 * rerank.texts  # type: ignore[operator]
    evaluate_into(folder, model, SPEC, {"x": 2}, workplace, arm="moe", seed=7)
    assert read_record(folder.routing, RoutingFile).routing[0].seed == 7


def test_learned_gates_are_shares_and_asking_changes_no_score(
    tmp_path: Path,
    tiny_encoder_folder: Path,
    workplace: Workplace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    adapter = MixtureAdapter(experts=EXPERTS, router=SparsegenRouting())
    model = build(tiny_encoder_folder, adapter)
    asked, unasked = TrialFolder(tmp_path / "asked"), TrialFolder(tmp_path / "unasked")
    evaluate_into(asked, model, SPEC, {}, workplace, arm="moe", seed=42)
    for one in read_record(asked.routing, RoutingFile).routing:
        assert sum(one.gates) == pytest.approx(1.0, abs=1e-5)
        assert one.entropy is not None
        assert 0 <= one.entropy <= 1 + 1e-6
    monkeypatch.setattr("gonogo.study.running.routing_probe.has_routers", lambda model: False)
    evaluate_into(unasked, model, SPEC, {}, workplace, arm="moe", seed=42)
    assert not unasked.routing.exists()
    assert asked.scores.read_bytes() == unasked.scores.read_bytes()


def test_adapters_without_routers_and_reference_rows_have_no_such_file(
    tmp_path: Path, tiny_encoder_folder: Path, workplace: Workplace
) -> None:
    plain, row = TrialFolder(tmp_path / "plain"), TrialFolder(tmp_path / "row")
    lora = build(tiny_encoder_folder, LoraAdapter(rank=2))
    evaluate_into(plain, lora, SPEC, {}, workplace, arm="lora", seed=42)
    mixed = build(tiny_encoder_folder, MixtureAdapter(experts=EXPERTS, router=HardRouting()))
    evaluate_into(row, mixed, SPEC, {}, workplace, arm="untrained", seed=None)
    assert not plain.routing.exists()
    assert not row.routing.exists()


def test_a_sample_of_queries_is_asked_each_with_a_relevant_document(
    tiny_encoder_folder: Path, workplace: Workplace
) -> None:
    model = build(tiny_encoder_folder, MixtureAdapter(experts=EXPERTS, router=HardRouting()))
    dataset = Setting(SPEC, workplace).dataset(SPEC.datasets[0])
    figures, count = routed(model, dataset, pairs=True)
    assert count == min(64, len(dataset.queries))
    assert figures["gate.rerank"] == 1
    few = dataset.sample_queries(3)
    assert routed(model, few, pairs=False)[1] == 6
