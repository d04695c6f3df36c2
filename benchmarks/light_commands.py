"""Light commands on large studies: whole processes, the median of several runs.

    python benchmarks/light_commands.py [--runs 5] [--keep FOLDER] [--json FILE]

Folders of finished trials are made up (no training): 500 trials for ``status`` and ``plan``, 100
with scores and logs for a ``run`` that finds nothing to do, but decides and writes the report.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import paired
import polars as pl
import yaml

from gonogo.core.files import write_json, write_text
from gonogo.data.files.score_table import SCHEMA, write_scores
from gonogo.spec.checks.resolve import resolve
from gonogo.study.folder.layout import StudyFolder, TrialFolder
from gonogo.study.folder.states import write_config
from gonogo.study.planning.plan import Plan, make_plan

GOALS = {"--help": 0.3, "status, 500 trials": 1.0, "run, 100 finished trials": 3.0}
QUERIES = 200
STEPS = 200
ARMS = {
    "emb_only": ["embed"],
    "rank_only": ["rerank"],
    "joint_single": ["embed", "rerank"],
    "joint_mixed": ["embed", "rerank"],
}


def write_data(folder: Path) -> None:
    """Write a data set in BEIR's layout whose queries each have one document."""
    rows = range(QUERIES)
    for name, key in (("corpus", "d"), ("queries", "q")):
        lines = [json.dumps({"_id": f"{key}{n}", "text": f"text {n}"}) for n in rows]
        write_text(folder / f"{name}.jsonl", "\n".join(lines) + "\n")
    for split in ("train", "test"):
        judged = "".join(f"q{n}\td{n}\t1\n" for n in rows)
        write_text(folder / "qrels" / f"{split}.tsv", "query-id\tcorpus-id\tscore\n" + judged)


def write_study(folder: Path, seeds: int) -> Path:
    """Write a study of four arms; its weights only have to exist."""
    names = [f"data{n}" for n in range(3)]
    for name in names:
        write_data(folder / name)
    weights = folder / "weights"
    write_json(weights / "config.json", {"architectures": ["BertForMaskedLM"]})
    write_text(weights / "tokenizer.json", "{}")
    (weights / "model.safetensors").write_bytes(bytes(1 << 20))
    values: dict[str, Any] = {
        "study": "large",
        "seeds": list(range(seeds)),
        "defaults": {
            "model": {"backbone": str(weights), "scoring": {"kind": "mlp"}},
            "tasks": {
                "embed": {"kind": "retrieval", "data": names},
                "rerank": {"kind": "relevance", "data": names},
            },
        },
        "arms": {arm: {"tasks": tasks} for arm, tasks in ARMS.items()},
        "evaluation": {"datasets": names, "references": []},
        "gate": {
            "kind": "interference",
            "joint": "joint_single",
            "specialists": {"embed": "emb_only", "rerank": "rank_only"},
        },
    }
    path = folder / "large.yaml"
    write_text(path, yaml.safe_dump(values, sort_keys=False))
    return path


def scores(plan: Plan, arm: str, seed: int) -> pl.DataFrame:
    """Return values of every query, the same base for all arms with noise of their own."""
    spec = plan.trials[0].config.evaluation
    keys = [(t, d.name, m) for t in spec.tasks for d in spec.datasets for m in spec.metrics]
    base = np.random.default_rng(0).uniform(0.2, 0.8, (len(keys), QUERIES))
    rng = np.random.default_rng([seed, list(ARMS).index(arm)])
    values = np.clip(base + rng.normal(0, 0.1, base.shape), 0, 1).ravel()
    task, dataset, metric = (np.repeat(column, QUERIES) for column in zip(*keys, strict=True))
    columns = {
        "arm": [arm] * len(values),
        "seed": [seed] * len(values),
        "task": task,
        "dataset": dataset,
        "metric": metric,
        "query_id": [f"q{n}" for n in range(QUERIES)] * len(keys),
        "value": values,
    }
    return pl.DataFrame(columns, schema=SCHEMA)


def write_log(folder: TrialFolder, tasks: list[str]) -> None:
    lines = [
        json.dumps({"step": step, "task": task, "loss": 1 / (1 + step), "learning_rate": 1e-4})
        for step in range(STEPS)
        for task in tasks
    ]
    write_text(folder.log("train.jsonl"), "\n".join(lines) + "\n")


def finish(plan: Plan) -> None:
    """Make every trial of a plan look finished."""
    for trial in plan.trials:
        place = trial.folder
        write_config(place, trial.config.model_dump(mode="json"), trial.training)
        write_json(place.environment, {"python": "3", "processor": "made up"})
        write_json(place.final / "state.json", {"complete": True})
        write_json(
            place.result, {"state": "finished", "train_seconds": 60.0, "evaluation_seconds": 9.0}
        )
        write_log(place, ARMS[trial.arm])
        write_scores(place.scores, scores(plan, trial.arm, trial.seed))
        write_json(place.evaluation, {"inputs": trial.evaluation})


def build(folder: Path, trials: int) -> Path:
    """Return the study file of a finished study with so many trials, in ``folder/out``."""
    path = write_study(folder, trials // len(ARMS))
    study = resolve(path)
    place = StudyFolder.under(folder / "out", study.study, study.tier)
    finish(make_plan(study, place, folder))
    return path


def seconds(runs: int, *arguments: str) -> tuple[float, float]:
    """Return the median times of a whole process, by the clock and of the processor.

    One run before them is not counted. On a busy machine the processor's time tells more.
    """
    times = []
    for _ in range(runs + 1):
        started, before = time.perf_counter(), os.times()
        command = [str(Path(sys.executable).with_name("gonogo")), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spent, after = time.perf_counter() - started, os.times()
        used = after.children_user + after.children_system
        times.append((spent, used - before.children_user - before.children_system))
    clock, processor = zip(*times[1:], strict=True)
    return statistics.median(clock), statistics.median(processor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="build there, and leave it")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    started, figures = time.perf_counter(), dict[str, float]()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        os.environ["GONOGO_CACHE"] = str(root / "cache")
        places = {count: root / f"trials_{count}" for count in (500, 100)}
        for count, place in places.items():
            if not (place / "large.yaml").exists():
                build(place, count)
        large, small = ([str(p / "large.yaml"), "--out", str(p / "out")] for p in places.values())
        commands = {
            "--help": ["--help"],
            "status, 500 trials": ["status", *large],
            "plan, 500 trials": ["plan", *large],
            "run, 100 finished trials": ["run", *small],
        }
        print("| command | seconds | of the processor | goal |\n|:--|--:|--:|--:|")
        for name, arguments in commands.items():
            goal = GOALS.get(name, "")
            clock, processor = seconds(options.runs, *arguments)
            print(f"| {name} | {clock:.2f} | {processor:.2f} | {goal} |", flush=True)
            figures |= {f"seconds, {name}": clock, f"of the processor, {name}": processor}
    if options.json:
        minutes = (time.perf_counter() - started) / 60
        question = "How long do light commands take on large studies?"
        paired.write_record(options.json, question, "", figures, minutes)


if __name__ == "__main__":
    main()
