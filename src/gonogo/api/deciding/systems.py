"""Rankings of several arms, seeds and data sets as one score table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonogo.api.deciding.rankings import as_qrels, as_ranking, is_single
from gonogo.core.errors import UserError, nearest
from gonogo.core.types import Qrels

if TYPE_CHECKING:
    from gonogo.study.deciding.pair_bounds import Pair
    from gonogo.study.deciding.run_files import ScoredRuns

Place = tuple[int | None, str]
"""Seed and data set of a ranking."""
ONLY = "all"
"""What a data set is called that nobody named."""


def usual_metrics() -> tuple[str, ...]:
    """Return the measures that are computed where none are asked for."""
    from gonogo.spec.evaluation.evaluation import EvaluationSpec

    metrics: tuple[str, ...] = EvaluationSpec.model_fields["metrics"].default
    return metrics


def scored_runs(
    runs: Mapping[str, object],
    qrels: object,
    metrics: tuple[str, ...],
    *,
    task: str = "run",
    empty_is_zero: bool = False,
    condensed: bool = False,
    pairs: Sequence[Pair] = (),
) -> ScoredRuns:
    """Score rankings, one arm after another.

    Args:
        runs: for each arm a ranking, or a dict of them by seed, data set, or both.
        qrels: judgements, or a dict of them by data set.
        metrics: measures to compute.
        task: what the task is called.
        empty_is_zero: a judged query without a ranking was searched, and nothing was found.
        condensed: leave documents that nobody judged out of every ranking.
        pairs: differences whose bounds over unjudged documents are wanted.

    Returns:
        A score table without values that would rest on a hole, and what a reader must know.

    Raises:
        UserError: for something that is no ranking or no judgements, or a data set without them.
    """
    from gonogo.study.deciding.run_files import RunFile, score_read

    judged = _Judged(qrels)
    read = []
    for arm, given in runs.items():
        for (seed, dataset), run, place in _flat(given, (None, ""), f"runs[{arm!r}]"):
            name = dataset or judged.only
            of = RunFile(Path(place), str(arm), seed, task, name)
            read.append((of, as_ranking(run, place), judged.of(name)))
    return score_read(
        read, metrics, empty_is_zero=empty_is_zero, without_unjudged=condensed, pairs=pairs
    )


def _flat(given: object, at: Place, place: str) -> Iterator[tuple[Place, object, str]]:
    """Yield each ranking with its seed and data set; whole numbers among the keys are seeds."""
    if is_single(given):
        yield at, given, place
        return
    assert isinstance(given, Mapping)  # noqa: S101  (is_single is true of all else)
    for key, inner in given.items():
        seed, dataset = at
        number = _seed(key)
        below = (seed, str(key)) if number is None else (number, dataset)
        if below in (at, (seed, dataset)) or (number is None and dataset):
            raise UserError(f"{key!r} stands for no seed and no data set", place=place, value=key)
        yield from _flat(inner, below, f"{place}[{key!r}]")


def _seed(key: object) -> int | None:
    if isinstance(key, bool):
        return None
    if isinstance(key, int):
        return key
    text = str(key).removeprefix("seed_")
    return int(text) if str(key).startswith("seed_") and text.isdigit() else None


def _judgements(given: object, dataset: str) -> Qrels:
    from gonogo.study.deciding.judgements import judgements

    if isinstance(given, str | Path):  # a file, a folder, or ir:...
        return judgements(dataset, str(given))
    return as_qrels(given, f"qrels[{dataset!r}]")


class _Judged:
    """Judgements by data set; each is read once."""

    def __init__(self, qrels: object) -> None:
        self._given = qrels
        self._several = isinstance(qrels, Mapping) and not is_single(qrels)
        self._read: dict[str, Qrels] = {}

    @property
    def only(self) -> str:
        """Return the name of the data set where runs name none."""
        if not self._several:
            path = Path(self._given) if isinstance(self._given, str | Path) else None
            return path.stem.removesuffix(".qrels") if path else ONLY
        names = self._names()
        if len(names) == 1:
            return names[0]
        hint = "give each arm's runs as a dict by data set"
        what = f"judgements for {len(names)} data sets, and runs that name none"
        raise UserError(what, place="qrels", hint=hint)

    def _names(self) -> list[str]:
        assert isinstance(self._given, Mapping)  # noqa: S101
        return [str(name) for name in self._given]

    def of(self, dataset: str) -> Qrels:
        """Return the judgements of a data set."""
        key = dataset if self._several else ONLY
        if key not in self._read:
            self._read[key] = _judgements(self._find(dataset), dataset)
        return self._read[key]

    def _find(self, dataset: str) -> Any:
        if not self._several:
            return self._given
        assert isinstance(self._given, Mapping)  # noqa: S101
        for name, found in self._given.items():
            if str(name) == dataset:
                return found
        hint = nearest(dataset, self._names())
        raise UserError(f"no judgements for data set {dataset!r}", place="qrels", hint=hint)
