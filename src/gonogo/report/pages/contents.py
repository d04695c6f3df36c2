"""Which tables a verdict has, the most interesting first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.tables import Table
from gonogo.report.tables.check_tables import guardrail_table, learning_table
from gonogo.report.tables.comparison import comparison_tables
from gonogo.report.tables.cost_tables import (
    conflict_table,
    environment_table,
    exposure_table,
    format_table,
)
from gonogo.report.tables.effect_tables import (
    effect_table,
    interval_table,
    measurement_table,
    seed_table,
)
from gonogo.report.tables.judgement_tables import (
    judged_run_table,
    model_judged_table,
    unjudged_table,
)
from gonogo.report.tables.matching_tables import matching_table
from gonogo.report.tables.overview import overview_tables
from gonogo.report.tables.routing_tables import routing_table
from gonogo.report.tables.run_tables import run_tables
from gonogo.report.tables.score_tables import metrics_of, score_table, tasks_of
from gonogo.report.tables.significance_tables import significance_tables
from gonogo.report.words.gate_words import change_table
from gonogo.report.words.judged import unique


@dataclass(frozen=True)
class Contents:
    """All tables, by the part of the report that they belong to; empty ones are left out."""

    effects: tuple[Table, ...]
    checks: tuple[Table, ...]
    """What was learned, what may not fall, and how far rankings met their judgements."""
    comparison: tuple[Table, ...]
    """All rows, references among them, in one table a task."""
    runs: tuple[Table, ...]
    """Each row of the study's summary, and each of its seeds."""
    scores: tuple[Table, ...]
    """The gate's metric on every task."""
    more_scores: tuple[Table, ...]
    """All configurations by all metrics and data sets, and all other metrics."""
    significance: tuple[Table, ...]
    conflicts: tuple[Table, ...]
    routing: tuple[Table, ...]
    costs: tuple[Table, ...]
    details: tuple[Table, ...]
    """Single seeds, and intervals by other methods."""
    changes: tuple[Table, ...]
    environment: tuple[Table, ...]

    def __iter__(self) -> Iterator[Table]:
        """All tables in reading order."""
        yield from (
            *self.effects,
            *self.checks,
            *self.comparison,
            *self.runs,
            *self.scores,
            *self.more_scores,
        )
        yield from self.significance
        yield from (*self.details, *self.conflicts, *self.routing, *self.costs)
        yield from (*self.changes, *self.environment)


def contents(verdict: VerdictFile) -> Contents:
    """Make all tables of a verdict, each with a name of its own."""
    taken: dict[str, object] = {}

    def named(*tables: Table) -> tuple[Table, ...]:
        kept = []
        for table in tables:
            if table.rows:
                table = replace(table, name=unique(table.name, taken))
                taken[table.name] = table
                kept.append(table)
        return tuple(kept)

    metrics = {task: metrics_of(verdict, task) for task in tasks_of(verdict)}
    return Contents(
        effects=named(
            *(effect_table(verdict, effect) for effect in verdict.effects),
            matching_table(verdict),
            measurement_table(verdict.measurements),
        ),
        checks=named(
            learning_table(verdict),
            guardrail_table(verdict.guardrails),
            model_judged_table(verdict.evidence.model_judged),
            unjudged_table(verdict.evidence.unjudged),
            judged_run_table(verdict.evidence.judged_runs),
            format_table(verdict.evidence.formats),
        ),
        comparison=named(*comparison_tables(verdict)),
        runs=named(*run_tables(verdict.runs)),
        scores=named(*(score_table(verdict, task, found[0]) for task, found in metrics.items())),
        more_scores=named(
            *overview_tables(verdict),
            *(score_table(verdict, t, one) for t, found in metrics.items() for one in found[1:]),
        ),
        significance=named(*significance_tables(verdict)),
        conflicts=named(conflict_table(verdict.evidence.conflicts)),
        routing=named(routing_table(verdict.evidence.routing)),
        costs=named(exposure_table(verdict.evidence.trials)),
        details=named(seed_table(verdict), interval_table(verdict)),
        changes=named(change_table(verdict.gate)),
        environment=named(environment_table(verdict.evidence)),
    )
