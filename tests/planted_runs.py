"""A study with experiments, and trials that look trained and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from planted_trials import finish, plan_of, planted_scores

from gonogo.core.files import append_json_line
from gonogo.core.seeds import generator
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.planning.plan import Plan, PlannedTrial
from gonogo.study.tracking.run_logs import write_run_logs

COLUMNS = {
    "timestamp": "timestamp",
    "run_id": "run_id",
    "experiment": "experiment",
    "steps": "training.max_steps",
    "seeds": "seeds",
    "lr": "training.learning_rate",
    "warmup": "warmup_steps",
    "batch": "tasks.embed.batch_size",
    "scored": {"kind": "score", "task": "embed", "metric": "nDCG@10"},
    "status": "status",
    "recall": {"kind": "figure", "figure": "R@10", "which": "best"},
    "ndcg": {"kind": "figure", "figure": "nDCG@10", "which": "final"},
}
ROWS = {
    "one": {"arm": "emb_only", "seeds": [1]},
    "both": {"arm": "emb_only", "seeds": [1, 2]},
    "long": {"arm": "joint_single", "seeds": [2]},
}


def with_runs(path: Path, **changes: Any) -> Path:
    """Give the tiny study experiments and a summary."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["experiments"] = ROWS
    values["summary"] = {
        "run_id": "v1_{experiment}_s{steps}_seeds{seeds}_b{batch}_{timestamp}",
        "columns": COLUMNS,
        "rank_by": "recall",
    }
    values["gate"] = {
        "kind": "improvement",
        "task": "embed",
        "candidate": "joint_single",
        "baseline": "emb_only",
        "pass": 0.02,
        "fail": 0.0,
    }
    values["evaluation"]["references"] = []
    values |= changes
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def head_study(path: Path, vectors: int = 40, **changes: Any) -> Path:
    """Write a study of two heads on random vectors, with queues of 40 and of 50."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    drawn = generator(0, "bank").normal(size=(vectors, 8)).astype(np.float32)
    np.save(path.parent / "bank.npy", drawn)
    corpus = {"data": ["bank.npy"], "held_out": 12}
    task = {"kind": "neighbours", **corpus, "neighbours": 5, "negatives": 8, "queue_size": 50}
    values["defaults"] = {
        "model": {"kind": "vectors", "dimension": 8, "projection": {"kind": "residual"}},
        "tasks": {"distill": {**task, "batch_size": 4}},
        "training": {
            "max_steps": 6,
            "accumulation": 1,
            "precision": "fp32",
            "validation": {"every": 2, "unit": "steps", "best": "vs_teacher_recall@10"},
        },
    }
    values["defaults"]["model"]["projection"] |= {"dimension": 4, "hidden": 8}
    values["arms"] = {"small": {"tasks": {"distill": {"queue_size": 40}}}, "large": {}}
    scored = {"kind": "neighbours", **corpus, "most_queries": 6, "k": 3}
    values["evaluation"] = {"tasks": {"kept": scored}, "references": []}
    values["gate"] = {
        "kind": "improvement",
        "task": "kept",
        "metric": "nDCG@10",
        "candidate": "large",
        "baseline": "small",
        "pass": 0.1,
        "fail": 0.0,
    }
    path.write_text(yaml.safe_dump(values | changes, sort_keys=False), encoding="utf-8")
    return path


def write_logs(folder: TrialFolder, recalls: list[float | None], *, joined: bool = True) -> None:
    """Write what a training leaves: a line a step, a look every second one."""
    for step in range(1, 2 * len(recalls) + 1):
        line = {"step": step, "task": "embed", "loss": 1.0 / step, "learning_rate": 1e-3}
        append_json_line(folder.log("train.jsonl"), line)
    for number, recall in enumerate(recalls, start=1):
        ndcg = None if recall is None else recall / 2
        line = {"step": 2 * number, "epoch": number / 4, "R@10": recall, "nDCG@10": ndcg}
        append_json_line(folder.log("validation.jsonl"), {**line, "best": number == 1})
    if joined:
        write_run_logs(folder)


def finish_trial(trial: PlannedTrial, recalls: list[float | None], share: float = 1.0) -> None:
    """Write what a finished trial leaves."""
    result = {"steps": 4, "total_steps": 4, "train_seconds": 2.5}
    finish(trial, planted_scores(trial, lambda *_: share), result)
    write_logs(trial.folder, recalls)


def finish_all(path: Path, out: Path, *sets: str, tier: str = "full") -> Plan:
    """Finish every trial of a study and return the plan that finds them so."""
    for trial in plan_of(path, out, *sets, tier=tier).trials:
        finish_trial(trial, [0.1 * trial.seed, 0.3 * trial.seed, 0.2 * trial.seed])
    return plan_of(path, out, *sets, tier=tier)
