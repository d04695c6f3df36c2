"""What a recall at 500 says about the training, at epoch 10 and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

RecallWord = Literal["data volume", "on track", "target", "success", "partial", "data wall"]

NEXT_ACTIONS: Mapping[RecallWord, tuple[str, ...]] = {
    "data volume": ("make more pairs: a lower stride, a higher cap, more articles",),
    "on track": ("go on",),
    "target": ("go on",),
    "success": ("compare with the best heuristic", "build the cascade on it"),
    "partial": ("look where recall is lost, by article and by rank", "try another curriculum"),
    "data wall": ("add articles before anything else", "check the alignment of the bank"),
}
"""What to do next, by the word."""

_EARLY: tuple[tuple[float, RecallWord], ...] = ((35.0, "target"), (30.0, "on track"))
_FINAL: tuple[tuple[float, RecallWord], ...] = ((55.0, "success"), (40.0, "partial"))
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class RecallJudgement:
    """One look at recall.

    Attributes:
        epoch: completed epochs.
        recall: Recall@500 in percent.
        word: what it amounts to.
    """

    epoch: int
    recall: float
    word: RecallWord

    @property
    def actions(self) -> tuple[str, ...]:
        """Return what to do next."""
        return NEXT_ACTIONS[self.word]


def judge_early(recall: float) -> RecallWord:
    """Name a Recall@500 in percent at epoch 10; a bound belongs to the better side."""
    return _word(recall, _EARLY, "data volume")


def judge_final(recall: float) -> RecallWord:
    """Name a Recall@500 in percent at the end; a bound belongs to the better side."""
    return _word(recall, _FINAL, "data wall")


def _word(
    recall: float, bounds: tuple[tuple[float, RecallWord], ...], otherwise: RecallWord
) -> RecallWord:
    if not 0.0 <= recall <= 100.0:
        raise ValueError(f"a recall of {recall} is not a percentage")
    return next((word for least, word in bounds if recall >= least - _ROUNDING), otherwise)


class RecallGates:
    """Judges once at the first evaluation from ``epoch`` on, and once at the end.

    Args:
        epoch: completed epochs before the early look.
    """

    def __init__(self, *, epoch: int = 10) -> None:
        self.epoch = epoch
        self._early = False

    def update(self, epoch: int, recall: float, *, last: bool = False) -> list[RecallJudgement]:
        """Take in one evaluation; return the judgements that fall due with it.

        Args:
            epoch: completed epochs.
            recall: Recall@500 in percent.
            last: whether this is the end of the training.

        Raises:
            ValueError: if ``recall`` is NaN or no percentage.
        """
        due: list[RecallJudgement] = []
        if epoch >= self.epoch and not self._early:
            due.append(RecallJudgement(epoch, recall, judge_early(recall)))
            self._early = True
        if last:
            due.append(RecallJudgement(epoch, recall, judge_final(recall)))
        return due

    def state_dict(self) -> dict[str, Any]:
        """Return whether the early look was taken, as JSON."""
        return {"early": self._early}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up again what :meth:`state_dict` returned."""
        self._early = bool(state["early"])
