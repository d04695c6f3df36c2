"""Tests of candidate against reference, with corrections for their number."""

from __future__ import annotations

from gonogo.analysis.records.effects import Effect, PairTest
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text
from gonogo.report.words.judged import effect_name, parts_of, slug, whole_name

_COLUMNS = (
    "permutation",
    "Holm",
    "Bonferroni",
    "bootstrap",
    "t test",
    "Wilcoxon",
    "Cohen's d",
    "wins",
    "ties",
    "losses",
    "ASO",
)


_CAPTION = (
    "permutation: p of the two-sided paired permutation test over queries, stratified by data set, "
    "seeds averaged; Holm and Bonferroni: the same, corrected for the number of comparisons. "
    "bootstrap: p of the two-sided paired bootstrap test over queries (shift method), which asks "
    "about other queries of the same kind; p of paired t and Wilcoxon tests for reference. "
    "Wins, ties, losses: queries on which the candidate is better, equal, worse. ASO: violation "
    "ratio of almost stochastic order over seeds; the candidate is better below 0.2."
)


def significance_tables(verdict: VerdictFile) -> list[Table]:
    """Make a table an effect: all data sets together, then each; the first explains the columns."""
    return [
        _table(verdict, effect, _CAPTION if place == 0 else "")
        for place, effect in enumerate(verdict.effects)
    ]


def _table(verdict: VerdictFile, effect: Effect, caption: str) -> Table:
    found = [(one.dataset, one.test) for one in parts_of(verdict, effect)]
    whole = whole_name(effect)
    noted = any(test.note for _, test in [(whole, effect.test), *found])
    names = ("data set", *_COLUMNS, *(("note",) if noted else ()))
    return Table(
        name=slug("significance", effect_name(verdict, effect)),
        title=f"{effect.task}: {effect.candidate} against {effect.reference}",
        columns=tuple(Column(name) for name in names),
        rows=tuple(
            Row((Text(name), *_cells(test), *((Text(test.note),) if noted else ())), summary=first)
            for first, name, test in [(True, whole, effect.test), *((False, *one) for one in found)]
        ),
        caption=caption,
    )


def _cells(test: PairTest) -> tuple[Cell, ...]:
    return (
        Number(test.p_permutation, "p"),
        Number(test.p_holm, "p"),
        Number(test.p_bonferroni, "p"),
        Number(test.p_bootstrap, "p"),
        Number(test.p_t, "p"),
        Number(test.p_wilcoxon, "p"),
        Number(test.effect_size, "effect"),
        Number(test.wins, "count"),
        Number(test.ties, "count"),
        Number(test.losses, "count"),
        Number(test.aso, "violation"),
    )
