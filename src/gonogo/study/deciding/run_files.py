"""Rankings that any tool wrote, to score tables; what keeps a value from being believed is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gonogo.analysis.records.evidence import Evidence
from gonogo.core.errors import UserError
from gonogo.core.metrics import parse_measure
from gonogo.core.types import Qrels, Ranking
from gonogo.data.files.lines import PACKED, plain_stem
from gonogo.data.files.score_table import SCHEMA
from gonogo.data.files.trec import RUN_ENDINGS, is_run, read_run
from gonogo.data.judged.coverage import Coverage, coverage
from gonogo.evaluation.text.metrics import per_query
from gonogo.evaluation.text.unjudged import condensed
from gonogo.study.deciding.judgements import JudgedBy, judgements
from gonogo.study.deciding.pair_bounds import Pair, PairBounds
from gonogo.study.folder.judged import judged_run

LAYOUT = "<arm>/seed_<n>/<task>/<dataset>.trec"
_HOLDERS = {"runs"}
_GROUPS = {"arm": "[^/]+?", "seed": r"\d+", "task": "[^/]+?", "dataset": "[^/]+?"}


@dataclass(frozen=True)
class RunFile:
    """One run and what its path says of it."""

    path: Path
    arm: str
    seed: int | None
    task: str
    dataset: str

    def __str__(self) -> str:
        seed = "" if self.seed is None else f" seed {self.seed}"
        return f"{self.arm}{seed}, {self.task}, {self.dataset}"


@dataclass(frozen=True)
class ScoredRuns:
    """Values of runs, and how far each of them meets its judgements."""

    scores: pl.DataFrame
    coverage: dict[str, Coverage]
    """By arm, seed, task and data set, in words."""
    notes: tuple[str, ...]
    """What a reader must know: the weightiest first."""
    evidence: Evidence
    """How far each run met its judgements, and what unjudged documents leave open."""


def score_runs(
    folder: Path,
    qrels: JudgedBy,
    metrics: tuple[str, ...],
    *,
    pattern: str | None = None,
    task: str = "run",
    empty_is_zero: bool = False,
    without_unjudged: bool = False,
    pairs: Sequence[Pair] = (),
) -> ScoredRuns:
    """Score all runs below a folder.

    A value that would rest on a hole is left out, so that a verdict over it is INCOMPLETE: a
    judged query without a ranking (unless ``empty_is_zero``), a run none of whose documents is
    judged, judgements of which nothing is relevant, and a run that ends before the measure's
    cutoff where another run of the same task and data set goes deeper.

    Args:
        folder: holds ``<arm>/seed_<n>/<task>/<dataset>.trec`` in any depth; the seed's folder may
            be absent, and so may the task's.
        qrels: see :func:`gonogo.study.deciding.judgements.judgements`.
        metrics: measures to compute.
        pattern: how paths below the folder name arm, seed, task and data set, such as
            ``{arm}_seed{seed}_{dataset}.res.gz``, in place of the layout.
        task: of runs whose path names none.
        empty_is_zero: a judged query without a ranking was searched, and nothing was found.
        without_unjudged: take unjudged documents out of every ranking first (condensed lists).
        pairs: differences whose bounds over unjudged documents are wanted.

    Raises:
        UserError: if no run is found, a path does not say what it is, judgements are missing, or
            no judged query has a ranking.
    """
    files = sorted(_matched(folder, pattern, task), key=lambda file: file.path)
    read = ((file, read_run(file.path), judgements(file.dataset, qrels)) for file in files)
    return score_read(
        read, metrics, empty_is_zero=empty_is_zero, without_unjudged=without_unjudged, pairs=pairs
    )


def score_read(
    runs: Iterable[tuple[RunFile, Ranking, Qrels]],
    metrics: tuple[str, ...],
    *,
    empty_is_zero: bool = False,
    without_unjudged: bool = False,
    pairs: Sequence[Pair] = (),
) -> ScoredRuns:
    """Score runs that were read, each with its judgements; see :func:`score_runs`."""
    rows: list[tuple[str, int | None, str, str, str, str, float]] = []
    covered: dict[str, Coverage] = {}
    read: list[tuple[RunFile, Coverage, list[tuple[str, str, float]]]] = []
    bounds, nothing = PairBounds(pairs), set[str]()
    for file, ranking, judged in runs:
        found = meeting(coverage(ranking, judged), file.path)
        covered[str(file)] = found
        bounds.add(file.arm, file.seed, file.task, file.dataset, ranking, judged)
        if without_unjudged:
            ranking = condensed(ranking, judged)
        nothing |= set() if _relevant(judged) else {str(file)}
        read.append((file, found, per_query(ranking, judged, metrics)))
    deepest: dict[tuple[str, str], int] = {}  # of one task: a reranker is given fewer documents
    for file, found, _ in read:
        place = file.task, file.dataset
        deepest[place] = max(deepest.get(place, 0), found.depth[1])
    notes: list[str] = []
    for file, found, values in read:
        notes += [f"{file}: {note}" for note in found.notes()]
        if str(file) in nothing:
            notes.append(f"{file}: nothing is judged relevant, so that every score would be 0")
        depth = deepest[file.task, file.dataset]
        short = [name for name in metrics if is_short(name, found, depth)]
        if short:
            notes.append(
                f"{file}: rankings end at rank {found.depth[1]}, those of others at "
                f"{depth}; left out: {', '.join(short)}"
            )
        absent = frozenset() if empty_is_zero else frozenset(found.absent)
        rows += [
            (file.arm, file.seed, file.task, file.dataset, metric, query, value)
            for metric, query, value in values
            if found.found and str(file) not in nothing
            if query not in absent and metric not in short
        ]
    for (task, dataset), end in deepest.items():
        notes += shallow(f"{task}, {dataset}", end, metrics)
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return ScoredRuns(table, covered, tuple(notes), _evidence(read, bounds))


def _evidence(read: Sequence[tuple[RunFile, Coverage, object]], bounds: PairBounds) -> Evidence:
    judged = (judged_run(found, f.arm, f.seed, f.task, f.dataset) for f, found, _ in read)
    return Evidence(judged_runs=tuple(judged), unjudged=tuple(bounds.found()))


def _relevant(judged: Qrels) -> bool:
    return any(grade > 0 for grades in judged.values() for grade in grades.values())


def is_short(metric: str, found: Coverage, deepest: int) -> bool:
    """Return whether a run ends before a measure's cutoff, and before another run."""
    return found.depth[1] < min(parse_measure(metric).cutoff or 0, deepest)


def shallow(place: str, end: int, metrics: Sequence[str]) -> list[str]:
    """Tell the measures whose cutoff no run of a data set reaches; a corpus may be no larger."""
    deep = [one for one in metrics if end < (parse_measure(one).cutoff or 0)]
    said = f"{place}: no run goes beyond rank {end}, which ends {', '.join(deep)} too"
    return [said] if deep else []


def meeting(found: Coverage, path: Path) -> Coverage:
    """Return the coverage of a run that has any judged query.

    Raises:
        UserError: if it has none, with ids of both sides.
    """
    if not found.ranked:
        theirs, ours = ", ".join(found.foreign[:3]), ", ".join(found.absent[:3])
        raise UserError(
            f"none of the {found.judged:,} judged queries has a ranking",
            file=path,
            hint=f"the run has queries {theirs}, the judgements {ours}: is a zero or prefix lost?",
        )
    return found


def _matched(folder: Path, pattern: str | None, task: str) -> Iterator[RunFile]:
    paths = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    if pattern is None:
        paths = [path for path in paths if is_run(path)]
        # a trial's folder holds other files of these endings too
        held = [path for path in paths if _HOLDERS & set(path.relative_to(folder).parts[:-1])]
        paths = held or paths
        files = [_laid_out(path, folder, task) for path in paths]
    else:
        matcher = _compiled(pattern)
        found = [(path, matcher.fullmatch(path.relative_to(folder).as_posix())) for path in paths]
        files = [_named(path, match, task) for path, match in found if match]
    if not files:
        endings = " ".join(RUN_ENDINGS)
        raise UserError(
            "no run below this folder" + (f" has a path like {pattern!r}" if pattern else ""),
            file=folder,
            hint=f"endings: {endings}, and {' '.join(PACKED)}; lay runs out as {LAYOUT}",
        )
    keys = [(file.arm, file.seed, file.task, file.dataset) for file in files]
    for file, key in zip(files, keys, strict=True):
        if keys.count(key) > 1:
            raise UserError(f"two runs are {file}", file=file.path, hint="keep one of them")
    yield from files


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", pattern)
    names = parts[1::2]
    if unknown := set(names) - set(_GROUPS):
        raise UserError(
            f"{{{min(unknown)}}} means nothing in a pattern",
            place="pattern",
            hint="known: {arm}, {seed}, {task}, {dataset}",
        )
    if len(set(names)) < len(names) or not {"arm", "dataset"} <= set(names):
        raise UserError("a pattern names {arm} and {dataset}, each once", place="pattern")
    text = "".join(
        f"(?P<{part}>{_GROUPS[part]})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    )
    return re.compile(text)


def _named(path: Path, match: re.Match[str], task: str) -> RunFile:
    said = match.groupdict()
    seed = said.get("seed")
    return RunFile(
        path, said["arm"], None if seed is None else int(seed), said.get("task", task),
        said["dataset"],
    )  # fmt: skip


def _laid_out(path: Path, folder: Path, task: str) -> RunFile:
    parts = [part for part in path.relative_to(folder).parts[:-1] if part not in _HOLDERS]
    seeds = [part for part in parts if re.fullmatch("seed_.*", part)]
    names = [part for part in parts if part not in seeds]
    number = seeds[0].removeprefix("seed_") if seeds else ""
    if len(names) not in (1, 2) or len(seeds) > 1 or (seeds and not number.isdecimal()):
        raise UserError(
            "the path does not name arm, seed and task",
            file=path,
            hint=f"expected {LAYOUT}, or give `pattern`",
        )
    chosen = names[1] if len(names) == 2 else task
    return RunFile(path, names[0], int(number) if seeds else None, chosen, plain_stem(path))


def score_run(path: Path, qrels: str, metrics: tuple[str, ...]) -> tuple[pl.DataFrame, Coverage]:
    """Score one run as a system of its own; its file name names the system."""
    name = plain_stem(path)
    judged, ranking = judgements(name, qrels), read_run(path)
    found = meeting(coverage(ranking, judged), path)
    data = plain_stem(Path(qrels))
    values = per_query(ranking, judged, metrics)
    rows = [(name, None, "run", data, metric, query, value) for metric, query, value in values]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row"), found
