"""What a gate makes of scores: the one interface that everything asks, whatever the gate is.

What a gate says of itself (its arms, tasks, lines) is asked of its specification.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from gonogo.analysis.gates.outcome import Outcome
from gonogo.analysis.gates.support import Decides
from gonogo.analysis.gates.wording import amount, line_amount
from gonogo.analysis.promised.judged import JudgedScores
from gonogo.analysis.records.effects import Effect
from gonogo.analysis.statistics.power import Components
from gonogo.analysis.tables.strata import Strata, Values, differences
from gonogo.spec.rule.gate_parts import Verdict
from gonogo.spec.rule.gates import GateSpec

G_co = TypeVar("G_co", bound=GateSpec, covariant=True)


class Gate(ABC, Generic[G_co]):
    """One way to decide.

    A gate judges one figure that rises with each of its effects, and bands of that figure have
    words. It has no state but its specification.

    Args:
        spec: as the study file has it.
    """

    ratio: ClassVar[bool] = False
    """Whether it judges relative losses, (reference - candidate) / reference, and not gains."""
    against_specialists: ClassVar[bool] = False
    """Whether references are arms that learn a task alone: a loss against one means something only
    if it has learned that task, no other, and from as many examples."""
    figure: ClassVar[str] = "gain"
    """What the judged figure is called."""
    meaning: ClassVar[str] = "The gain is candidate − baseline, in the metric's own units."
    """One line that explains it; empty where there are no effects."""

    def __init__(self, spec: G_co) -> None:
        self.spec = spec

    @abstractmethod
    def judge(self, scores: JudgedScores, effects: tuple[Effect, ...]) -> Outcome:
        """Judge scores without holes.

        Args:
            scores: under this gate.
            effects: one for each contrast that has a reference, in their order.
        """

    @abstractmethod
    def word(self, figure: float) -> Verdict:
        """Return the word of the band that a figure lies in."""

    @property
    @abstractmethod
    def noise(self) -> Components:
        """Return variances for planning without a pilot, in the squared units of its figure."""

    @property
    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """Return between which values one seed's figure must lie."""

    @abstractmethod
    def rule(self) -> list[str]:
        """State in sentences what is compared, and which word is said from where on."""

    @property
    def decides(self) -> Decides:
        """Return which of several effects is the figure: ``max`` or ``min``."""
        return max

    def band(self, figure: float) -> str:
        """Return the name of the band that a figure lies in: its word, or a name of its own."""
        return self.word(figure)

    def alone(self, effect: Effect) -> Effect:
        """Return one effect with what it would say if it were the only one."""
        return effect

    def values(self, pairs: Strata) -> Values | None:
        """Return what is judged, seed by query; None where it is undefined.

        Args:
            pairs: a (reference, candidate) pair a data set.
        """
        return differences(pairs)

    @property
    def learned_from(self) -> float:
        """Return what training must have brought for an arm to count as trained."""
        return 0.0

    def unlearned(
        self,
        effect: Effect,
        *,
        trained: bool,  # noqa: ARG002  (for gates that ask)
        candidate_learned: Callable[[], bool],  # noqa: ARG002  (likewise)
    ) -> str:
        """Say that an effect means nothing, as its reference is not shown to have learned.

        Args:
            effect: against that reference.
            trained: whether the reference is a trained arm, and no row such as BM25.
            candidate_learned: tells whether the candidate has learned.

        Returns:
            Who has learned nothing; empty where the effect means something all the same.
        """
        return f"{effect.reference} is not shown to have learned {effect.task}"

    def line_words(self, value: float) -> str:
        """Write a line in the units of the figure: points of the metric."""
        return line_amount(value, self.spec.metric)

    def effect_words(self, value: float) -> str:
        """Write an effect that a study could detect."""
        return f"a difference of {amount(value, self.spec.metric)}"
