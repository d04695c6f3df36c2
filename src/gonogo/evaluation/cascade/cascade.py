"""Retrieve 500, rank 50 of them anew, then 10: a cascade of ever dearer stages over one bank.

Retrieval by a query tower, with a heuristic beside it by reciprocal-rank fusion, or in its place
where the tower fails; then any stages that score a row for a query (Wang, Lin and Metzler 2011,
"A cascade ranking model for efficient ranked retrieval").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from gonogo.evaluation.cascade.lanes import LaneRule
from gonogo.evaluation.cascade.rank_fusion import fuse
from gonogo.evaluation.search.bank_index import BankIndex


@dataclass(frozen=True)
class Asked:
    """One query.

    Attributes:
        context: consecutive vectors, oldest first (t d).
        rows: bank rows that are never found, such as the context's own.
        text: of the context, for stages that read text.
        code: its Task-Modifier-Domain code, as numbers, for stages with lanes.
    """

    context: Float[ndarray, "t d"]
    rows: tuple[int, ...] = ()
    text: str = ""
    code: Shaped[ndarray, "3"] | None = None

    @property
    def present(self) -> Bool[ndarray, "t"]:
        """Return where the context holds a vector; padding is zeros."""
        there: Bool[ndarray, "t"] = (self.context != 0).any(axis=1)
        return there


Predict = Callable[[Asked], Float[ndarray, "d"]]
"""From a query to the vector that should come next."""


@dataclass(frozen=True)
class Ranker:
    """Ranks rows by their cosine with a predicted vector, less what each row is handicapped by.

    Attributes:
        predict: the vector that should come next.
        handicaps: of each bank row, fitted on this prediction's queries; None: by cosine alone.
    """

    predict: Predict
    handicaps: Float[ndarray, "n"] | None = None


@runtime_checkable
class Stage(Protocol):
    """Scores candidates anew; the best ``keep`` go on."""

    name: str
    keep: int

    def scores(
        self, asked: Asked, rows: Int[ndarray, "k"], before: Float[ndarray, "k"]
    ) -> Float[ndarray, "k"] | None:
        """Return a score for each row, larger ones better, or None to leave the order as it is.

        Args:
            asked: the query.
            rows: candidates, best first.
            before: their scores so far; after a fusion by rank those of the tower alone.
        """
        ...


@dataclass
class VectorStage:
    """Ranks by the prediction of a next-vector model."""

    ranker: Ranker
    index: BankIndex
    keep: int = 50
    name: str = "next_vector"

    def scores(
        self, asked: Asked, rows: Int[ndarray, "k"], before: Float[ndarray, "k"]
    ) -> Float[ndarray, "k"]:
        """Return cosines less handicaps."""
        del before
        return self.index.scores(self.ranker.predict(asked), rows, self.ranker.handicaps)


@dataclass
class LaneStage:
    """Changes the scores so far by how the rows' codes agree with the query's."""

    codes: Shaped[ndarray, "n 3"]
    rule: LaneRule
    keep: int = 10
    name: str = "lanes"

    def scores(
        self, asked: Asked, rows: Int[ndarray, "k"], before: Float[ndarray, "k"]
    ) -> Float[ndarray, "k"] | None:
        """Return the scores so far, blended or boosted; nothing for a query without a code."""
        if asked.code is None:
            return None
        return self.rule.apply(before, self.codes[rows], asked.code)


@dataclass
class PairStage:
    """Ranks by a model that reads query and candidate together, such as a cross-encoder."""

    score: Callable[[list[tuple[str, str]]], Float[ndarray, "k"]]
    texts: Sequence[str]
    keep: int = 10
    name: str = "cross_encoder"

    def scores(
        self, asked: Asked, rows: Int[ndarray, "k"], before: Float[ndarray, "k"]
    ) -> Float[ndarray, "k"]:
        """Return the scores of the pairs of texts."""
        del before
        return self.score([(asked.text, self.texts[row]) for row in rows.tolist()])


@dataclass(frozen=True)
class StageTrace:
    """What one stage left, best first, and how long it took."""

    name: str
    rows: Int[ndarray, "k"]
    scores: Float[ndarray, "k"]
    seconds: float


@dataclass
class Cascade:
    """Retrieval and the stages after it.

    Args:
        index: the bank.
        tower: ranks by a learned prediction.
        heuristic: a second opinion that is fused in, and the only one where the tower fails;
            None does without.
        depth: rows that retrieval hands on.
        stages: in their order.
    """

    index: BankIndex
    tower: Ranker
    heuristic: Ranker | None = None
    depth: int = 500
    stages: Sequence[Stage] = field(default_factory=list)

    def search(self, asked: Asked) -> list[StageTrace]:
        """Return what every stage left; the last one's rows are the answer."""
        traces = [self._retrieve(asked)]
        for stage in self.stages:
            started, last = time.perf_counter(), traces[-1]
            scores = stage.scores(asked, last.rows, last.scores)
            if scores is None or not np.isfinite(scores).all():
                scores, best = last.scores, np.arange(len(last.rows))
            else:
                best = np.argsort(-scores, kind="stable")
            best, seconds = best[: stage.keep], time.perf_counter() - started
            traces.append(StageTrace(stage.name, last.rows[best], scores[best], seconds))
        return traces

    def _retrieve(self, asked: Asked) -> StageTrace:
        started = time.perf_counter()
        rows, scores = self._found(asked)
        return StageTrace("retrieval", rows, scores, time.perf_counter() - started)

    def _found(self, asked: Asked) -> tuple[Int[ndarray, "_"], Float[ndarray, "_"]]:
        """Return what tower and heuristic find; a tower that gives NaN or nothing is left out."""
        rankers = [ranker for ranker in (self.tower, self.heuristic) if ranker]
        predicted = [(ranker.predict(asked), ranker.handicaps) for ranker in rankers]
        usable = [(query, h) for query, h in predicted if np.isfinite(query).all() and query.any()]
        if not usable:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        queries, handicaps = zip(*usable, strict=True)
        found = self.index.nearest(queries, self.depth, asked.rows, handicaps)
        if len(found) == 1:
            return found[0]
        rows, _ = fuse([rows for rows, _ in found], self.depth)
        # Fused ranks are hundredths, which any code would outweigh: stages read the first's scores.
        return rows, self.index.scores(queries[0], rows, handicaps[0])
