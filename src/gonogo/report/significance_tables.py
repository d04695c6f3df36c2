"""Tests of candidate against reference, with corrections for their number."""

from __future__ import annotations

from gonogo.analysis.verdict import PairTest, VerdictFile
from gonogo.report.effect_tables import ALL
from gonogo.report.judged import largest_first
from gonogo.report.tables import Cell, Column, Number, Row, Table, Text

_COLUMNS = (
    "p",
    "p Holm",
    "p Bonferroni",
    "p t",
    "p Wilcoxon",
    "Cohen's d",
    "wins",
    "ties",
    "losses",
    "ASO",
)


def significance_table(verdict: VerdictFile) -> Table:
    """All tests: each effect on all data sets together, then on each."""
    rows = []
    for effect in verdict.effects:
        name = f"{effect.candidate} against {effect.reference}"
        rows.append(
            Row((Text(effect.task), Text(name), Text(ALL), *_cells(effect.test)), summary=True)
        )
        rows += [
            Row((Text(effect.task), Text(name), Text(one.dataset), *_cells(one.test)))
            for one in largest_first(verdict, effect)
        ]
    return Table(
        name="significance",
        title="Significance",
        columns=tuple(
            Column(name) for name in ("task", "comparison", "data set", *_COLUMNS, "note")
        ),
        rows=tuple(rows),
        caption="p: two-sided paired permutation test over queries, stratified by data set, seeds "
        "averaged; Holm and Bonferroni correct it for the number of comparisons; t and Wilcoxon "
        "for reference. Wins, ties, losses: queries on which the candidate is better, equal, "
        "worse. ASO: violation ratio of almost stochastic order over seeds; the candidate is "
        "better below 0.2.",
    )


def _cells(test: PairTest) -> tuple[Cell, ...]:
    return (
        Number(test.p_permutation, "p"),
        Number(test.p_holm, "p"),
        Number(test.p_bonferroni, "p"),
        Number(test.p_t, "p"),
        Number(test.p_wilcoxon, "p"),
        Number(test.effect_size, "effect"),
        Number(test.wins, "count"),
        Number(test.ties, "count"),
        Number(test.losses, "count"),
        Number(test.aso, "violation"),
        Text(test.note),
    )
