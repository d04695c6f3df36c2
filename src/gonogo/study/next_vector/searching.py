"""gonogo search: a cascade put together from trained towers, heuristics, lanes, cross-encoders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy import ndarray

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.core.types import Device, Precision
from gonogo.data.files.lines import read_objects
from gonogo.data.next_vector.next_vectors import NextVectors
from gonogo.evaluation.cascade.cascade import (
    Asked,
    Cascade,
    LaneStage,
    PairStage,
    Predict,
    Ranker,
    Stage,
    VectorStage,
)
from gonogo.evaluation.cascade.lanes import LaneBlend, LaneBoost, LaneRule, code_numbers
from gonogo.evaluation.encoding.batched import Runner, compute
from gonogo.evaluation.next_vector.next_vector import QuerySource, fit_handicaps, tower_queries
from gonogo.evaluation.next_vector.next_vector_heuristics import (
    weighted_mean,
    weighted_mean_queries,
)
from gonogo.evaluation.search.bank_index import BankIndex
from gonogo.models.build.build import load_model
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation_tasks import InvertedSoftmax
from gonogo.study.next_vector.trained_tower import open_tower_trial

_TEXTS = 3  # last chunks of the context that a cross-encoder reads as its query


@dataclass(frozen=True)
class SearchSettings:
    """What a cascade is made of.

    Attributes:
        alpha: of the weighted mean beside the tower; None does without.
        depth: rows of the retrieval.
        rerank: folder of a trial whose tower ranks anew; None leaves the stage out.
        rerank_keep: rows that a stage hands on to another one.
        lane_alpha: blend of the lanes; None boosts the own lane by 1.10.
        cross_encoder: folder of a saved text model that scores pairs.
        keep: rows of the last stage.
        hubness: how rows that are near to many queries are ranked down; None: by cosine alone.
        device: where the models of the stages compute; the bank's products run on the CPU.
        precision: number format of their products. None: a tower as its trial was scored, a
            cross-encoder in fp32, since its folder does not tell.
    """

    alpha: float | None = 0.3
    depth: int = 500
    rerank: Path | None = None
    rerank_keep: int = 50
    lane_alpha: float | None = None
    cross_encoder: Path | None = None
    keep: int = 10
    hubness: InvertedSoftmax | None = None
    device: Device = "cpu"
    precision: Precision | None = None


def predict_with(model: QueryTower) -> Predict:
    """Return a tower as what a cascade asks."""

    @torch.inference_mode()
    def predict(asked: Asked) -> Float[ndarray, "d"]:
        context = torch.from_numpy(asked.context[None]).to(model.device)
        present = torch.from_numpy(asked.present[None]).to(model.device)
        with model.autocast():
            query: Float[ndarray, "d"] = model(context, present)[0].cpu().numpy()
        return query

    return predict


def weighted_mean_of(alpha: float) -> Predict:
    """Return the weighted mean as what a cascade asks."""
    return lambda asked: weighted_mean(asked.context[None], asked.present[None], alpha)[0]


def build_cascade(
    model: QueryTower,
    data: NextVectors,
    settings: SearchSettings,
    codes: Int64[ndarray, "n 3"] | None = None,
) -> Cascade:
    """Put a cascade together over a bank.

    Args:
        model: the tower that retrieves.
        data: bank, and the pairs that tell its hubs.
        settings: which stages there are.
        codes: lanes of the bank's rows, as ``read_codes`` returns them; None does without.

    Raises:
        UserError: for models that do not fit the bank.
    """
    index = BankIndex(data.bank.vectors)
    heuristic = None
    if settings.alpha is not None:
        source = weighted_mean_queries(settings.alpha)
        heuristic = _ranker(weighted_mean_of(settings.alpha), source, data, settings)
    tower = _ranker(predict_with(model), tower_queries(model), data, settings)
    stages = _stages(data, index, settings, codes)
    return Cascade(index, tower, heuristic, settings.depth, stages)


def _ranker(
    predict: Predict, source: QuerySource, data: NextVectors, settings: SearchSettings
) -> Ranker:
    if settings.hubness is None:
        return Ranker(predict)
    return Ranker(predict, fit_handicaps(source, data, settings.hubness))


def _stages(
    data: NextVectors,
    index: BankIndex,
    settings: SearchSettings,
    codes: Int64[ndarray, "n 3"] | None,
) -> list[Stage]:
    stages: list[Stage] = []
    if settings.rerank is not None:
        again = open_tower_trial(settings.rerank)
        tower, _ = again.tower(device=settings.device, precision=settings.precision)
        tower.check_width(data.bank.dimension, data.bank.path)
        ranker = _ranker(predict_with(tower), tower_queries(tower), data, settings)
        stages.append(VectorStage(ranker, index))
    if codes is not None:
        rule: LaneRule = (
            LaneBoost() if settings.lane_alpha is None else LaneBlend(settings.lane_alpha)
        )
        stages.append(LaneStage(codes, rule))
    if settings.cross_encoder is not None:
        stages.append(_cross_encoder(data, settings.cross_encoder, settings))
    for number, stage in enumerate(stages, start=1):
        stage.keep = settings.keep if number == len(stages) else settings.rerank_keep
    return stages


def read_codes(path: Path, rows: int) -> Int64[np.ndarray, "n 3"]:
    """Read the Task-Modifier-Domain code of every bank row.

    The file holds JSON lines with ``task``, ``modifier``, ``domain`` of each row, in order.

    Raises:
        UserError: naming the line, for a part that is missing, or another number of lines.
    """
    codes = []
    for number, line in read_objects(path):
        try:
            codes.append((str(line["task"]), str(line["modifier"]), str(line["domain"])))
        except KeyError as error:
            raise UserError(f"no {error}", file=path, place=f"line {number}") from error
    if len(codes) != rows:
        raise UserError(f"{len(codes)} codes for a bank of {rows} rows", file=path)
    return code_numbers(codes)


def _cross_encoder(data: NextVectors, folder: Path, settings: SearchSettings) -> PairStage:
    texts = data.bank.texts
    if texts is None:
        raise UserError("a cross-encoder needs the texts of the bank", file=data.bank.path)
    form = settings.precision or "fp32"
    model = load_model(folder, device=settings.device, precision=form)
    if not isinstance(model, RetrievalModel):
        raise UserError("this model scores no pairs of texts", file=folder)
    model.eval()
    scorer = model.cross_encoder
    runner = Runner(scorer, model.device, model.autocast)
    silent = Silent().bar("", 0)

    def score(pairs: list[tuple[str, str]]) -> Float[ndarray, "k"]:
        logits: Float[ndarray, "k"] = compute(pairs, scorer.tokenize, runner, silent)
        return logits.astype(np.float32)

    return PairStage(score, [str(text) for text in texts])


def asked_of(
    data: NextVectors, numbers: Int64[np.ndarray, "n"], codes: Int64[np.ndarray, "m 3"] | None
) -> list[Asked]:
    """Return pairs as queries: without their own rows, in the lane of their last vector."""
    contexts, texts = data.contexts(numbers), data.bank.texts
    asked = []
    for number, context, own in zip(numbers, contexts, data.own_rows(numbers), strict=True):
        rows = data.pairs.contexts[number]
        last = rows[rows >= 0][-_TEXTS:].tolist()
        text = "" if texts is None else " ".join(str(texts[row]) for row in last)
        asked.append(Asked(context, tuple(own), text, None if codes is None else codes[last[-1]]))
    return asked
