"""Trials that look finished, with planted scores: studies to judge without training anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gonogo.core.files import write_json
from gonogo.data.files.score_table import SCHEMA, write_scores
from gonogo.spec.checks.resolve import resolve
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.states import write_config
from gonogo.study.planning.plan import Plan, PlannedTrial, make_plan

QUERIES = 40
Mean = Callable[[str, int, str], float]
"""(arm, seed, task) -> share of the common base that the arm keeps."""


def plan_of(path: Path, out: Path, *sets: str, tier: str = "full", **options: Any) -> Plan:
    """Return the plan of a study file."""
    study = resolve(path, tier, sets)
    folder = StudyFolder.under(out, study.study, study.tier)
    return make_plan(study, folder, path.parent, **options)


def planted_scores(trial: PlannedTrial, share: Mean, noise: float = 0.0) -> pl.DataFrame:
    """Return scores of every query: a share of a base that all arms and seeds have in common."""
    spec = trial.config.evaluation
    rng = np.random.default_rng([trial.seed, sum(map(ord, trial.arm))])
    parts = []
    for task in spec.tasks:
        for data in spec.datasets:
            base = np.random.default_rng(len(data.name)).uniform(0.3, 0.7, QUERIES)
            values = share(trial.arm, trial.seed, task) * base + noise * rng.normal(size=QUERIES)
            # Below all tolerances: seeds without any noise would be one run handed in repeatedly.
            values = values + 1e-13 * trial.seed * (-1.0) ** np.arange(QUERIES)
            for metric in spec.metrics:
                keys = [trial.arm, trial.seed, task, data.name, metric]
                rows = [(*keys, f"q{n}", value) for n, value in enumerate(np.clip(values, 0, 1))]
                parts.append(pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return pl.concat(parts)


def finish(trial: PlannedTrial, scores: pl.DataFrame, result: Mapping[str, Any] = {}) -> None:
    """Write what a finished trial leaves."""
    write_config(trial.folder, {}, trial.training)
    write_json(trial.folder.final / "state.json", {"complete": True})
    write_json(trial.folder.result, {"state": "finished", **result})
    write_scores(trial.folder.scores, scores)
    write_json(trial.folder.evaluation, {"inputs": trial.evaluation})
