"""gonogo postmortem: a trained query tower looked at once more, from the files of its trial."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from gonogo.analysis.next_vector.postmortem import (
    Findings,
    GroupRecall,
    margin_word,
    rank_histogram,
    recall_by_group,
    recall_by_position,
    recommend,
)
from gonogo.analysis.records.postmortem import (
    FoundMargin,
    FoundRepeats,
    Postmortem,
    write_postmortem,
)
from gonogo.core.errors import UserError
from gonogo.core.records import read_record
from gonogo.core.types import Device
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.mining.mining import Mined
from gonogo.evaluation.next_vector.next_vector import encode_contexts, recalls, target_ranks
from gonogo.evaluation.next_vector.next_vector_mining import mine_next
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.next_vector.curriculum import CosineWindow, Segment, parse_curriculum
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.next_vector.postmortem import PostmortemSpec
from gonogo.study.next_vector.trained_tower import open_tower_trial
from gonogo.study.next_vector.whitened_bank import mean_cosines
from gonogo.training.loop.states import FinalState

REPORT = "postmortem.json"
_MOST = 2000  # pairs looked at
_UNFILTERED = 2.0  # no cosine, however it is rounded, is above it
_NEAREST = Segment(0, 0, 16, CosineWindow(-1.0, 1.0))


@dataclass(frozen=True)
class Examined:
    """A tower after so many steps, its task, and what the looks on the way saw.

    Attributes:
        name: of the trial, or of the file that the tower came from.
        place: where its weights lie.
        checkpoint: which of the trial's; None for a file of somebody else.
        step: of the training, where it is known.
        model: the tower.
        spec: its task, of which the filters and the curriculum count.
        settings: what it is compared with.
        data: bank and pairs.
        history: entries of the looks; empty where there were none.
    """

    name: str
    place: Path
    checkpoint: str | None
    step: int | None
    model: QueryTower
    spec: NextVectorTask
    settings: PostmortemSpec
    data: NextVectors
    history: list[dict[str, Any]]


def postmortem(
    folder: Path, *, beside: Path | None = None, out: Path | None = None, device: Device = "cpu"
) -> Postmortem:
    """Measure, judge, and write ``postmortem.json`` into the trial's folder.

    What an abort left is read where there is one, else what the trial's evaluation scores.

    Args:
        folder: of the trial.
        beside: where relative data folders are looked for first; by default beside the study file.
        out: where the record is written; by default the trial's folder.
        device: where the tower computes.

    Returns:
        The record.

    Raises:
        UserError: if it is no trial of a query tower, has no checkpoint, or gives no vectors.
    """
    return examine(_open(folder, beside, device), out or folder)


def examine(trial: Examined, out: Path) -> Postmortem:
    """Measure and judge any tower, and write ``postmortem.json`` into a folder.

    Returns:
        The record.

    Raises:
        UserError: if the tower gives no vectors, or does not fit the bank.
    """
    settings, cutoff = trial.settings, trial.settings.cutoff
    numbers = trial.data.sample(trial.data.validation, _MOST, "postmortem")
    queries = _queries(trial, numbers)
    ranks = target_ranks(queries, trial.data, numbers)
    articles = recall_by_group(ranks, trial.data.pairs.articles[numbers], cutoff)
    margin, over = _margin(trial, queries, numbers)
    dropped, left = _repeats(trial, queries, numbers)
    fills = _fill_rates(trial.history)
    recall = recalls(ranks, sorted({10, 100, cutoff, 1000}))
    findings = Findings(
        margin=margin,
        repeats_dropped=dropped,
        repeats_left=left,
        duplicate_above=trial.spec.duplicate_above,
        alignment=mean_cosines(trial.data.bank),
        bank=trial.data.bank.path,
        fill_rates=list(fills.values()),
        recall=recall[f"R@{cutoff}"],
        worst=articles[0],
    )
    record = Postmortem(
        trial=trial.name,
        checkpoint=trial.checkpoint,
        step=trial.step,
        pairs=len(numbers),
        cutoff=cutoff,
        settings=settings,
        recall=recall,
        margin=FoundMargin(
            value=margin if math.isfinite(margin) else None,
            word=margin_word(margin, settings),
            over=over,
        ),
        repeats=FoundRepeats(dropped=dropped, left=left),
        alignment=findings.alignment,
        fill_rates=fills,
        rank_histogram=rank_histogram(ranks),
        articles=articles,
        positions=recall_by_position(ranks, _positions(trial.data, numbers), cutoff),
        history=_curves(trial.history, cutoff),
        recommendation=recommend(findings, settings),
    )
    write_postmortem(out / REPORT, record)
    return record


def _fill_rates(history: list[dict[str, Any]]) -> dict[str, float]:
    """Return the share of mined negatives that were found, by epoch; none where none were asked."""
    return {
        str(entry["epoch"]): entry["mined_fill"]
        for entry in history
        if entry.get("mined_above_window") is not None
    }


def _open(folder: Path, beside: Path | None, device: Device) -> Examined:
    trial = open_tower_trial(folder)
    data = trial.pairs(beside=beside)
    model, checkpoint = trial.tower(aborted=True, device=device)
    history = folder / "history.json"
    place = folder / "checkpoints" / checkpoint
    return Examined(
        name=folder.name if folder.parent.name == "" else f"{folder.parent.name}/{folder.name}",
        place=place,
        checkpoint=checkpoint,
        step=read_record(place / "state.json", FinalState).step,
        model=model,
        spec=trial.task,
        settings=trial.postmortem,
        data=data,
        history=read_record(history, list[dict[str, Any]]) if history.is_file() else [],
    )


def _queries(trial: Examined, numbers: Int64[np.ndarray, "n"]) -> Float[np.ndarray, "n d"]:
    queries = encode_contexts(trial.model, trial.data, numbers)
    if not np.isfinite(queries).all():
        raise UserError(
            "the tower gives vectors that are not finite: its training has diverged",
            file=trial.place,
            hint="a lower training.learning_rate or training.clip",
        )
    return queries


def _margin(
    trial: Examined, queries: Float[np.ndarray, "n d"], numbers: Int64[np.ndarray, "n"]
) -> tuple[float, str]:
    """Return the margin of the look at these very weights, else over the other targets."""
    for look in reversed(trial.history):
        if look["step"] == trial.step and "margin" in look:
            value = look["margin"]  # None is what JSON has for NaN
            return (float("nan") if value is None else float(value)), "negatives in force"
    cosines = queries @ trial.data.targets(numbers).T
    others = ~np.eye(len(numbers), dtype=bool)
    return float(cosines.diagonal().mean() - cosines[others].mean()), "other targets"


def _repeats(
    trial: Examined, queries: Float[np.ndarray, "n d"], numbers: Int64[np.ndarray, "n"]
) -> tuple[float, float]:
    """Return the shares of hard negatives that the filter drops as repeats, and that it leaves."""
    above = trial.spec.duplicate_above
    every = _hardest(trial, queries, numbers, _UNFILTERED)
    left = _hardest(trial, queries, numbers, above)
    return (
        _share_near(every, trial.data, numbers, above),
        _share_near(left, trial.data, numbers, trial.settings.repeats_above),
    )


def _hardest(
    trial: Examined,
    queries: Float[np.ndarray, "n d"],
    numbers: Int64[np.ndarray, "n"],
    duplicate_above: float,
) -> Mined:
    """Mine the last window of the curriculum; of a trial that mines nothing, the nearest rows."""
    mining = [part for part in parse_curriculum(trial.spec.curriculum).segments if part.window]
    segment, unit = (mining[-1], trial.spec.window) if mining else (_NEAREST, "cosine")
    window = segment.window
    assert window is not None  # noqa: S101  (segments without one were left out)
    return mine_next(
        queries,
        trial.data,
        numbers,
        count=segment.count,
        window=window,
        unit=unit,
        duplicate_above=duplicate_above,
    )


def _share_near(
    mined: Mined, data: NextVectors, numbers: Int64[np.ndarray, "n"], above: float
) -> float:
    """Return the share of mined rows with a higher cosine than this to their positive."""
    if not mined.mask.any():
        return 0.0
    near = np.einsum("nkd,nd->nk", data.bank.take(mined.rows), data.targets(numbers))
    return float((near[mined.mask] > np.float32(above)).mean())


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


def _curves(history: list[dict[str, Any]], cutoff: int) -> dict[str, list[Any]]:
    wanted = ("epoch", f"recall@{cutoff}", "margin", "margin_mined", "mined_fill", "in_batch_loss")
    return {name: [entry.get(name) for entry in history] for name in wanted}


def as_text(record: Postmortem) -> list[str]:
    """Return the record as lines to read."""
    margin, repeats = record.margin, record.repeats
    value = "not finite" if margin.value is None else f"{margin.value:.4f}"
    word = f": {margin.word}" if margin.word else ""
    lines = [
        f"{record.trial}{_checkpoint(record)}, {record.pairs} validation pairs",
        "recall       " + "  ".join(f"{k} {100 * v:.1f} %" for k, v in record.recall.items()),
        f"margin       {value} over the {margin.over}{word}",
        f"repeats      {repeats.dropped:.2%} of the hard negatives would repeat their positive"
        f" without the filter (dropped); {repeats.left:.2%} of what is left do",
        f"alignment    {record.alignment:.3f} mean cosine of different bank rows",
        "fill rates   "
        + (
            "  ".join(f"{epoch}: {fill:.0%}" for epoch, fill in record.fill_rates.items())
            or "nothing was mined"
        ),
        "ranks        " + "  ".join(f"{k}: {n}" for k, n in record.rank_histogram.items()),
        f"lost at {record.cutoff}, by article",
    ]
    lines += [_row(row) for row in record.articles[:5]]
    lines += [f"lost at {record.cutoff}, by place in the article", *map(_row, record.positions)]
    return [*lines, "do next", *(f"  - {line}" for line in record.recommendation)]


def _checkpoint(record: Postmortem) -> str:
    if record.checkpoint is None:
        return ""
    return f", checkpoint {record.checkpoint} (step {record.step})"


def _row(row: GroupRecall) -> str:
    lost = round((1 - row.recall) * row.pairs)
    return f"  {row.group:40} {lost:5} of {row.pairs:5}  ({100 * row.recall:.1f} % found)"
