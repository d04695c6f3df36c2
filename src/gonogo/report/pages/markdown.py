"""report.md: the report for a repository or an issue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.table_markdown import escape, markdown
from gonogo.report.cells.tables import Table
from gonogo.report.pages.contents import Contents
from gonogo.report.plots.style import Plot
from gonogo.report.words.cards import cards
from gonogo.report.words.gate_words import gate_words
from gonogo.report.words.judged import judged_meaning


def report_markdown(verdict: VerdictFile, contents: Contents, plots: Sequence[Plot]) -> str:
    """Write the whole report; figures are linked as ``figures/<name>.png``."""
    decision = verdict.decision
    by_family = {family: [p for p in plots if p.family == family] for family in _families(plots)}
    parts = [
        f"# {decision.verdict}: {escape(verdict.question or verdict.study)}",
        f"**{decision.verdict}**" + (f", {escape(decision.support)}" if decision.support else ""),
        escape(decision.sentence),
        _titled("Missing", decision.missing),
        _why(verdict),
        _figures(by_family, "forest", "seeds"),
        _titled("Next", decision.next_actions),
        _titled("Warnings", decision.warnings),
        _tables("Each data set", contents.effects),
        _tables("All rows", contents.comparison),
        _tables("Runs", contents.runs),
        _tables("Scores", (*contents.scores, *contents.more_scores)),
        _figures(by_family, "scores"),
        _tables("Significance", contents.significance),
        _tables("Single seeds and other intervals", contents.details),
        _tables("Gradient conflict", contents.conflicts),
        _figures(by_family, "conflict"),
        _tables("Exposure and compute", contents.costs),
        _figures(by_family, "loss", "looks"),
        _gate(verdict),
        _tables("What was changed", contents.changes),
        _again(verdict, contents),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _families(plots: Sequence[Plot]) -> set[str]:
    return {plot.family for plot in plots}


def _points(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _titled(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n{_points(lines)}" if lines else ""


def _why(verdict: VerdictFile) -> str:
    found = [
        f"{card.name}: {card.unit} {card.value} {card.verdict}; {'; '.join(card.lines)}"
        for card in cards(verdict)
    ]
    lines = [*found, *verdict.decision.reasons]
    if not lines:
        return ""
    meaning = f"{escape(judged_meaning(verdict))}\n\n" if verdict.effects else ""
    return f"## Why\n\n{meaning}{_points(lines)}"


def _tables(title: str, tables: Sequence[Table]) -> str:
    if not tables:
        return ""
    return f"## {title}\n\n" + "\n".join(markdown(table) for table in tables)


def _figures(plots: dict[str, list[Plot]], *families: str) -> str:
    shown = [plot for family in families for plot in plots.get(family, [])]
    return "\n\n".join(f"![{escape(plot.alt)}](figures/{plot.name}.png)" for plot in shown)


def _gate(verdict: VerdictFile) -> str:
    gate = verdict.gate
    when = f"frozen {gate.frozen_at}" if gate.frozen_at else "not frozen by a run"
    words = [*gate_words(gate.spec), f"Fingerprint {gate.fingerprint}, {when}."]
    return f"## The frozen gate\n\n{_points(words)}"


def _again(verdict: VerdictFile, contents: Contents) -> str:
    lines = ["## Make it again", ""]
    if verdict.command:
        lines += [*(f"    {line}" for line in verdict.command.splitlines()), ""]
    lines += [markdown(table) for table in contents.environment]
    lines.append(f"Written by gonogo {escape(verdict.gonogo)}, {escape(verdict.created)}.")
    return "\n".join(lines)
