"""Systems that are given by name: several files, seeds and data sets of one, ``NAME=PATH``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from gonogo.core.errors import UserError
from gonogo.core.types import Qrels, Ranking
from gonogo.data.files.cluster_table import stacked
from gonogo.data.files.lines import plain_stem, plain_suffix
from gonogo.data.files.score_table import read_scores
from gonogo.data.files.trec import is_run, read_run
from gonogo.study.deciding.judgements import JudgedBy, judgements
from gonogo.study.deciding.run_files import RunFile, ScoredRuns, score_read

TABLES = {".parquet", ".csv"}
_SEED = re.compile(r"seed[_-]?(\d+)", re.IGNORECASE)

Read = tuple[RunFile, Ranking, Qrels]


def split_name(given: Path) -> tuple[str | None, Path]:
    """Split ``NAME=PATH``; a file or folder of that very name is a path."""
    name, equals, path = str(given).partition("=")
    if not equals or not name or not path or given.exists():
        return None, given
    return name, Path(path)


def named_systems(
    given: Sequence[tuple[str, Path]], qrels: JudgedBy | None, metrics: tuple[str, ...]
) -> tuple[dict[str, pl.DataFrame], ScoredRuns | None]:
    """Read systems by name; what has one name is one system.

    A path is a score table, a folder with ``scores.parquet`` (a trial, a study), a folder of such
    folders (an arm's seeds), a run, or a folder of runs. Seeds are what ``seed_<n>`` in a run's
    path says; its data set is its file's name, or that of the judgements where they are one file.

    Returns:
        The score table of each system, and how the runs among them met their judgements.

    Raises:
        UserError: if a path is none of these, or two runs have one name, seed and data set.
    """
    frames: dict[str, list[pl.DataFrame]] = {name: [] for name, _ in given}
    runs: list[tuple[RunFile, Path]] = []
    for name, path in given:
        tables = list(_tables(path))
        frames[name] += [
            _under(name, read_scores(table).drop("study", strict=False)) for table in tables
        ]
        if not tables:
            runs += [(_run(name, run, path, qrels), run) for run in _runs(path)]
    if not runs:
        return {name: stacked(found) for name, found in frames.items()}, None
    if qrels is None:
        raise UserError("a TREC run needs judgements", file=runs[0][1], hint="name them by `qrels`")
    _refuse_twice([run for run, _ in runs])
    scored = score_read(_read(runs, qrels), metrics)
    for name, found in frames.items():
        found.append(scored.scores.filter(arm=name))
    return {name: stacked(found) for name, found in frames.items()}, scored


def _tables(path: Path) -> Iterator[Path]:
    if path.is_file() and plain_suffix(path) in TABLES:
        yield path
    elif path.is_dir():
        own = path / "scores.parquet"
        yield from [own] if own.exists() else sorted(path.glob("*/scores.parquet"))


def _under(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give a table of one arm the system's name; several arms keep theirs."""
    return frame.with_columns(arm=pl.lit(name)) if frame["arm"].n_unique() == 1 else frame


def _runs(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise UserError("no such file or folder", file=path)
    found = [path]
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.is_file() and is_run(one))
    if not found:
        raise UserError("neither score tables nor runs in this folder", file=path)
    yield from found


def _run(name: str, path: Path, given: Path, qrels: JudgedBy | None) -> RunFile:
    seeds = _SEED.findall(path.as_posix())
    folders = [] if path == given else list(path.relative_to(given).parts[:-1])
    tasks = [part for part in folders if part != "runs" and not _SEED.fullmatch(part)]
    one = isinstance(qrels, str) and Path(qrels).is_file()
    dataset = plain_stem(Path(str(qrels))) if one else _SEED.sub("", plain_stem(path))
    seed = int(seeds[-1]) if seeds else None
    return RunFile(path, name, seed, tasks[-1] if tasks else "run", dataset.strip("_-.") or "all")


def _refuse_twice(runs: Sequence[RunFile]) -> None:
    seen: dict[str, RunFile] = {}
    for run in runs:
        if (other := seen.setdefault(str(run), run)) is not run:
            raise UserError(
                f"{other.path} and this run are both {run}",
                file=run.path,
                hint="name seeds in the path, as seed_1, and data sets by the file",
            )


def _read(runs: Sequence[tuple[RunFile, Path]], qrels: JudgedBy) -> Iterator[Read]:
    for run, path in runs:
        yield run, read_run(path), judgements(run.dataset, qrels)
