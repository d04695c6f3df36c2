"""Named levels of success beyond the gate: lines that files alone can answer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gonogo.spec.base import Count, Name, Spec

Group = Literal["all", "in domain", "out of domain"]
"""Data sets that all rows share: all of them, those that an arm was trained on, the others."""


class _Line(Spec):
    note: str = ""
    """What the line stands for; printed with it."""


class Gain(_Line):
    """One arm's mean exceeds another's, in the units of the gate's metric."""

    kind: Literal["gain"] = "gain"
    least: float
    """The smallest gain that meets the line (0.01 = one point)."""
    candidate: Name | None = None
    """The arm that should be better; the gate's when not given."""
    baseline: Name | None = None
    """The arm or reference row that it is compared with; the gate's only one when not given."""
    over: Group = "all"
    """Which data sets the means are over."""


class AverageAbove(_Line):
    """An arm's mean lies above a value, in the units of the gate's metric."""

    kind: Literal["average_above"] = "average_above"
    above: float
    """The value (0.48 = 48 points); equal is not above."""
    arm: Name | None = None
    """Which arm; the gate's candidate when not given."""
    over: Group = "all"
    """Which data sets the mean is over."""
    least_sets: Count = 1
    """The line is unknown where the mean is over fewer data sets: a value that means the average
    of a benchmark says nothing about a few sets."""


class IsotropyHigher(_Line):
    """An arm's embeddings are more isotropic than another's: mean over seeds, on the same texts."""

    kind: Literal["isotropy_higher"] = "isotropy_higher"
    figure: Literal["isoscore_star", "isotropy", "effective_rank"] = "isoscore_star"
    """Which figure; ``isotropy`` is 1 - std / mean, compared at equal dimensions only."""
    candidate: Name | None = None
    """The arm that should be more isotropic; the gate's when not given."""
    baseline: Name | None = None
    """The arm or reference row that it is compared with; the gate's only one when not given."""


class Finished(_Line):
    """Every trial of some arms is trained and scored."""

    kind: Literal["finished"] = "finished"
    arms: tuple[Name, ...] = ()
    """Which arms; all when empty."""


class AllSets(_Line):
    """Some arms have a score on each of some data sets."""

    kind: Literal["all_sets"] = "all_sets"
    datasets: tuple[str, ...] = ()
    """Data sets, by the names in the tables; all that the tier scores when empty. The line is
    unknown where a tier does not score one that is named."""
    arms: tuple[Name, ...] = ()
    """Which arms; all when empty."""
    least_sets: Count = 1
    """The line is unknown where the tier scores fewer data sets: the few of a small tier are not
    all of a benchmark."""

    @model_validator(mode="after")
    def _least_sets_can_be_reached(self) -> Self:
        if self.datasets and self.least_sets > len(self.datasets):
            raise ValueError(
                f"least_sets asks for {self.least_sets} data sets, of which {len(self.datasets)}"
                " are named"
            )
        return self


class StudyDone(_Line):
    """Another study is decided: an ablation, a sweep, a replication.

    Met by any verdict but INCOMPLETE, and unknown while there is none.
    """

    kind: Literal["study_done"] = "study_done"
    study: Name
    """Its name; it is looked for under the same output folder."""
    tier: Name | None = None
    """Its tier; the one at hand when not given."""


class FileThere(_Line):
    """A file is there and not empty: a proof, a released checkpoint."""

    kind: Literal["file"] = "file"
    path: str
    """Beside the study file, in the study's output folder, or here; may hold ``*``."""


SingleLine = Annotated[
    Gain | AverageAbove | IsotropyHigher | Finished | AllSets | StudyDone | FileThere,
    Field(discriminator="kind"),
]


class AnyOf(_Line):
    """At least one of several lines is met."""

    kind: Literal["any_of"] = "any_of"
    lines: Annotated[tuple[SingleLine, ...], Field(min_length=1)]
    """The lines."""


Criterion = Annotated[
    Gain | AverageAbove | IsotropyHigher | Finished | AllSets | StudyDone | FileThere | AnyOf,
    Field(discriminator="kind"),
]
Levels = dict[Name, Annotated[tuple[Criterion, ...], Field(min_length=1)]]
