"""gonogo postmortem: a trained query tower looked at once more, from the files of its trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jaxtyping import Float, Int64
from pydantic import TypeAdapter

from gonogo.analysis.postmortem import (
    Findings,
    margin_word,
    rank_histogram,
    recall_by_group,
    recall_by_position,
    recommend,
)
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_json
from gonogo.core.seeds import generator
from gonogo.data.next_vectors import NextVectors, open_next_vectors
from gonogo.evaluation.next_vector import encode_contexts, recalls, target_ranks
from gonogo.evaluation.next_vector_mining import mine_next
from gonogo.models.build import load_model
from gonogo.models.query_tower import QueryTower
from gonogo.spec.curriculum import CosineWindow, Segment, parse_curriculum
from gonogo.spec.next_vector_task import NextVectorTask
from gonogo.study.layout import TrialFolder

REPORT = "postmortem.json"
CUTOFF = 500
_MOST = 2000  # pairs looked at
_SAMPLE = 2000  # bank rows whose cosines are averaged
_CHECKPOINTS = ("best", "final", "abort")
_NEAREST = Segment(0, 0, 16, CosineWindow(-1.0, 1.0))


@dataclass(frozen=True)
class _Trial:
    """A trial's tower, its task, and what its looks saw."""

    checkpoint: str
    model: QueryTower
    spec: NextVectorTask
    data: NextVectors
    history: list[dict[str, Any]]


def postmortem(folder: Path, *, beside: Path | None = None) -> dict[str, Any]:
    """Measure, judge, and write ``postmortem.json`` into the trial's folder.

    Args:
        folder: of the trial.
        beside: where relative data folders are looked for first.

    Returns:
        The record.

    Raises:
        UserError: if it is no trial of a query tower, or has no checkpoint.
    """
    trial = _open(TrialFolder(folder), beside)
    numbers = trial.data.sample(trial.data.validation, _MOST, "postmortem")
    queries = encode_contexts(trial.model, trial.data, numbers)
    ranks = target_ranks(queries, trial.data, numbers)
    articles = recall_by_group(ranks, trial.data.pairs.articles[numbers], CUTOFF)
    margin = _margin(trial, queries, numbers)
    fills = {
        str(entry["epoch"]): entry["mined_fill"]
        for entry in trial.history
        if entry.get("mined_above_window") is not None
    }
    recall = recalls(ranks, (10, 100, CUTOFF, 1000))
    findings = Findings(
        margin=margin,
        duplicate_rate=_duplicate_rate(trial, queries, numbers),
        alignment=_alignment(trial.data),
        fill_rates=list(fills.values()),
        recall=recall[f"R@{CUTOFF}"],
        worst=articles[0],
        cutoff=CUTOFF,
    )
    record = {
        "trial": folder.name if folder.parent.name == "" else f"{folder.parent.name}/{folder.name}",
        "checkpoint": trial.checkpoint,
        "pairs": len(numbers),
        "recall": recall,
        "margin": {"value": margin if math.isfinite(margin) else None, "word": margin_word(margin)},
        "duplicate_rate": findings.duplicate_rate,
        "alignment": findings.alignment,
        "fill_rates": fills,
        "rank_histogram": rank_histogram(ranks),
        "articles": [asdict(row) for row in articles],
        "positions": [
            asdict(row)
            for row in recall_by_position(ranks, _positions(trial.data, numbers), CUTOFF)
        ],
        "history": _curves(trial.history),
        "recommendation": recommend(findings),
    }
    write_json(folder / REPORT, record)
    return record


def _open(folder: TrialFolder, beside: Path | None) -> _Trial:
    if not folder.config.is_file():
        raise UserError("no trial.yaml, so this is no trial's folder", file=folder.path)
    config = yaml.safe_load(folder.config.read_text(encoding="utf-8"))["config"]
    tasks = [task for task in config["tasks"].values() if task["kind"] == "next_vector"]
    if not tasks:
        raise UserError("this trial trains no query tower", file=folder.config, place="tasks")
    spec = TypeAdapter(NextVectorTask).validate_python(tasks[0])
    names = [name for name in _CHECKPOINTS if (folder.path / "checkpoints" / name).is_dir()]
    if not names:
        raise UserError(
            "no checkpoint yet", file=folder.path / "checkpoints", hint="train it first"
        )
    model = load_model(folder.path / "checkpoints" / names[0])
    if not isinstance(model, QueryTower):
        raise UserError("its model is no query tower", file=folder.config, place="model.kind")
    history = folder.path / "history.json"
    return _Trial(
        checkpoint=names[0],
        model=model,
        spec=spec,
        data=open_next_vectors(spec.data.folder, beside=beside),
        history=read_json(history) if history.is_file() else [],
    )


def _margin(
    trial: _Trial, queries: Float[np.ndarray, "n d"], numbers: Int64[np.ndarray, "n"]
) -> float:
    """Return the last look's margin; without looks, that over the other targets."""
    seen = [entry["margin"] for entry in trial.history if entry.get("margin") is not None]
    if seen:
        return float(seen[-1])
    cosines = queries @ trial.data.targets(numbers).T
    others = ~np.eye(len(numbers), dtype=bool)
    return float(cosines.diagonal().mean() - cosines[others].mean())


def _duplicate_rate(
    trial: _Trial, queries: Float[np.ndarray, "n d"], numbers: Int64[np.ndarray, "n"]
) -> float:
    """Return the share of near-duplicates among what the last window holds without the filter."""
    mining = [part for part in parse_curriculum(trial.spec.curriculum).segments if part.window]
    segment, unit = (mining[-1], trial.spec.window) if mining else (_NEAREST, "cosine")
    window = segment.window
    assert window is not None  # noqa: S101  (segments without one were left out)
    mined = mine_next(
        queries,
        trial.data,
        numbers,
        count=segment.count,
        window=window,
        unit=unit,
        duplicate_above=1.0,
    )
    if not mined.mask.any():
        return 0.0
    vectors = trial.data.bank.take(mined.rows)
    near = np.einsum("nkd,nd->nk", vectors, trial.data.targets(numbers))
    return float((near[mined.mask] > trial.spec.duplicate_above).mean())


def _alignment(data: NextVectors) -> float:
    """Return the mean cosine of different rows, of a sample of the bank."""
    count = min(_SAMPLE, len(data.bank))
    draws = generator(0, "postmortem", "alignment")
    rows = data.bank.take(draws.choice(len(data.bank), size=count, replace=False))
    whole = rows.sum(axis=0, dtype=np.float64)
    squares = float((rows.astype(np.float64) ** 2).sum())
    return float((whole @ whole - squares) / (count * (count - 1)))


def _positions(data: NextVectors, numbers: Int64[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Return where in its article each target stands, 0 to 1, among the pairs' targets."""
    articles, targets = data.pairs.articles, data.pairs.targets
    places = np.zeros(len(numbers))
    for article in np.unique(articles[numbers]):
        own = articles[numbers] == article
        every = targets[articles == article]
        first, span = every.min(), max(int(np.ptp(every)), 1)
        places[own] = (targets[numbers[own]] - first) / span
    return places


def _curves(history: list[dict[str, Any]]) -> dict[str, list[Any]]:
    wanted = ("epoch", f"recall@{CUTOFF}", "margin", "margin_mined", "mined_fill", "in_batch_loss")
    return {name: [entry.get(name) for entry in history] for name in wanted}


def as_text(record: Mapping[str, Any]) -> list[str]:
    """Return the record as lines to read."""
    margin = record["margin"]
    value = "not finite" if margin["value"] is None else f"{margin['value']:.4f}"
    lines = [
        f"{record['trial']}, checkpoint {record['checkpoint']}, {record['pairs']} validation pairs",
        "recall       " + "  ".join(f"{k} {100 * v:.1f} %" for k, v in record["recall"].items()),
        f"margin       {value}: {margin['word']}",
        f"duplicates   {record['duplicate_rate']:.2%} of the hard negatives repeat their positive",
        f"alignment    {record['alignment']:.3f} mean cosine of different bank rows",
        "fill rates   "
        + (
            "  ".join(f"{epoch}: {fill:.0%}" for epoch, fill in record["fill_rates"].items())
            or "nothing was mined"
        ),
        "ranks        " + "  ".join(f"{k}: {n}" for k, n in record["rank_histogram"].items()),
        f"lost at {CUTOFF}, by article",
    ]
    lines += [_row(row) for row in record["articles"][:5]]
    lines += [f"lost at {CUTOFF}, by place in the article", *map(_row, record["positions"])]
    return [*lines, "do next", *(f"  - {line}" for line in record["recommendation"])]


def _row(row: Mapping[str, Any]) -> str:
    lost = round((1 - row["recall"]) * row["pairs"])
    return f"  {row['group']:40} {lost:5} of {row['pairs']:5}  ({100 * row['recall']:.1f} % found)"
