"""report.md: the report for a repository or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.table_markdown import escape, markdown
from gonogo.report.cells.tables import Table
from gonogo.report.pages.contents import Contents
from gonogo.report.pages.sections import SECTIONS
from gonogo.report.plots.style import Plot
from gonogo.report.words.cards import cards
from gonogo.report.words.gate_words import gate_words
from gonogo.report.words.judged import judged_meaning


def report_markdown(verdict: VerdictFile, contents: Contents, plots: Sequence[Plot]) -> str:
    """Write the whole report; figures are linked as ``figures/<name>.png``."""
    decision = verdict.decision
    by_family = {family: [p for p in plots if p.family == family] for family in _families(plots)}
    bodies = {
        "why": [_why(verdict), _figures(by_family, "forest", "seeds")],
        "next": [_points(decision.next_actions), _warnings(decision.warnings)],
        "effects": [_tables(contents.effects), _tables(contents.details)],
        "checks": [_tables(contents.checks)],
        "comparison": [_tables(contents.comparison)],
        "runs": [_tables(contents.runs)],
        "scores": [_tables(contents.scores + contents.more_scores), _figures(by_family, "scores")],
        "significance": [_tables(contents.significance)],
        "conflict": [_tables(contents.conflicts), _figures(by_family, "conflict")],
        "routing": [_tables(contents.routing), _figures(by_family, "routing")],
        "training": [_tables(contents.costs), _figures(by_family, "loss", "looks")],
        "gate": [_gate(verdict), _tables(contents.changes)],
        "again": [_again(verdict, contents)],
    }
    parts = [*_head(verdict)]
    for anchor, title in SECTIONS.items():
        filled = [body for body in bodies[anchor] if body]
        parts += [f"## {title}", *filled] if filled else []
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _head(verdict: VerdictFile) -> list[str]:
    decision = verdict.decision
    support = f", {escape(decision.support)}" if decision.support else ""
    return [
        f"# {decision.word}: {escape(verdict.question or verdict.study)}",
        f"**{escape(decision.answer)}**" if decision.answer else "",
        f"**{decision.word}**{support}",
        escape(decision.sentence),
        f"{escape(decision.opposite)}." if decision.opposite else "",
        f"What would decide: {escape(decision.needs)}." if decision.needs else "",
        f"About the {escape(verdict.tier)} tier: {escape(verdict.note)}" if verdict.note else "",
        f"Missing:\n\n{_points(decision.missing)}" if decision.missing else "",
    ]


def _families(plots: Sequence[Plot]) -> set[str]:
    return {plot.family for plot in plots}


def _points(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _warnings(lines: Sequence[str]) -> str:
    return f"Warnings:\n\n{_points(lines)}" if lines else ""


def _why(verdict: VerdictFile) -> str:
    found = [
        f"{card.name}: {card.unit} {card.value} {card.verdict}; {'; '.join(card.lines)}"
        for card in cards(verdict)
    ]
    lines = [*found, *verdict.decision.reasons]
    if not lines:
        return ""
    meaning = f"{escape(judged_meaning(verdict))}\n\n" if verdict.effects else ""
    return f"{meaning}{_points(lines)}"


def _tables(tables: Sequence[Table]) -> str:
    return "\n".join(markdown(table) for table in tables)


def _figures(plots: dict[str, list[Plot]], *families: str) -> str:
    shown = [plot for family in families for plot in plots.get(family, [])]
    return "\n\n".join(f"![{escape(plot.alt)}](figures/{plot.name}.png)" for plot in shown)


def _gate(verdict: VerdictFile) -> str:
    gate = verdict.gate
    when = f"frozen {gate.frozen_at}" if gate.frozen_at else "not frozen by a run"
    words = [*gate_words(gate.spec), f"Fingerprint {gate.fingerprint}, {when}."]
    return _points(words)


def _again(verdict: VerdictFile, contents: Contents) -> str:
    lines: list[str] = []
    if verdict.command:
        lines += [*(f"    {line}" for line in verdict.command.splitlines()), ""]
    lines += [markdown(table) for table in contents.environment]
    lines.append(f"Written by gonogo {escape(verdict.gonogo)}, {escape(verdict.created)}.")
    return "\n".join(lines)
