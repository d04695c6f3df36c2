"""What ``gonogo postmortem`` found of a query tower; ``postmortem.json``."""

from __future__ import annotations

from pathlib import Path

from gonogo.analysis.next_vector.postmortem import GroupRecall
from gonogo.core.files import write_json
from gonogo.core.records import Record, read_record
from gonogo.spec.next_vector.postmortem import PostmortemSpec


class FoundMargin(Record):
    """The separation margin of the weights that were looked at."""

    value: float | None
    """Mean cosine to the target less that to others; None where it is not finite."""
    word: str
    """What the study calls it; empty where it names no bands."""
    over: str
    """Whose cosines were taken off."""


class FoundRepeats(Record):
    """Hard negatives that are their positive again, as shares between 0 and 1."""

    dropped: float
    """Of all that are mined without the filter, those that the filter drops."""
    left: float
    """Of those that it leaves."""


class Postmortem(Record):
    """``postmortem.json``: why a tower found what it found."""

    trial: str
    checkpoint: str | None
    """Which of the trial's; None for a file of somebody else."""
    step: int | None
    pairs: int
    """Validation pairs that were looked at."""
    cutoff: int
    """A target of this rank or better is found."""
    settings: PostmortemSpec
    recall: dict[str, float]
    """By name, such as ``R@10``, between 0 and 1."""
    margin: FoundMargin
    repeats: FoundRepeats
    alignment: float
    """Mean cosine of different rows of the bank."""
    fill_rates: dict[str, float]
    """Share of the mined negatives asked for that were found, by epoch."""
    rank_histogram: dict[str, int]
    articles: list[GroupRecall]
    """The one that loses the most pairs first."""
    positions: list[GroupRecall]
    """By place in the article, from its start to its end."""
    history: dict[str, list[float | int | None]]
    """A figure of each look, by name; all have one length."""
    recommendation: list[str]


def write_postmortem(path: Path, record: Postmortem) -> None:
    """Write a record atomically; what is None stays in it."""
    write_json(path, record.model_dump(mode="json"))


def read_postmortem(path: Path) -> Postmortem:
    """Read a record.

    Raises:
        UserError: if it is missing or of another shape; one line.
    """
    return read_record(path, Postmortem, hint="gonogo postmortem TRIAL writes it anew")
