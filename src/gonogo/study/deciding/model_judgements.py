"""Runs under a model's judgements too, made unbiased by those of people; beside the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from gonogo.analysis.deciding.model_judged import model_judged
from gonogo.analysis.records.model_judged import ModelJudged
from gonogo.study.deciding.pair_bounds import Pair
from gonogo.study.deciding.run_files import ScoredRuns


def with_model_judgements(
    people: ScoredRuns, model: ScoredRuns, pairs: Sequence[Pair]
) -> ScoredRuns:
    """Return runs judged by people, with each judged difference by a model's judgements as well.

    The word stays that of people's queries: the debiased difference stands beside it.

    Args:
        people: runs scored by people's judgements of some queries, drawn at random from all.
        model: the same runs by a model's judgements of all queries.
        pairs: the differences that the gate judges.

    Raises:
        UserError: if too few queries of a data set were judged by both.
    """
    found = tuple(one for pair in pairs for one in _judged(people.scores, model.scores, pair))
    evidence = people.evidence.model_copy(update={"model_judged": found})
    return replace(people, evidence=evidence)


def _judged(people: pl.DataFrame, model: pl.DataFrame, pair: Pair) -> tuple[ModelJudged, ...]:
    sides = [
        {
            arm: table.filter(arm=arm, task=pair.task, metric=pair.metric)
            for arm in (pair.reference, pair.candidate)
        }
        for table in (people, model)
    ]
    if any(frame.is_empty() for side in sides for frame in side.values()):
        return ()  # the verdict says what is missing
    return model_judged(*sides)
