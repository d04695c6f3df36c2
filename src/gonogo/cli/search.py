"""gonogo search: a cascade over a bank, asked once or measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gonogo.data.next_vector.bank import Bank
    from gonogo.data.next_vector.next_vectors import NextVectors
    from gonogo.evaluation.cascade.cascade import Asked, Cascade
    from gonogo.study.next_vector.searching import SearchSettings


_SHOWN, _WIDTH = 10, 100

_Lanes = Annotated[
    Path | None, typer.Option(help="JSON lines: task, modifier, domain of each bank row, in order.")
]
_LaneAlpha = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Blend alpha * vector + (1 - alpha) * code.")
]
_Device = Annotated[
    options.Device, typer.Option(help="Where towers and cross-encoder run; the bank is on the CPU.")
]
_Precision = Annotated[
    options.Precision | None,
    typer.Option(
        show_default="each tower as its trial was scored, a cross-encoder in fp32",
        help="Number format of all models; bf16 speeds a cross-encoder up where there is hardware"
        " for it.",
    ),
]


def search(
    trial: Annotated[Path, typer.Argument(help="Folder of the trial whose tower retrieves.")],
    pair: Annotated[
        str | None, typer.Option(help="Show what is found for this pair, measure nothing.")
    ] = None,
    queries: Annotated[int, typer.Option(min=1, help="Held-out pairs to measure on.")] = 200,
    depth: Annotated[int, typer.Option(min=1, help="Rows that retrieval hands on.")] = 500,
    heuristic: Annotated[
        float, typer.Option(help="Weight of the last vector in the mean beside the tower; 0: none.")
    ] = 0.3,
    rerank: Annotated[
        Path | None, typer.Option(help="Trial whose tower ranks the best rows anew.")
    ] = None,
    rerank_keep: Annotated[
        int, typer.Option(min=1, help="Rows that a stage hands on to another.")
    ] = 50,
    lanes: _Lanes = None,
    lane_alpha: _LaneAlpha = None,
    cross_encoder: Annotated[
        Path | None, typer.Option(help="Folder of a saved text model that reads pairs.")
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="Rows of the last stage.")] = 10,
    without_hubs: Annotated[
        bool,
        typer.Option("--without-hubs", help="Rank down rows that many training queries are near."),
    ] = False,
    device: _Device = "auto",
    precision: _Precision = None,
) -> None:
    """Retrieve, then rank anew; print recall and latency of every stage, or the rows found."""
    from gonogo.core.extras import require

    require("train", "gonogo search")
    from gonogo.models.parts.devices import resolve_device, resolve_precision
    from gonogo.spec.evaluation.evaluation_tasks import InvertedSoftmax
    from gonogo.study.next_vector.searching import SearchSettings

    where = resolve_device(device)
    settings = SearchSettings(
        alpha=heuristic or None,
        depth=depth,
        rerank=rerank,
        rerank_keep=rerank_keep,
        lane_alpha=lane_alpha,
        cross_encoder=cross_encoder,
        keep=keep,
        hubness=InvertedSoftmax() if without_hubs else None,
        device=where,
        precision=None if precision is None else resolve_precision(precision, where),
    )
    _search(trial, pair, queries, lanes, settings)


def _search(
    folder: Path, pair: str | None, queries: int, lanes: Path | None, settings: SearchSettings
) -> None:
    from gonogo.study.next_vector.searching import asked_of, build_cascade, read_codes
    from gonogo.study.next_vector.trained_tower import open_tower_trial

    trial = open_tower_trial(folder)
    tower, checkpoint = trial.tower(device=settings.device, precision=settings.precision)
    data = trial.pairs()
    codes = None if lanes is None else read_codes(lanes, len(data.bank))
    cascade = build_cascade(tower, data, settings, codes)
    numbers = _numbers(data, pair, queries)
    asked = asked_of(data, numbers, codes)
    if pair is None:
        _measure(cascade, asked, data.pairs.targets[numbers].tolist(), checkpoint)
    else:
        _show(cascade, asked[0], int(numbers[0]), data)


def _numbers(data: NextVectors, pair: str | None, queries: int) -> NDArray[np.int64]:
    import numpy as np

    from gonogo.core.errors import UserError, nearest

    if pair is None:
        return data.sample(data.validation, queries, "search")
    found = np.flatnonzero(data.pairs.ids == pair)
    if not len(found):
        hint = nearest(pair, data.pairs.ids.tolist())
        raise UserError(f"no pair {pair!r}", file=data.pairs.path, hint=hint)
    return found


def _measure(cascade: Cascade, asked: list[Asked], targets: list[int], checkpoint: str) -> None:
    from gonogo.evaluation.cascade.cascade_report import measure

    chosen = ", chosen on such pairs" if checkpoint == "best" else ""
    read = f"checkpoint {checkpoint}{chosen}"
    echo(f"{len(asked)} held-out pairs, {len(cascade.index):,} vectors, {read}")
    echo(f"{'stage':16} {'rows':>6} {'recall':>8} {'p50 ms':>8} {'p95 ms':>8}")
    for row in measure(cascade, asked, targets):
        echo(f"{row.name:16} {row.kept:6} {100 * row.recall:7.1f}% {row.p50:8.2f} {row.p95:8.2f}")


def _show(cascade: Cascade, asked: Asked, number: int, data: NextVectors) -> None:
    """Print what was read last, what came next, and the rows found in its place."""
    target, last = int(data.pairs.targets[number]), int(data.pairs.contexts[number][-1])
    found = cascade.search(asked)[-1]
    rows = found.rows.tolist()
    place = f"rank {rows.index(target) + 1}" if target in rows else f"not among {len(rows)} found"
    tell = _lines(data.bank)
    echo(f"read  {tell(last)}")
    echo(f"next  {tell(target)}  ({place})")
    best = zip(rows[:_SHOWN], found.scores[:_SHOWN], strict=True)
    for rank, (row, score) in enumerate(best, start=1):
        mark = "*" if row == target else " "
        echo(f"{rank:3}{mark} {score:7.4f}  {tell(row)}")


def _lines(bank: Bank) -> Callable[[int], str]:
    """Return how a row is told: its article and text, or its number where no article has it."""
    from gonogo.core.errors import UserError

    try:
        named = len(bank.articles.ids) > 0
    except UserError:  # vectors alone, or rows out of order, which --sequences put in order
        named = False

    def tell(row: int) -> str:
        name = bank.article_of(row) if named else f"row {row}"
        text = bank.text(row)
        return f"{name}: {text[:_WIDTH]}" if text else name

    return tell
