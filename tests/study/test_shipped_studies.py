"""The shipped studies are what they say: every number that a result would rest on."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from gonogo.spec.checks.resolve import read_study, resolve
from gonogo.spec.data.text_data import PythonApiData
from gonogo.spec.neighbours.neighbour_task import NeighbourTask
from gonogo.spec.rule.gates import BandsGate, ImprovementGate, InterferenceGate
from gonogo.spec.rule.summary import FigureColumn
from gonogo.spec.study import ResolvedStudy, TrialConfig
from gonogo.study.folder.shipped import find_study
from gonogo.study.tracking.run_values import columns_of, named_run


@cache
def shipped(name: str, tier: str = "full") -> ResolvedStudy:
    return resolve(find_study(name), tier)


def setting(config: TrialConfig, key: str) -> Any:
    """Return the setting at a dotted key, as the study's record shows it."""
    value: Any = config.model_dump(mode="json", by_alias=True)
    for part in key.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


STUDENT = {
    "model.backbone": "minilm",
    "model.adapter.kind": "frozen",
    "model.projection.kind": "residual",
    "model.projection.hidden": 512,
    "model.projection.dimension": 128,
    "model.projection.skip_scale": 0.1,
    "model.projection.skip_start": "random",
    "model.similarity": "cosine",
    "tasks.distill.neighbours": 50,
    "tasks.distill.negatives": 1024,
    "tasks.distill.queue_size": 32_768,
    "tasks.distill.batch_size": 256,
    "tasks.distill.false_negatives": {"kind": "threshold", "above": 0.8},
    "tasks.distill.objective.temperature": 0.07,
    "tasks.distill.objective.distillation_weight": 1.0,
    "training.max_steps": 20_000,
    "training.learning_rate": 5e-4,
    "training.learning_rate_schedule": "cosine",
    "training.warmup": 2000,
    "training.accumulation": 1,
    "training.checkpoint_every": 2000,
    "training.validation.every": 1000,
    "training.validation.unit": "steps",
    "training.validation.best": "vs_teacher_recall@10",
    "evaluation.tasks.held_out.queries": "held_out",
    "evaluation.tasks.held_out.against": "teacher",
    "evaluation.tasks.anchors.queries": "anchors",
    "evaluation.tasks.anchors.against": "teacher",
    "evaluation.tasks.index.against": "exact",
}
TOWER = {
    "model.kind": "query_tower",
    "model.encoder.kind": "gru",
    "model.encoder.hidden": 512,
    "model.encoder.layers": 1,
    "tasks.next.memory": 50_000,
    "tasks.next.batch_size": 32,
    "tasks.next.curriculum": "0-30:none",
    "tasks.next.duplicate_above": 0.98,
    "tasks.next.objective.temperature": 0.05,
    "tasks.next.objective.margin": 0.03,
    "training.epochs": 30,
    "training.accumulation": 16,
    "training.learning_rate": 5e-5,
    "training.final_learning_rate": 1e-6,
    "training.learning_rate_schedule": "cosine",
    "training.weight_decay": 0.01,
    "training.clip": 1.0,
    "training.validation.every": 1,
    "training.validation.unit": "epochs",
    "training.validation.best": "R@500",
    "monitors.0.kind": "floor",
    "monitors.0.figure": "margin",
    "monitors.0.least": 0.04,
    "monitors.0.patience": 2,
    "monitors.0.after_epoch": 10,
    "monitors.0.then": "abort",
    "monitors.1.least": 0.05,
    "monitors.1.at": "end",
    "monitors.2.figure": "R@500",
    "monitors.2.at.0.epoch": 10,
    "monitors.2.at.0.bands.0.least": 0.35,
    "monitors.2.at.0.bands.1.least": 0.30,
    "monitors.2.at.1.bands.0.least": 0.55,
    "monitors.2.at.1.bands.1.least": 0.40,
    "monitors.3.figure": "in_batch_loss",
    "monitors.3.high.bound": 5.0,
    "monitors.3.high.patience": 3,
    "monitors.3.low.bound": 2.0,
    "monitors.3.low.before_epoch": 20,
    "postmortem.margin.0.least": 0.10,
    "postmortem.margin.1.least": 0.05,
    "postmortem.repeats_above": 0.98,
    "postmortem.most_repeats": 0.02,
    "evaluation.checkpoint": "final",
    "evaluation.tasks.next.mask_context": True,
    "evaluation.tasks.next.depth": 500,
    "evaluation.tasks.without_hubs.mask_context": True,
}
SENTENCES = {
    "model.backbone": "sentence-transformers/all-mpnet-base-v2",
    "model.adapter.kind": "full",
    "model.projection.kind": "mlp",
    "model.projection.widening": 2,
    "model.projection.dimension": 512,
    "model.projection.dropout": 0.1,
    "model.similarity": "euclidean",  # and so not normalised
    "tasks.embed.objective.kind": "triplet",
    "tasks.embed.objective.margin": 1.0,
    "tasks.embed.batch_size": 16,
    "tasks.embed.negatives.ranks": [1, 100],
    "tasks.embed.regularisers": [],
    "training.epochs": 3,
    "training.learning_rate": 1e-5,
    "training.head_learning_rate": 5e-4,
    "training.warmup": 1000,
    "training.weight_decay": 0.01,
    "training.clip": 1.0,
    "training.accumulation": 1,
}
JOINT = {
    "model.backbone": "Qwen/Qwen3-0.6B-Base",
    "model.adapter.kind": "lora",
    "model.adapter.rank": 16,
    "model.adapter.dropout": 0.05,
    "model.scoring.kind": "yes_no",
    "model.lengths": {"query": 128, "passage": 256, "pair": 512},
    "schedule.kind": "alternating",
    "tasks.embed.negatives.count": 7,
    "tasks.embed.negatives.ranks": [30, 100],
    "tasks.embed.objective.temperature": 0.05,
    "tasks.embed.objective.false_negative_margin": 0.1,
    "tasks.embed.batch_size": 8,
    "tasks.rerank.negatives.count": [5, 7],
    "tasks.rerank.batch_size": 16,
    "training.learning_rate": 1e-4,
    "training.warmup": 0.05,
    "training.clip": 1.0,
    "training.accumulation": 4,
    "training.epochs": 1,
    "schedule.match": "exposure",
    "evaluation.tasks.rerank.depth": 100,
    "evaluation.tasks.rerank.candidates": "bm25",
}
ATTENTION = {
    "kind": "attention",
    "alpha": 0.4,
    "heads": 8,
    "width": 64,
    "hidden": 256,
    "dropout": 0.3,
}
FIRST: dict[tuple[str, str], dict[str, Any]] = {
    ("distillation", "core_20k"): STUDENT,
    ("two_tower", "gru"): TOWER,
    ("two_tower", "attention"): {"model.encoder": ATTENTION},
    ("isotropy", "baseline"): SENTENCES,
    ("interference", "joint_single"): JOINT,
}


@pytest.mark.parametrize(
    ("study", "arm", "key", "value"),
    [(*place, key, value) for place, settings in FIRST.items() for key, value in settings.items()],
)
def test_a_setting_is_the_one_that_was_promised(
    study: str, arm: str, key: str, value: object
) -> None:
    assert setting(shipped(study).arms[arm], key) == value


def sigreg(weight: float) -> list[dict[str, Any]]:
    plain = {"blend": None, "normalise": "none"}
    return [{"kind": "sigreg", "weight": weight, "slices": 256, **plain}]


MINED = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"
RANKS = "0-5:none;6-10:8@0.98-0.999;11-30:16@0.99-0.9995"
CHANGES: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("distillation", "core_20k"): {
        "core_50k": {"training.max_steps": 50_000},
        "tau_0.05": {"tasks.distill.objective.temperature": 0.05},
        "tau_0.10": {"tasks.distill.objective.temperature": 0.10},
        "svd_start": {
            "model.projection.skip_start": "svd",
            "model.projection.skip_scale": 1.0,
            "model.projection.dropout": 0.0,
        },
    },
    ("two_tower", "attention"): {
        "gru": {
            "model.encoder": {"kind": "gru", "hidden": 512, "layers": 1, "dropout": 0.0},
        },
        "gru_mined": {
            "model.encoder": {"kind": "gru", "hidden": 512, "layers": 1, "dropout": 0.0},
            "tasks.next.curriculum": MINED,
        },
        "attention_mined": {"tasks.next.curriculum": MINED},
        "attention_quantile": {"tasks.next.curriculum": RANKS, "tasks.next.window": "quantile"},
    },
    ("isotropy", "baseline"): {
        "with_isotropy": {"tasks.embed.regularisers": sigreg(1.0)},
        "frozen_efficient": {
            "tasks.embed.regularisers": sigreg(1.0),
            "model.adapter": {"kind": "frozen"},
        },
        "variance_only": {
            "tasks.embed.regularisers": [
                {"kind": "variance", "weight": 1.0, "blend": None, "memory": 0, "target": 1.0}
            ]
        },
    },
    ("isotropy_weights", "weight_0"): {
        f"weight_{weight:g}": {"tasks.embed.regularisers": sigreg(weight)}
        for weight in (0.02, 0.1, 0.25, 0.5, 1.0, 2.0)
    },
}


@pytest.mark.parametrize(
    ("study", "first", "arm"),
    [(*place, arm) for place, arms in CHANGES.items() for arm in arms],
)
def test_arms_differ_in_what_they_are_about_and_in_nothing_else(
    study: str, first: str, arm: str
) -> None:
    arms, changes = shipped(study).arms, CHANGES[study, first][arm]
    assert set(arms) == {first, *CHANGES[study, first]}
    assert {key: setting(arms[arm], key) for key in changes} == changes
    changed = arms[arm].model_dump(mode="json", by_alias=True)
    for key in changes:
        *parents, last = key.split(".")
        block, old = changed, setting(arms[first], key)
        for part in parents:
            block = block[part]
        block[last] = old
    assert TrialConfig.model_validate(changed) == arms[first]


def test_the_specialists_of_interference_learn_one_task_each() -> None:
    arms = shipped("interference").arms
    assert {arm: list(config.tasks) for arm, config in arms.items()} == {
        "emb_only": ["embed"],
        "rank_only": ["rerank"],
        "joint_single": ["embed", "rerank"],
        "joint_updates": ["embed", "rerank"],
    }
    joint = arms["joint_single"]
    for config in arms.values():
        assert (config.model, config.training, config.evaluation) == (
            joint.model,
            joint.training,
            joint.evaluation,
        )
        assert all(task == joint.tasks[name] for name, task in config.tasks.items())


@pytest.mark.parametrize(
    ("study", "seeds"),
    [
        ("distillation", (0, 1, 2)),
        ("two_tower", (42, 123, 456)),
        ("two_tower_bands", (42, 123, 456)),
        ("isotropy", (42, 123, 456)),
        ("isotropy_weights", (42, 123, 456)),
        ("interference", (42, 123, 456)),
    ],
)
def test_full_has_three_seeds_and_is_a_result(study: str, seeds: tuple[int, ...]) -> None:
    found = shipped(study)
    assert found.seeds == seeds
    assert not found.preliminary
    small = {"quick", "smoke"} & set(read_study(find_study(study)).tiers)
    assert small
    assert all(shipped(study, tier).preliminary for tier in small)


def names(study: str) -> list[str]:
    return [row.name for row in shipped(study).evaluation.references]


def test_reference_rows_stand_beside_the_arms() -> None:
    linear = ["svd", "pca", "random_projection", "truncation"]
    assert names("distillation") == [*linear, "untrained", "teacher"]
    heuristics = ["last_vector", "context_mean", "weighted_mean-0.1", "weighted_mean-tuned"]
    assert names("two_tower")[:4] == heuristics
    assert names("two_tower")[-3:] == ["oracle", "random_vector", "untrained"]
    assert {"bm25", "untrained"} <= set(names("isotropy"))
    assert {"bm25", "untrained"} <= set(names("interference"))


@pytest.mark.parametrize(
    ("study", "task", "metric", "candidate", "baselines", "lines"),
    [
        (
            "distillation",
            "held_out",
            "R@10",
            "core_20k",
            ("svd", "pca", "random_projection", "truncation"),
            (0.04, 0.0),
        ),
        ("two_tower", "next", "R@500", "attention", ("weighted_mean-tuned",), (0.04, 0.0)),
        ("isotropy", "embed", "nDCG@10", "with_isotropy", ("baseline",), (0.01, 0.0)),
    ],
)
def test_gates_of_improvement(
    study: str,
    task: str,
    metric: str,
    candidate: str,
    baselines: tuple[str, ...],
    lines: tuple[float, float],
) -> None:
    gate = shipped(study).gate
    assert isinstance(gate, ImprovementGate)
    assert (gate.task, gate.metric, gate.candidate) == (task, metric, candidate)
    assert gate.baselines == baselines
    assert (gate.pass_, gate.fail) == lines


def test_the_gate_of_interference() -> None:
    gate = shipped("interference").gate
    assert isinstance(gate, InterferenceGate)
    assert gate.metric == "nDCG@10"
    assert gate.joint == "joint_single"
    assert gate.specialists == {"embed": "emb_only", "rerank": "rank_only"}
    assert (gate.pass_, gate.fail) == (0.02, 0.01)


def test_the_rows_of_the_distillation_study() -> None:
    study = shipped("distillation")
    assert {name: (row.arm, row.seeds) for name, row in study.experiments.items()} == {
        "core_20k_seed0": ("core_20k", (0,)),
        "core_20k_seeds012": ("core_20k", (0, 1, 2)),
        "core_50k_seeds012": ("core_50k", (0, 1, 2)),
        "tuning_tau0.05": ("tau_0.05", (0,)),
        "tuning_tau0.10": ("tau_0.10", (0,)),
        "svd_start_seeds012": ("svd_start", (0, 1, 2)),
    }


def test_the_columns_and_names_of_the_distillation_summary() -> None:
    study = shipped("distillation")
    assert list(columns_of(study)) == [
        "timestamp",
        "run_id",
        "experiment",
        "steps",
        "seeds",
        "lr",
        "warmup",
        "tau",
        "k",
        "neg_m",
        "queue_size",
        "false_neg_mode",
        "threshold",
        "status",
        "vs_teacher_recall@10",
        "vs_teacher_ndcg@10",
    ]
    columns = columns_of(study)
    assert columns["vs_teacher_recall@10"] == FigureColumn(
        figure="vs_teacher_recall@10", which="best"
    )
    assert columns["vs_teacher_ndcg@10"] == FigureColumn(figure="vs_teacher_ndcg@10", which="final")
    assert study.summary is not None
    assert study.summary.rank_by == "vs_teacher_recall@10"
    values = {"experiment": "tuning_tau0.10", "steps": 20000, "seeds": "0", "tau": 0.1}
    values |= {"neg_m": 1024, "queue_size": 32768, "timestamp": "20261129_180000"}
    named = named_run(study.summary.run_id, values)
    assert named == ("trackB_v1_tuning_tau0.10_s20000_seeds0_tau0.10_m1024_q32768_20261129_180000")


def test_the_quick_tier_of_distillation_is_ten_steps_of_every_row_on_packaged_texts() -> None:
    full, quick = shipped("distillation"), shipped("distillation", "quick")
    assert {config.training.max_steps for config in quick.arms.values()} == {10}
    for config in quick.arms.values():
        task = config.tasks["distill"]
        assert isinstance(task, NeighbourTask)
        named = [*(data for _, _, data in quick.evaluation.parts), *task.data]
        assert {type(data) for data in named} == {PythonApiData}
    assert {name: row.seeds for name, row in quick.experiments.items()} == {
        name: row.seeds for name, row in full.experiments.items()
    }


def test_named_bands_of_recall_decide_the_second_study_of_query_towers() -> None:
    gate = shipped("two_tower_bands").gate
    assert isinstance(gate, BandsGate)
    assert (gate.task, gate.metric, gate.arm) == ("next", "R@500", "gru")
    assert [(band.least, band.verdict) for band in gate.bands] == [
        (0.0, "FAIL"),
        (0.40, "MARGINAL"),
        (0.55, "PASS"),
    ]
    # Its arm is the one that two_tower calls gru_mined: trained once, judged twice.
    one, other = shipped("two_tower_bands").arms["gru"], shipped("two_tower").arms["gru_mined"]
    assert (one.model, one.tasks, one.training) == (other.model, other.tasks, other.training)
