"""The verdict on a terminal: coloured there, plain lines elsewhere, the bare word in both."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gonogo.analysis.records.verdict import Decision, VerdictFile
from gonogo.report.cells.formats import one_line
from gonogo.report.words.cards import cards
from gonogo.report.words.tones import Tone, tone

if TYPE_CHECKING:
    from rich.console import Console, Group

_COLOURS: dict[Tone, str] = {"settled": "blue", "open": "yellow", "mend": "red"}


def _parts(verdict: VerdictFile) -> list[tuple[str, Sequence[str]]]:
    """Collect the titled lists under the verdict, empty ones left out."""
    decision = verdict.decision
    changes = [f"{one.key}: was {one.frozen}, now {one.now}" for one in verdict.gate.changes]
    parts: list[tuple[str, Sequence[str]]] = [
        ("Missing", decision.missing),
        ("Why", decision.reasons),
        ("Gate changed after training had started", changes),
        ("Warnings", decision.warnings),
        (f"About the {one_line(verdict.tier)} tier", [verdict.note] if verdict.note else []),
        ("Next", decision.next_actions),
    ]
    return [(title, lines) for title, lines in parts if lines]


def _effect_lines(verdict: VerdictFile) -> list[str]:
    return [
        one_line(f"{card.name}: {card.unit} {card.value}, {card.lines[0]}").strip()
        for card in (() if verdict.decision.reasons else cards(verdict))
    ]


def _more(decision: Decision) -> list[str]:
    """Return the lines that stand right under the sentence."""
    opposite = [f"{decision.opposite}."] if decision.opposite else []
    return opposite + ([f"What would decide: {decision.needs}."] if decision.needs else [])


def verdict_lines(verdict: VerdictFile, width: int = 88) -> list[str]:
    """Return the verdict as plain lines: word and support, the sentence, effects, lists.

    Words from data cannot move the cursor: control characters are dropped.
    """
    decision = verdict.decision
    lines = [f"{decision.word}  {one_line(decision.support)}".strip()]
    lines += _wrap(decision.answer, width, "") if decision.answer else []
    lines += _wrap(decision.sentence, width, "")
    lines += [line for one in _more(decision) for line in _wrap(one, width, "")]
    effects = _effect_lines(verdict)
    lines += ["", *(line for one in effects for line in _wrap(one, width, "  "))] if effects else []
    for title, points in _parts(verdict):
        lines += ["", title]
        lines += [line for point in points for line in _wrap(f"- {point}", width, "  ")]
    return lines


def _wrap(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  " * bool(indent),
        break_on_hyphens=False,
    )


def verdict_group(verdict: VerdictFile) -> Group:
    """Return the verdict for a rich console; nothing in it is read as rich's markup."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    decision = verdict.decision
    colour = _COLOURS[tone(decision.verdict, supported=decision.supported)]
    head = Text.assemble(
        (decision.word, f"bold {colour}"), "  ", (one_line(decision.support), colour)
    )
    answer = [Text(one_line(decision.answer), style="bold")] if decision.answer else []
    blocks: list[Text | Padding] = [head, *answer, Text(one_line(decision.sentence))]
    blocks += [Text(one_line(line)) for line in _more(decision)]
    blocks += [Padding(Text(line), (0, 0, 0, 2)) for line in _effect_lines(verdict)]
    for title, points in _parts(verdict):
        blocks += [Text(), Text(title, style="bold")]
        blocks += [Padding(Text(f"- {one_line(point)}"), (0, 0, 0, 2)) for point in points]
    return Group(*blocks)


def print_verdict(verdict: VerdictFile, console: Console) -> None:
    """Print the verdict: in colour on a terminal, as plain lines into a file or a pipe."""
    if console.is_terminal:
        console.print(verdict_group(verdict))
        return
    for line in verdict_lines(verdict):
        console.file.write(line + "\n")
