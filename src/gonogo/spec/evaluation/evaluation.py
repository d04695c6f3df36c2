"""What is scored, on which data, by which measures."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gonogo.core.types import Split
from gonogo.spec.base import HASHED_UNLESS_DEFAULT, NOT_HASHED, Count, MetricName, Name, Spec
from gonogo.spec.data.beir_sets import averaging_group, flatten, forum
from gonogo.spec.data.geometry import GeometrySpec
from gonogo.spec.evaluation.evaluation_tasks import (
    AnyData,
    EvaluationData,
    EvaluationTask,
    RerankingEvaluation,
    RetrievalEvaluation,
)
from gonogo.spec.evaluation.references import Bm25Row, Reference, UntrainedRow


class EvaluationSpec(Spec):
    """What every arm is scored on, by default also on the tasks that it was not trained on."""

    datasets: Annotated[tuple[EvaluationData, ...], AfterValidator(flatten)] = ()
    """Data sets to score, each on its own; averages weigh them equally, CQADupStack's forums as
    one. ``beir/public`` stands for the 15 public sets of BEIR, ``beir/fast`` for SciFact,
    NFCorpus and FiQA."""
    split: Split = "test"
    """Which judgements are used of data sets that name no split of their own."""
    max_queries: Count | None = None
    """Score at most this many queries of each data set: the same for every arm and seed."""
    metrics: tuple[MetricName, ...] = ("nDCG@10", "R@100", "RR@10", "AP")
    """Measures as ir-measures writes them; a reciprocal rank needs its cutoff."""
    tasks: dict[Name, EvaluationTask] = {
        "embed": RetrievalEvaluation(),
        "rerank": RerankingEvaluation(),
    }
    """What is scored, under the name of the training task that it belongs to."""
    off_task: Annotated[bool, Field(json_schema_extra=NOT_HASHED)] = True
    """Score arms on tasks that others were trained on and they were not; false saves that time,
    and such an arm is then shown as not scored."""
    references: tuple[Reference, ...] = (Bm25Row(), UntrainedRow())
    """Rows shown beside the arms for comparison; a gate may name one as its baseline."""
    checkpoint: Literal["final", "best"] = "final"
    """Which weights are scored: the last, or the best that ``training.validation`` saw."""
    geometry: Annotated[GeometrySpec | None, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = None
    """Texts on which the isotropy of every trial and reference row is measured too."""
    fp32_beside: Annotated[bool, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = False
    """Score what is scored in another number format in fp32 as well, and say how far the two
    differ. A gate judges the format that ``training.precision`` states."""
    in_domain: Annotated[tuple[str, ...], Field(json_schema_extra=NOT_HASHED)] = ()
    """Data sets, by name, that count as in domain beside those that an arm is trained on; they
    get averages of their own."""

    def datasets_of(self, task: EvaluationTask) -> tuple[AnyData, ...]:
        """Return the data sets that a task is scored on."""
        return task.data_among(self.datasets)

    @property
    def untrained(self) -> str:
        """Return the name of the row without any training; empty where there is none."""
        return next((row.name for row in self.references if isinstance(row, UntrainedRow)), "")

    @property
    def parts(self) -> tuple[tuple[str, EvaluationTask, AnyData], ...]:
        """Return (task name, task, data set) in the order in which they are scored."""
        found = [
            (name, task, data)
            for name, task in self.tasks.items()
            for data in self.datasets_of(task)
        ]
        first = list(dict.fromkeys(data.name for _, _, data in found))
        return tuple(sorted(found, key=lambda part: first.index(part[2].name)))

    @model_validator(mode="after")
    def _every_task_has_data(self) -> Self:
        for name, task in self.tasks.items():
            if not self.datasets_of(task):
                raise ValueError(f"no data sets: neither here nor in tasks.{name}")
        return self

    @model_validator(mode="after")
    def _in_domain_is_scored(self) -> Self:
        names = {averaging_group(data.name) for _, _, data in self.parts}
        names |= {data.name for _, _, data in self.parts}
        for name in self.in_domain:
            if name not in names:
                raise ValueError(f"in_domain names {name!r}, which is not scored")
        return self

    @model_validator(mode="after")
    def _rows_differ(self) -> Self:
        names = [row.name for row in self.references]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two references are called {name!r}")
        return self

    @model_validator(mode="after")
    def _datasets_differ(self) -> Self:
        names = [data.name for data in self.datasets]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two data sets are called {name!r}; scores are kept by name")
        forums = [forum(name) for name in names if averaging_group(name) != name]
        if len(set(forums)) < len(forums) or (forums and "cqadupstack" in names):
            raise ValueError("a forum of CQADupStack stands twice among the data sets")
        return self
