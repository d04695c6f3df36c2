"""Named levels of success beyond the gate: lines that files alone can answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gonogo.spec.base import Count, Name, Spec

EVIDENCE = "evidence"
"""The folder of files that lines ask for."""

Group = Literal["all", "in domain", "out of domain"]
"""Data sets that all rows share: all of them, those that an arm was trained on, the others."""


def _evidence(path: str) -> str:
    parts = PurePosixPath(path).parts
    if parts[:1] != (EVIDENCE,) or len(parts) < 2 or ".." in parts or set(path) & set("*?["):
        raise ValueError(f"name one file in full, below {EVIDENCE}/, such as {EVIDENCE}/proof.pdf")
    return path


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row that a line is about."""

    key: str
    """The key that names it: ``candidate``, ``baseline``, ``arm`` or ``arms``."""
    name: str | None
    """None: the gate's own."""
    reference: bool = False
    """Whether it may be a reference row, such as BM25."""


class AnyLine(Spec):
    """What every line says of itself."""

    note: str = ""
    """What the line stands for; printed with it."""

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return the rows that it is about; none where it is about all arms, or other things."""
        return ()

    @property
    def lines_within(self) -> tuple[tuple[str, AnyLine], ...]:
        """Return the lines that it holds, each with the key that holds it."""
        return ()


class Gain(AnyLine):
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

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return both rows."""
        return NamedRow("candidate", self.candidate), NamedRow(
            "baseline", self.baseline, reference=True
        )


class AverageAbove(AnyLine):
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

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return the row."""
        return (NamedRow("arm", self.arm, reference=True),)


class IsotropyHigher(AnyLine):
    """An arm's embeddings are more isotropic than another's: mean over seeds, on the same texts."""

    kind: Literal["isotropy_higher"] = "isotropy_higher"
    figure: Literal["isoscore_star", "isotropy", "effective_rank"] = "isoscore_star"
    """Which figure; ``isotropy`` is 1 - std / mean, compared at equal dimensions only."""
    candidate: Name | None = None
    """The arm that should be more isotropic; the gate's when not given."""
    baseline: Name | None = None
    """The arm or reference row that it is compared with; the gate's only one when not given."""

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return both rows."""
        return NamedRow("candidate", self.candidate), NamedRow(
            "baseline", self.baseline, reference=True
        )


class Finished(AnyLine):
    """Every trial of some arms is trained and scored."""

    kind: Literal["finished"] = "finished"
    arms: tuple[Name, ...] = ()
    """Which arms; all when empty."""

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return the arms, if it names any."""
        return tuple(NamedRow("arms", arm) for arm in self.arms)


class AllSets(AnyLine):
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

    @property
    def named(self) -> tuple[NamedRow, ...]:
        """Return the arms, if it names any."""
        return tuple(NamedRow("arms", arm) for arm in self.arms)

    @model_validator(mode="after")
    def _least_sets_can_be_reached(self) -> Self:
        if self.datasets and self.least_sets > len(self.datasets):
            raise ValueError(
                f"least_sets asks for {self.least_sets} data sets, of which {len(self.datasets)}"
                " are named"
            )
        return self


class StudyDone(AnyLine):
    """Another study is decided: an ablation, a sweep, a replication.

    Met by any verdict but INCOMPLETE, and unknown while there is none.
    """

    kind: Literal["study_done"] = "study_done"
    study: Name
    """Its name; it is looked for under the same output folder."""
    tier: Name | None = None
    """Its tier; the one at hand when not given."""


class FileThere(AnyLine):
    """A file is there and not empty: a proof, a released checkpoint. Nothing of it is read."""

    kind: Literal["file"] = "file"
    path: Annotated[str, AfterValidator(_evidence)]
    """Its whole name, below ``evidence/`` in the study's output folder or beside the study file: a
    folder that gonogo itself writes nothing into unless it is told to."""


SingleLine = Annotated[
    Gain | AverageAbove | IsotropyHigher | Finished | AllSets | StudyDone | FileThere,
    Field(discriminator="kind"),
]


class AnyOf(AnyLine):
    """At least one of several lines is met."""

    kind: Literal["any_of"] = "any_of"
    lines: Annotated[tuple[SingleLine, ...], Field(min_length=1)]
    """The lines."""

    @property
    def lines_within(self) -> tuple[tuple[str, AnyLine], ...]:
        """Return its lines."""
        return tuple((f"lines[{n}]", line) for n, line in enumerate(self.lines))


Criterion = Annotated[
    Gain | AverageAbove | IsotropyHigher | Finished | AllSets | StudyDone | FileThere | AnyOf,
    Field(discriminator="kind"),
]
Levels = dict[Name, Annotated[tuple[Criterion, ...], Field(min_length=1)]]
