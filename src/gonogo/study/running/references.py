"""Rows for comparison that no arm trains: BM25, the backbone, and whatever must be beaten."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import assert_never

from gonogo.core.files import cache_folder, write_json
from gonogo.core.workplace import Workplace
from gonogo.data.sources.pairs_data import open_pairs_data
from gonogo.evaluation.next_vector.next_vector import QuerySource
from gonogo.evaluation.next_vector.next_vector_heuristics import (
    oracle_queries,
    random_queries,
    tune_alpha,
    weighted_mean_queries,
)
from gonogo.models.build.build import AnyModel, build_model
from gonogo.spec.evaluation import references as rows
from gonogo.spec.evaluation.evaluation_tasks import NextVectorEvaluation
from gonogo.study.neighbours.linear_rows import linear_row, with_head
from gonogo.study.next_vector.made_pairs import prepare_pairs
from gonogo.study.planning.plan import PlannedReference
from gonogo.study.running.evaluating import (
    evaluate_bm25_into,
    evaluate_formats_into,
    evaluate_queries_into,
)
from gonogo.study.running.workplaces import workplace_of


def score_reference(row: PlannedReference, workplace: Workplace) -> None:
    """Score one reference row into its folder."""
    prepare_pairs(row.config, workplace)
    folder, spec, inputs = row.folder, row.config.evaluation, row.inputs
    if isinstance(row.row, rows.Bm25Row):
        evaluate_bm25_into(folder, spec, inputs, workplace)
        return
    if source := _queries(row, workplace):
        evaluate_queries_into(folder, source, spec, inputs, workplace, arm=row.name)
        return
    workplace = replace(workplace_of(row.config, workplace), vectors=cache_folder("vectors"))
    evaluate_formats_into(
        folder,
        lambda precision: _model(row, replace(workplace, precision=precision)),
        spec,
        inputs,
        workplace,
        arm=row.name,
        seed=None,
    )


def _queries(row: PlannedReference, workplace: Workplace) -> QuerySource | None:
    """Return what makes a row's queries where no model does."""
    match row.row:
        case rows.LastVectorRow():
            return weighted_mean_queries(1.0)
        case rows.ContextMeanRow():
            return weighted_mean_queries(0.0)
        case rows.WeightedMeanRow(alpha="tuned"):
            return weighted_mean_queries(_tuned(row, row.row.tuned_at, workplace))
        case rows.WeightedMeanRow():
            return weighted_mean_queries(float(row.row.alpha))
        case rows.OracleRow():
            return oracle_queries()
        case rows.RandomVectorRow():
            return random_queries(row.seed)
        case _:
            return None


def _tuned(row: PlannedReference, cutoff: int, workplace: Workplace) -> float:
    """Tune the weight on the training pairs of every task, and write down what was tried."""
    scored = row.config.evaluation.tasks.values()
    asked = [task for task in scored if isinstance(task, NextVectorEvaluation)]
    data = open_pairs_data(asked[0].data[0], beside=workplace.beside)
    found = tune_alpha(data, cutoff=cutoff, mask_context=asked[0].mask_context)
    workplace.progress.say(
        f"{row.name}: alpha {found.alpha:g} has the best recall at {cutoff},"
        f" {found.tried[found.alpha]:.3f} on {found.pairs} training pairs"
    )
    write_json(row.folder.path / "tuned.json", asdict(found))
    return found.alpha


def _model(row: PlannedReference, workplace: Workplace) -> AnyModel:
    """Return what a row scores."""
    spec = row.config.model
    if isinstance(row.row, rows.TeacherRow):
        spec = spec.model_copy(update={"similarity": "cosine"})
    model = build_model(
        spec,
        row.seed,
        device=workplace.device,
        precision=workplace.precision,
        beside=workplace.beside,
    )
    match row.row:
        case rows.UntrainedRow():
            return model
        case rows.TeacherRow():
            return with_head(model, None)
        case (
            rows.SvdRow() | rows.PcaRow() | rows.RandomProjectionRow() | rows.TruncationRow()
        ) as linear:
            return linear_row(model, linear, row.config, workplace)
        case (
            rows.LastVectorRow()
            | rows.ContextMeanRow()
            | rows.WeightedMeanRow()
            | rows.OracleRow()
            | rows.RandomVectorRow()
        ):
            raise AssertionError("no model makes these queries")
        case rows.Bm25Row():
            raise AssertionError("BM25 is no model")
        case _:
            assert_never(row.row)
