"""Short measurements count everything that an evaluation does, and multiply what grows alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from planted_trials import plan_of
from study_values import write_beir

from gonogo.core.files import cache_folder
from gonogo.core.workplace import Workplace
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.model.model import TextModel
from gonogo.study.running import probes
from gonogo.study.running.probes import time_evaluation, time_preparation, time_task
from gonogo.training.text import text_tasks


class Clock:
    """Time that passes only where a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(probes, "time", SimpleNamespace(perf_counter=lambda: self.now))


@pytest.mark.parametrize(
    ("whole", "seconds"),
    [
        ([5000], 40.0 + 3.0 + 0.01 * 5000),
        ([300, 500_000], 40.0 + 3.0 + 0.01 * 500_300),
        ([300, 500], 40.0 + 3.0 + 0.01 * 800),  # whole: nothing is extrapolated
    ],
)
def test_loading_and_indexing_are_counted_once(
    monkeypatch: pytest.MonkeyPatch, whole: Sequence[int], seconds: float
) -> None:
    """40 s for the corpus, 3 s for each preparation on it, 10 ms a query."""
    clock, sizes = Clock(monkeypatch), []

    def prepare(queries: int) -> Any:
        clock.now += (3.0 if sizes else 43.0) + 0.01 * sum(min(count, queries) for count in whole)
        sizes.append(queries)
        return queries

    task, found = time_preparation(prepare, whole)
    assert found == pytest.approx(seconds)
    assert task == probes.QUERIES  # the largest sample, whose steps are timed
    assert len(set(sizes)) == len(sizes)


def test_noise_never_makes_queries_pay_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, spent = Clock(monkeypatch), iter([40.0, 3.0, 2.5])

    def prepare(queries: int) -> Any:
        clock.now += next(spent)

    assert time_preparation(prepare, [500_000])[1] == 40.0


def test_a_task_pays_for_its_corpus_once_and_a_second_measurement_finds_nothing_kept(
    tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 38 queries 20 are sampled; loading takes 100 s and searching for a query 1 s."""
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(probes, "QUERIES", 20)
    clock = Clock(monkeypatch)
    load, search = text_tasks.load_dataset, Bm25Index.search

    def slow_load(*given: Any, **options: Any) -> Any:
        clock.now += 100.0
        return load(*given, **options)

    def slow_search(self: Bm25Index, queries: Sequence[str], k: int) -> Any:
        clock.now += len(queries)
        return search(self, queries, k)

    monkeypatch.setattr(text_tasks, "load_dataset", slow_load)
    monkeypatch.setattr(Bm25Index, "search", slow_search)
    trial = plan_of(tiny_study, tmp_path, only="emb_only").trials[0]
    model = build_model(trial.config.model, 1)
    assert isinstance(model, RetrievalModel)
    kept = cache_folder("bm25")  # where trials keep rankings
    for _ in range(2):
        speed = time_task(trial.config, "embed", 1, model, Workplace(tiny_study.parent))
        assert speed.preparation == pytest.approx(100.0 + 38.0)
    assert cache_folder() == tmp_path / "cache"
    assert not list(kept.iterdir())  # and what was measured is no one's to find


@pytest.mark.parametrize(("count", "texts"), [(20, 20), (5000, 75)])
def test_a_look_at_the_geometry_costs_its_texts(
    tmp_path: Path,
    tiny_encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    texts: int,
) -> None:
    """No more of them than the corpus has, each at the pace of the sample."""
    write_beir(tmp_path / "left", 0)
    model = build_model(TextModel(backbone=str(tiny_encoder_folder)), 0)
    monkeypatch.setattr(probes, "TEXTS", 5)
    monkeypatch.setattr(probes, "_seconds", lambda work: 100.0)
    plain: dict[str, Any] = {
        "datasets": ["left"],
        "tasks": {"embed": {"kind": "retrieval"}},
    }
    looking = {**plain, "geometry": {"texts": "left", "count": count}}
    without, with_it = (
        time_evaluation(model, EvaluationSpec.model_validate(values), Workplace(tmp_path))
        for values in (plain, looking)
    )
    assert with_it - without == pytest.approx(100.0 * texts / 5, abs=10.0)
