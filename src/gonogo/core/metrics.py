"""Names of ranking measures, written as ir-measures writes them: ``nDCG@10``, ``R@100``, ``AP``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from gonogo.core.errors import UserError, nearest

_Cutoff = Literal["required", "optional", "none"]

# A reciprocal rank without a cutoff rewards a document at rank 900 and changes with the depth of
# the run, so it is refused; recall, precision and success mean nothing without one.
_MEASURES: dict[str, _Cutoff] = {
    "nDCG": "optional",
    "R": "required",
    "RR": "required",
    "AP": "optional",
    "P": "required",
    "Success": "required",
    "Rprec": "none",
}
_ALIASES = {"mrr": "RR", "recall": "R", "map": "AP", "precision": "P"}
_BY_FOLDED = {**_ALIASES, **{name.casefold(): name for name in _MEASURES}}
_PATTERN = re.compile(r"(?P<name>[A-Za-z]+)(?:\(rel=(?P<rel>\d+)\))?(?:@(?P<cutoff>\d+))?")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure that values one query's ranking between 0 and 1."""

    name: str
    """``nDCG``, ``R``, ``RR``, ``AP``, ``P``, ``Success`` or ``Rprec``."""
    cutoff: int | None = None
    """Only the first so many documents count; None for the whole ranking."""
    rel: int = 1
    """Smallest grade that counts as relevant."""

    def __str__(self) -> str:
        relevance = "" if self.rel == 1 else f"(rel={self.rel})"
        return self.name + relevance + ("" if self.cutoff is None else f"@{self.cutoff}")


def parse_measure(name: str) -> Measure:
    """Read a measure's name; case does not matter, and MRR, MAP, Recall, Precision are known.

    Raises:
        UserError: for an unknown measure, or a cutoff that is missing, zero or out of place.
    """
    match = _PATTERN.fullmatch(name.strip())
    canonical = _BY_FOLDED.get(match["name"].casefold()) if match else None
    if match is None or canonical is None:
        _, at, cutoff = name.partition("@")
        suffix = at and f"@{cutoff if cutoff.isdecimal() else 10}"
        known = {known + suffix for known in (*_MEASURES, "MRR", "MAP")}
        raise UserError(f"unknown measure {name!r}", hint=nearest(name, known))
    cutoff_rule, cutoff_text = _MEASURES[canonical], match["cutoff"]
    if cutoff_rule == "required" and cutoff_text is None:
        raise UserError(f"measure {name!r} needs a cutoff", hint=f"such as {canonical}@10")
    if cutoff_text is not None and (cutoff_rule == "none" or int(cutoff_text) < 1):
        raise UserError(f"measure {name!r} has an impossible cutoff", hint=f"such as {canonical}")
    rel = int(match["rel"] or 1)
    if rel < 1 or (rel > 1 and canonical == "nDCG"):
        raise UserError(f"measure {name!r} has an impossible relevance level", hint="write rel=2")
    return Measure(canonical, None if cutoff_text is None else int(cutoff_text), rel)


def canonical_metric(name: str) -> str:
    """Return the one spelling of a measure: ``MRR@10`` is ``RR@10``, ``MAP`` is ``AP``.

    Raises:
        UserError: if the name is no measure; the nearest one is in the hint.
    """
    return str(parse_measure(name))


def metric_range(name: str) -> tuple[float, float]:
    """Return the least and the greatest value a measure can take; unbounded for unknown names."""
    try:
        parse_measure(name)
    except UserError:
        return -math.inf, math.inf
    return 0.0, 1.0
