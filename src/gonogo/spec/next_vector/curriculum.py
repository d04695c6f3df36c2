"""How many hard negatives an epoch mines, and how near: ``0-5:none;6-10:8@0.82-0.92``.

Hard negatives from the first epoch on make a query tower collapse, so they come in segments:
``first-last:none`` or ``first-last:count@low-high``, both ends included. Epochs count from 1, as
people write them: ``6-10`` is in force from the sixth epoch on. The first segment may begin
at 0, the time before the first epoch.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator

from gonogo.core.errors import UserError

WindowUnit = Literal["cosine", "quantile"]
"""What low and high of a window are: cosines, or quantiles of each query's cosines to the bank."""

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)"
_SEGMENT = re.compile(r"(?P<first>\d+)\s*-\s*(?P<last>\d+)\s*:\s*(?P<rest>.*)", re.ASCII)
_MINED = re.compile(rf"(?P<count>\d+)\s*@\s*(?P<low>{_NUMBER})\s*-\s*(?P<high>{_NUMBER})", re.ASCII)
_FORM = "write first-last:none or first-last:count@low-high, such as 6-10:8@0.82-0.92"


@dataclass(frozen=True, slots=True)
class CosineWindow:
    """How near to the query a negative may be; both ends included.

    Args:
        low: least cosine, or quantile where the windows are of quantiles.
        high: largest one.
    """

    low: float
    high: float

    def reaches_above(self, cosine: float) -> bool:
        """Say whether anything in the window lies above ``cosine``, so that a filter can fire."""
        return self.high > cosine

    def ranks(self, rows: int) -> tuple[int, int]:
        """Return, for quantiles, the first rank from 0 in the window and the first beyond it.

        Quantile 0.999 of a bank of 95,000 is its row of rank 95.
        """
        first = math.floor((1.0 - self.high) * rows + 1e-9)
        return first, max(math.ceil((1.0 - self.low) * rows - 1e-9), first)

    def __str__(self) -> str:
        return f"{_plain(self.low)}-{_plain(self.high)}"


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive epochs that mine alike.

    Args:
        first: epoch, from 1; 0 is the time before.
        last: epoch, included.
        count: mined negatives of each pair; 0 without a window.
        window: where they are looked for; None where none is mined.
    """

    first: int
    last: int
    count: int
    window: CosineWindow | None

    def __str__(self) -> str:
        mined = "none" if self.window is None else f"{self.count}@{self.window}"
        return f"{self.first}-{self.last}:{mined}"


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Segments from epoch 0 or 1 on, without gap or overlap; its text reads back to itself."""

    segments: tuple[Segment, ...]

    @property
    def epochs(self) -> int:
        """Return how many epochs it covers: the number of the last one."""
        return self.segments[-1].last

    def at(self, epoch: int) -> Segment:
        """Return the segment of an epoch, from 1.

        Raises:
            UserError: for an epoch that it does not cover.
        """
        for segment in self.segments:
            if max(segment.first, 1) <= epoch <= segment.last:
                return segment
        raise UserError(
            f"the curriculum covers epochs 1 to {self.epochs}, not {epoch}",
            place=_place(len(self.segments) - 1, str(self.segments[-1])),
            hint="let its last segment end later",
        )

    def reaches_above(self, cosine: float) -> bool:
        """Say whether any window lets a cosine above this one in.

        A filter that drops what is above 0.98 cannot fire in windows that end at 0.96.
        """
        windows = (segment.window for segment in self.segments)
        return any(window.reaches_above(cosine) for window in windows if window)

    def __str__(self) -> str:
        return ";".join(map(str, self.segments))


def parse_curriculum(text: str) -> Curriculum:
    """Read a curriculum; spaces around its parts mean nothing.

    Raises:
        UserError: pointing at the segment, for what is not of the form, for segments that leave
            out or repeat an epoch, and for windows that hold nothing.
    """
    segments: list[Segment] = []
    for number, part in enumerate(text.split(";")):
        segment = _segment(number, part.strip())
        expected = segments[-1].last + 1 if segments else min(segment.first, 1)
        if segment.first != expected:
            raise _wrong(number, part.strip(), _misplaced(segment.first, expected))
        segments.append(segment)
    if segments[-1].last < 1:
        raise _wrong(len(segments) - 1, str(segments[-1]), "covers no epoch: they count from 1")
    return Curriculum(tuple(segments))


def _segment(number: int, text: str) -> Segment:
    """Read one segment; its place among the others is not looked at."""
    found = _SEGMENT.fullmatch(text)
    if not text or not found:
        raise _wrong(number, text, "not a segment" if text else "an empty segment")
    first, last = int(found["first"]), int(found["last"])
    if first > last:
        raise _wrong(number, text, f"epoch {first} comes after epoch {last}")
    if found["rest"] == "none":
        return Segment(first, last, 0, None)
    mined = _MINED.fullmatch(found["rest"])
    if not mined:
        raise _wrong(number, text, _unreadable(found["rest"]))
    count, low, high = int(mined["count"]), float(mined["low"]), float(mined["high"])
    if count < 1:
        raise _wrong(number, text, "0 negatives", "write none to mine none")
    if not -1.0 <= low < high <= 1.0:
        reason = f"no cosine lies between {_plain(low)} and {_plain(high)}"
        raise _wrong(number, text, reason, "low < high, both between -1 and 1")
    return Segment(first, last, count, CosineWindow(low, high))


def _unreadable(rest: str) -> str:
    """Say what is wrong with what follows the epochs."""
    before, at, window = rest.partition("@")
    if not before.strip():
        return "no number of negatives"
    if not window.strip():
        return "an empty window" if at else f"{rest!r} has no window"
    return f"{rest!r} is not count@low-high"


def _misplaced(first: int, expected: int) -> str:
    if expected == 1:
        return f"starts at epoch {first}, not at 0 or 1"
    if first < expected:
        return f"overlaps the segment before it, which ends at epoch {expected - 1}"
    missing = f"epoch {expected}" if first == expected + 1 else f"epochs {expected} to {first - 1}"
    return f"leaves out {missing}"


def _place(number: int, text: str) -> str:
    return f"segment {number + 1}, {text!r}"


def _wrong(number: int, text: str, reason: str, hint: str = _FORM) -> UserError:
    return UserError(reason, place=_place(number, text), hint=hint)


def _plain(value: float) -> str:
    """Write the shortest digits that read back to ``value``, never with an exponent."""
    return format(Decimal(repr(value)), "f")


def _canonical(text: str) -> str:
    """Return the text as the program would write it; pydantic expects a ValueError."""
    try:
        return str(parse_curriculum(text))
    except UserError as error:
        raise ValueError(str(error)) from error


CurriculumText = Annotated[str, AfterValidator(_canonical)]
"""A curriculum in a study file; kept in one spelling, so that spaces change no fingerprint."""
