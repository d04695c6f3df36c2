"""Names of ranking measures, written as ir-measures writes them: ``nDCG@10``, ``R@100``, ``AP``.

trec_eval's, ranx's and sentence-transformers' spellings are read as well (``ndcg_cut_10``,
``recip_rank``, ``ndcg_at_10``, ``HitRate@1``); in the output a measure has one name.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from gonogo.core.errors import UserError

_Cutoff = Literal["required", "optional", "none"]

# Recall, precision and success mean nothing without a cutoff.
_MEASURES: dict[str, _Cutoff] = {
    "nDCG": "optional",
    "R": "required",
    "RR": "optional",
    "AP": "optional",
    "P": "required",
    "Success": "required",
    "Rprec": "none",
}
_ALIASES = {
    "mrr": "RR", "reciprank": "RR", "recall": "R", "map": "AP", "precision": "P", "hit": "Success",
    "hits": "Success", "hitrate": "Success", "acc": "Success", "rprecision": "Rprec",
}  # fmt: skip
_BY_FOLDED = {**_ALIASES, **{name.casefold(): name for name in _MEASURES}}
# trec_eval's other measures, which ir-measures spells in its own way.
_TREC_EVAL = {
    "bpref": "Bpref", "infap": "infAP", "set_p": "SetP", "set_recall": "SetR", "set_f": "SetF",
    "set_map": "SetAP", "num_ret": "NumRet", "num_rel": "NumRel", "num_rel_ret": "NumRet(rel=1)",
    "num_q": "NumQ",
}  # fmt: skip
_PATTERN = re.compile(r"(?P<name>[A-Za-z_-]+)(?:\(rel=(?P<rel>\d+)\))?(?:@(?P<cutoff>\d+))?")
_ELSEWHERE = re.compile(r"(?P<name>[A-Za-z_-]+?)(?:_cut|_at)?[_.]?(?P<cutoff>\d+)")
_INTERPOLATED = re.compile(r"iprec_at_recall_(?P<recall>[01]\.\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of one query's ranking."""

    name: str
    """``nDCG``, ``R``, ``RR``, ``AP``, ``P``, ``Success``, ``Rprec``, or a name of ir-measures."""
    cutoff: int | None = None
    """Only the first so many documents count; None for the whole ranking."""
    rel: int = 1
    """Smallest grade that counts as relevant."""
    peer: str = ""
    """The whole name in ir-measures' own syntax, where it is none of the seven."""

    def __str__(self) -> str:
        if self.peer:
            return self.peer
        relevance = "" if self.rel == 1 else f"(rel={self.rel})"
        return self.name + relevance + ("" if self.cutoff is None else f"@{self.cutoff}")


@cache
def parse_measure(name: str) -> Measure:
    """Read a measure's name; case does not matter, and other tools' spellings are known.

    Every measure that ir-measures can compute here is known, by its own syntax
    (``nDCG(dcg='exp-log2')@10``, ``Judged@10``, ``ERR@20``).

    Raises:
        UserError: for an unknown measure, one that nothing here computes, or a cutoff that is
            missing, zero or out of place.
    """
    text = name.strip()
    match = _PATTERN.fullmatch(text) or _ELSEWHERE.fullmatch(text)
    canonical = _BY_FOLDED.get(_folded(match["name"])) if match else None
    if match is None or canonical is None:
        return _of_ir_measures(name)
    cutoff_rule, cutoff_text = _MEASURES[canonical], match["cutoff"]
    if cutoff_rule == "required" and cutoff_text is None:
        raise UserError(f"measure {name!r} needs a cutoff", hint=f"such as {canonical}@10")
    if cutoff_text is not None and (cutoff_rule == "none" or not 0 < int(cutoff_text) < 2**31):
        raise UserError(f"measure {name!r} has an impossible cutoff", hint=f"such as {canonical}")
    rel = int(match.groupdict().get("rel") or 1)
    if rel < 1 or (rel > 1 and canonical == "nDCG"):
        raise UserError(f"measure {name!r} has an impossible relevance level", hint="write rel=2")
    return Measure(canonical, None if cutoff_text is None else int(cutoff_text), rel)


def _folded(name: str) -> str:
    return re.sub("[_-]", "", name.casefold()).removesuffix("cut")


def _of_ir_measures(name: str) -> Measure:
    """Return a measure that is passed on to ir-measures as it is written."""
    text = name.strip()
    if found := _INTERPOLATED.fullmatch(text):
        text = f"IPrec@{float(found['recall']):g}"
    text = _TREC_EVAL.get(text.casefold(), text)
    if not text or not text[0].isalpha():
        raise _unknown(name)
    import ir_measures  # 0.05 s that the usual names do not pay

    try:
        peer = ir_measures.parse_measure(text)
        computed = _computes(peer)
    except Exception as error:  # its parser raises what its grammar and asserts happen to raise
        raise _unknown(name) from error
    if not computed:
        raise UserError(
            f"nothing here computes the measure {name!r}",
            hint="ir-measures would need another package for it",
        )
    cutoff = peer.params.get("cutoff")
    return Measure(str(peer.NAME), cutoff if isinstance(cutoff, int) else None, 1, str(peer))


def _computes(peer: Any) -> bool:
    import ir_measures

    cutoff = peer.params.get("cutoff", 1)
    if isinstance(cutoff, int) and cutoff < 1:
        return False
    providers = ir_measures.DefaultPipeline.providers
    return any(one.is_available() and one.supports(peer) for one in providers)


def _unknown(name: str) -> UserError:
    """Say what a name may have been meant to be, with its cutoff; far ones are not guessed."""
    base, at, cutoff = name.strip().partition("@")
    known = {each.casefold(): each for each in (*_MEASURES, "MRR", "MAP", "Recall", "Judged")}
    close = difflib.get_close_matches(base.casefold(), sorted(known), n=1, cutoff=0.6)
    hint = "measures are named as in nDCG@10, RR@10, R@100, AP, P@5, Success@1"
    if close:
        suffix = at and f"@{cutoff if cutoff.isdecimal() and int(cutoff) else 10}"
        hint = f"did you mean {known[close[0]] + suffix!r}?"
    return UserError(f"unknown measure {name!r}", hint=hint)


def canonical_metric(name: str) -> str:
    """Return the one spelling of a measure: ``MRR@10`` is ``RR@10``, ``map`` is ``AP``.

    Raises:
        UserError: if the name is no measure; the nearest one is in the hint.
    """
    return str(parse_measure(name))


def metric_range(name: str) -> tuple[float, float]:
    """Return the least and the greatest value a measure can take; unbounded for unknown names."""
    try:
        measure = parse_measure(name)
    except UserError:
        return -math.inf, math.inf
    return (0.0, 1.0) if not measure.peer else (0.0, math.inf)


_OF_BM25 = "BM25 "


def bm25_figure(figure: str) -> str:
    """Name the value that BM25 has where a model has ``figure``: ``embed/BM25 nDCG@10``."""
    owner, slash, name = figure.rpartition("/")
    return f"{owner}{slash}{_OF_BM25}{name}"


def is_bm25_figure(figure: str) -> bool:
    """Tell whether a figure is BM25's, which no training moves."""
    return figure.rpartition("/")[2].startswith(_OF_BM25)
