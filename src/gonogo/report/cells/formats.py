"""How a number is written for people: one unit, one form, the same in every output.

Signs are ASCII here; each renderer turns a leading ``-`` into its own minus.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from gonogo.core.errors import printable

Unit = Literal[
    "score",
    "signed",
    "percent",
    "share",
    "p",
    "effect",
    "violation",
    "cosine",
    "count",
    "seconds",
    "megabytes",
    "plain",
    "degrees",
    "times",
]
UNDEFINED = "–"
"""What stands for None: undefined, unknown or not measured; never zero."""

_SMALLEST_P = 0.001


def one_line(text: str) -> str:
    """Drop control characters (terminal escapes, line breaks, direction marks) from a text."""
    return " ".join(filter(None, printable(text).split(" ")))


def _fixed(value: float, decimals: int, *, sign: bool) -> str:
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    rounded_to_zero = not text.strip("+-0.")
    return text.lstrip("+-") if rounded_to_zero else text


def _probability(value: float) -> str:
    return "< 0.001" if value < _SMALLEST_P else f"{value:.3f}"


def _seconds(value: float) -> str:
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def _megabytes(value: float) -> str:
    return f"{value:,.0f} MB" if value < 1000 else f"{value / 1000:,.1f} GB"


_FORMS: dict[Unit, Callable[[float], str]] = {
    "score": lambda value: _fixed(value, 4, sign=False),
    "signed": lambda value: _fixed(value, 4, sign=True),
    "percent": lambda value: f"{_fixed(100 * value, 2, sign=True)} %",
    "share": lambda value: f"{100 * value:.1f} %",
    "p": _probability,
    "effect": lambda value: _fixed(value, 2, sign=True),
    "violation": lambda value: f"{value:.3f}",
    "cosine": lambda value: _fixed(value, 3, sign=True),
    "count": lambda value: f"{value:,.0f}",
    "seconds": _seconds,
    "megabytes": _megabytes,
    "plain": lambda value: f"{value:.12g}",
    "degrees": lambda value: f"{value:,.1f}",
    "times": lambda value: f"{value:.2f} x",
}


def number(value: float | None, unit: Unit) -> str:
    """Write ``value`` in its unit; ratios in ``percent`` and ``share`` are plain (0.02 = 2 %)."""
    return UNDEFINED if value is None else _FORMS[unit](value)


def spread(std: float, unit: Unit) -> str:
    """Write a standard deviation: the decimals of its value, without a sign."""
    return number(std, unit).lstrip("+")


def bounds(low: float, high: float, unit: Unit) -> str:
    """Write an interval, its unit once: ``+0.41 to +4.10 %``."""
    first, second = number(low, unit), number(high, unit)
    return f"{first.removesuffix(' %')} to {second}"


def threshold(value: float, unit: Unit) -> str:
    """Write a threshold as short as it is: ``2 %``, ``1.5 %``, ``0.01``."""
    return f"{100 * value:g} %" if unit in ("percent", "share") else f"{value:g}"


def level(value: float) -> str:
    """Write a confidence level: ``95 %``."""
    return f"{100 * value:g} %"


def values(numbers: list[float], unit: Unit) -> str:
    """Write the smallest and the largest of some values, once if they read the same."""
    if not numbers:
        return UNDEFINED
    low, high = number(min(numbers), unit), number(max(numbers), unit)
    return low if low == high else f"{low} to {high}"
