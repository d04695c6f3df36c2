"""Two systems whose files still grow: what the queries that both have say so far.

A table that is being written may end in the middle of a line, and a run in the middle of its last
query's ranking: a copy of what is whole is read, and nothing is written beside the files. The
queries that every run of both systems has make a running interval of the mean difference, which may
be looked at after each of them (``analysis.statistics.confidence_sequence``). It is of these very
models: what other seeds would have brought no number of queries can tell.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float

from gonogo.analysis.records.effects import Interval
from gonogo.analysis.statistics.confidence_sequence import running_interval
from gonogo.analysis.tables.measures import canonical, value_range
from gonogo.analysis.tables.scores import Block, pivot
from gonogo.core.errors import UserError
from gonogo.data.files.cluster_table import stacked
from gonogo.data.files.lines import PACKED
from gonogo.data.files.trec import is_run
from gonogo.study.deciding.comparison import load_systems
from gonogo.study.deciding.named_systems import split_name

_WHOLE = {*PACKED, ".parquet", ".json"}
"""Endings of files that are written as a whole, and read as they are."""
_USUAL = "nDCG@10"
_FEW = 10
"""Queries of a run below which none of them may be judged, without a word about it."""


@dataclass(frozen=True)
class Watched:
    """What two systems differ by so far."""

    reference: str
    candidate: str
    metric: str
    dataset: str
    queries: int
    """That every run of both systems has."""
    value: float
    """candidate - reference, seeds averaged."""
    interval: Interval
    """Holds after every number of queries at once."""


@dataclass(frozen=True)
class _Copy:
    """What is whole of a file."""

    path: Path
    queries: frozenset[str] | None
    """Of a run; None of other files."""


def look(systems: Sequence[Path], qrels: str | None, metric: str | None = None) -> Watched | None:
    """Read what two growing systems have in common.

    Args:
        systems: paths of two systems, as ``load_systems`` takes them.
        qrels: judgements, for runs.
        metric: which measure; if not given, nDCG@10, or the only one of tables.

    Returns:
        None while there is nothing to read, or no query that both have.

    Raises:
        UserError: for other than two systems, several tasks or data sets, a measure without bounds,
            or queries in clusters, of which a part may be missing still.
    """
    with tempfile.TemporaryDirectory() as folder:
        copies = [_copied(path, Path(folder) / str(place)) for place, path in enumerate(systems)]
        whole = [copy for copy in copies if copy is not None]
        if len(whole) < len(copies):
            return None
        try:
            asked = () if metric is None else (metric,)
            frames = load_systems([copy.path for copy in whole], qrels, asked).frames
        except UserError:
            if any(copy.queries is not None and len(copy.queries) < _FEW for copy in whole):
                return None
            raise
    if len(frames) != 2:
        raise UserError(f"two systems are watched, not {len(frames)}")
    if len(whole) == 2:  # a system a file; of several files, absent queries are left out already
        frames = {
            label: _come_to(frame, copy.queries)
            for (label, frame), copy in zip(frames.items(), whole, strict=True)
        }
    return _difference(frames, metric)


def _copied(given: Path, folder: Path) -> _Copy | None:
    """Copy what is whole of a file; None where nothing is."""
    name, path = split_name(given)
    if path.is_dir() or path.suffix.lower() in _WHOLE:
        return _Copy(given, None)
    if not path.exists():
        return None
    data = path.read_bytes()
    lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
    queries = None
    if is_run(path):
        names = [(line.split(None, 1) or [b""])[0] for line in lines]
        lines = [line for line, own in zip(lines, names, strict=True) if own != names[-1]]
        queries = frozenset(own.decode("utf-8", "replace") for own in names if own != names[-1])
    if not lines[1 if queries is None else 0 :]:
        return None
    copy = folder.joinpath(*path.resolve().parts[1:])  # labels and seeds are read off the path
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"".join(lines))
    return _Copy(copy if name is None else Path(f"{name}={copy}"), queries)


def _come_to(frame: pl.DataFrame, queries: frozenset[str] | None) -> pl.DataFrame:
    """Leave out judged queries that a growing run has not come to."""
    return frame if queries is None else frame.filter(pl.col("query_id").is_in(sorted(queries)))


def _difference(frames: Mapping[str, pl.DataFrame], metric: str | None) -> Watched | None:
    reference, candidate = frames
    block = _block(frames, metric)
    bounds = value_range(block.metric)
    if not np.isfinite(bounds).all():
        raise UserError(
            f"{block.metric} has no bounds, which a running interval needs",
            hint="`metric` names one that has, such as nDCG@10",
        )
    less, more = (_mean(block, label) for label in (reference, candidate))
    both = ~np.isnan(less + more)
    values = (more - less)[both]
    if not values.size:
        return None
    span = bounds[1] - bounds[0]
    low, high = running_interval(values, (-span, span))
    return Watched(
        reference=reference,
        candidate=candidate,
        metric=block.metric,
        dataset=block.dataset,
        queries=len(values),
        value=float(values.mean()),
        interval=Interval(
            method="confidence sequence over queries",
            low=low,
            high=high,
            note="for these very models",
        ),
    )


def _block(frames: Mapping[str, pl.DataFrame], metric: str | None) -> Block:
    """Return the values of both systems.

    Raises:
        UserError: where there is more than one place to look at.
    """
    for label, frame in frames.items():
        if frame["arm"].n_unique() > 1:
            arms = ", ".join(sorted(frame["arm"].unique()))
            raise UserError(f"{label} holds several systems ({arms})", hint="watch one of each")
    named = [frame.with_columns(arm=pl.lit(label)) for label, frame in frames.items()]
    table = pivot(stacked(named))
    if table.problems:
        raise UserError(str(table.problems[0]))
    metrics = sorted({block.metric for block in table.blocks.values()})
    wanted = canonical(metric or _USUAL)
    if wanted not in metrics and (metric is not None or len(metrics) > 1):
        raise UserError(f"no values of {wanted}", hint=f"`metric` is one of {', '.join(metrics)}")
    blocks = [b for b in table.blocks.values() if b.metric == wanted or len(metrics) == 1]
    if len(blocks) > 1:
        places = ", ".join(f"{block.task} on {block.dataset}" for block in blocks)
        raise UserError(
            f"several data sets or tasks: {places}",
            hint="queries of one data set are watched: give files that hold one",
        )
    if blocks[0].clusters is not None:
        raise UserError("queries in clusters arrive in parts, and cannot be watched one by one")
    return blocks[0]


def _mean(block: Block, label: str) -> Float[np.ndarray, " queries"]:
    """Return the mean over the system's seeds; NaN where one of them has no value yet."""
    rows = [place for place, (arm, _) in enumerate(block.runs) if arm == label]
    found: Float[np.ndarray, " queries"] = block.values[rows].mean(axis=0)
    return found
