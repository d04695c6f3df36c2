"""Tasks on judged texts: loaded, mined and tokenised, bound to a text model and an objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import assert_never

from gonogo.core.errors import UserError
from gonogo.core.files import cache_folder
from gonogo.core.types import Split
from gonogo.core.workplace import Workplace
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.examples import relevance_examples, retrieval_examples
from gonogo.data.examples.held_out import held_out_candidates, hold_out
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.loading import load_dataset
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.objectives.build import build_embedding_objective, build_score_objective
from gonogo.spec.data.text_data import DataSpec
from gonogo.spec.task import tasks as specs
from gonogo.spec.training import TrainingSpec
from gonogo.training.parts.task import Task
from gonogo.training.parts.trainable import TextModel
from gonogo.training.passes.chunked import ChunkSettings
from gonogo.training.passes.frozen_rows import FrozenRows
from gonogo.training.passes.token_budget import choose_token_budget
from gonogo.training.passes.token_rows import TokenRows
from gonogo.training.text.regularisation import Regularisation
from gonogo.training.text.relevance_task import RelevanceTask
from gonogo.training.text.retrieval_task import RetrievalTask
from gonogo.training.text.text_look import Look, TextLook, rank_by_embedding, rank_by_score

Sources = Sequence[tuple[RetrievalDataset, Bm25Index | None]]


class TextTasks:
    """Builds the text tasks of one trial; data sets and indexes are made once for all of them.

    Args:
        training: token budget, GradCache and looks.
        seed: draws negatives and the order of examples.
        model: what will be trained.
        workplace: where data lie, and what is shown bars of mining and tokenisation.
    """

    def __init__(
        self,
        training: TrainingSpec,
        seed: int,
        model: TextModel,
        workplace: Workplace,
    ) -> None:
        self._seed, self._model, self._progress = seed, model, workplace.progress
        budget = training.token_budget
        packs = isinstance(model, RetrievalModel) and model.backbone.packs
        self._learns = model.trainable if packs else None
        self._budget = choose_token_budget(model, self._learns) if budget == "auto" else budget
        self._replay, self._validation = training.gradcache, training.validation
        self._dataset = cache(partial(load_dataset, beside=workplace.beside))
        self._index = cache(lambda data, split: Bm25Index(self._dataset(data, split).corpus))

    def build(self, name: str, spec: specs.TextTask) -> Task:
        """Return one task."""
        match spec:
            case specs.RetrievalTask():
                return self._retrieval(name, spec)
            case specs.RelevanceTask():
                return self._relevance(name, spec)
            case _:
                assert_never(spec)

    def _sources(self, spec: specs.TextTask) -> Sources:
        mined = isinstance(spec.negatives, specs.Bm25Negatives)
        return [
            (self._parted(data, spec.split)[0], self._index(data, spec.split) if mined else None)
            for data in spec.data
        ]

    def _parted(
        self, data: DataSpec, split: Split
    ) -> tuple[RetrievalDataset, RetrievalDataset | None]:
        """Return what is learned from of a data set, and what is looked at."""
        dataset = self._dataset(data, split)
        return hold_out(dataset, self._validation.queries) if self._validation else (dataset, None)

    def _held_out(self, spec: specs.TextTask) -> TextLook | None:
        """Return what a task is looked at with, if looks are taken."""
        if self._validation is None:
            return None
        parts = [(data, self._parted(data, spec.split)[1]) for data in spec.data]
        found = [
            held_out_candidates(held, self._validation.candidates, self._index(data, spec.split))
            for data, held in parts
            if held is not None
        ]
        if not found:
            raise UserError(
                "too few queries to hold one out for looks",
                place="training.validation",
                hint="leave it out, or train on more data",
            )
        return TextLook(found, self._validation.metric)

    def _settings(self, pad_id: int) -> ChunkSettings:
        model = self._model
        return ChunkSettings(
            self._budget,
            pad_id,
            model.device,
            model.autocast,
            self._replay,
            self._learns,
        )

    def _retrieval(self, name: str, spec: specs.RetrievalTask) -> Task:
        encoder, seed, progress = self._model.bi_encoder, self._seed, self._progress
        return RetrievalTask(
            name,
            [
                example
                for dataset, bm25 in self._sources(spec)
                for example in retrieval_examples(dataset, spec, seed, bm25=bm25, progress=progress)
            ],
            tokenize=encoder.tokenize,
            forward=encoder,
            objective=build_embedding_objective(spec.objective, encoder.similarity),
            settings=self._settings(encoder.pad_id),
            batch_size=spec.batch_size,
            seed=seed,
            hard_negatives=spec.hard_negatives,
            other_negatives=spec.objective.over_others,
            regularise=self._regularise(name, spec),
            frozen=self._frozen(name),
            look=self._look_at_embeddings(spec),
            progress=progress,
        )

    def _look_at_embeddings(self, spec: specs.RetrievalTask) -> Look | None:
        encoder, look = self._model.bi_encoder, self._held_out(spec)
        if look is None:
            return None
        of = encoder.tokenize, encoder, encoder.similarity
        return lambda settings: look.figures(
            lambda held: rank_by_embedding(held, *of, settings), pooled=True
        )

    def _look_at_scores(self, spec: specs.RelevanceTask) -> Look | None:
        scorer, look = self._model.cross_encoder, self._held_out(spec)
        if look is None:
            return None
        of = scorer.tokenize, scorer
        return lambda settings: look.figures(
            lambda held: rank_by_score(held, *of, settings), pooled=False
        )

    def _regularise(self, name: str, spec: specs.RetrievalTask) -> Regularisation | None:
        if not any(term.factor for term in spec.regularisers):
            return None
        similarity = self._model.bi_encoder.similarity
        return Regularisation(spec.regularisers, similarity, self._seed, name)

    def _frozen(self, name: str) -> Callable[[TokenRows], FrozenRows] | None:
        """Run a frozen backbone once over all rows; arms and seeds share its vectors."""
        model = self._model
        encoder = model.frozen_encoder() if isinstance(model, RetrievalModel) else None
        if encoder is None:
            return None
        settings = self._settings(model.bi_encoder.pad_id)
        return partial(
            FrozenRows,
            encoder,
            settings=settings,
            precision=model.precision,
            cache=cache_folder("vectors"),
            progress=self._progress,
            label=f"{name}: encode once",
        )

    def _relevance(self, name: str, spec: specs.RelevanceTask) -> Task:
        scorer, seed, progress = self._model.cross_encoder, self._seed, self._progress
        return RelevanceTask(
            name,
            [
                example
                for dataset, bm25 in self._sources(spec)
                for example in relevance_examples(dataset, spec, seed, bm25=bm25, progress=progress)
            ],
            tokenize=scorer.tokenize,
            forward=scorer,
            objective=build_score_objective(spec.objective),
            settings=self._settings(scorer.pad_id),
            batch_size=spec.batch_size,
            seed=seed,
            whole_lists=spec.objective.over_lists,
            look=self._look_at_scores(spec),
            progress=progress,
        )
