"""report.html: one self-contained page, made from the verdict alone."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import UNDEFINED, one_line
from gonogo.report.cells.tables import Cell, Table, Text
from gonogo.report.pages.contents import Contents
from gonogo.report.pages.sections import SECTIONS
from gonogo.report.words.cards import Card, cards
from gonogo.report.words.gate_words import gate_words
from gonogo.report.words.judged import judged_meaning
from gonogo.report.words.tones import tone

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

OWN_FILES = ("verdict.json", "summary.csv", "summary.txt", "report.md")
"""What lies beside the page, besides tables and figures."""
_FAMILIES = ("forest", "seeds", "scores", "conflict", "routing", "loss", "looks")
_UNIT = re.compile(r"(?<=\d) (?=(?:%|points?\b|seeds?\b|queries\b))")
_MINUS = re.compile(r"(?<![\w.)\]])-(?=\d)")


@dataclass(frozen=True)
class Picture:
    """A figure as the page shows it; ``svg`` is markup that was made here, not data."""

    name: str
    title: str
    alt: str
    family: str
    svg: Markup


@dataclass(frozen=True)
class Page:
    """What the template reads."""

    verdict: VerdictFile
    contents: Contents
    pictures: tuple[Picture, ...]

    @cached_property
    def figures(self) -> dict[str, list[Picture]]:
        """Pictures by family."""
        return {name: [one for one in self.pictures if one.family == name] for name in _FAMILIES}

    @cached_property
    def sections(self) -> list[tuple[str, str]]:
        """Anchor and title of each part that has something to show."""
        decision, contents, figures = self.verdict.decision, self.contents, self.figures
        shown = {
            "why": self.cards or self.reasons or self.other_forests,
            "next": decision.next_actions[1:] or self.warnings[1:],
            "effects": contents.effects or contents.details,
            "checks": contents.checks,
            "comparison": contents.comparison,
            "runs": contents.runs,
            "scores": self.scores or contents.more_scores or figures["scores"],
            "significance": contents.significance,
            "conflict": contents.conflicts,
            "routing": contents.routing,
            "training": self._trained,
            "gate": True,
            "again": True,
        }
        return [(anchor, title) for anchor, title in SECTIONS.items() if shown[anchor]]

    @property
    def created(self) -> str:
        """When the verdict was made, to the minute."""
        day, _, time = self.verdict.created.partition("T")
        return f"{day} {time[:5]} UTC" if time.endswith("+00:00") else self.verdict.created

    @property
    def headline_figure(self) -> Picture | None:
        """The forest plot of the first effect, for the first screen."""
        return next(iter(self.figures["forest"]), None)

    @property
    def other_forests(self) -> list[Picture]:
        """Forest plots of further effects."""
        return self.figures["forest"][1:]

    @property
    def claim(self) -> str:
        """The sentence without the word and its support, which stand above it."""
        decision = self.verdict.decision
        word, support = decision.word, decision.support
        for head in (f"{word}, {support}: ", f"{word} ({support}): "):
            if decision.sentence.startswith(head):
                claim = decision.sentence.removeprefix(head)
                return claim[:1].upper() + claim[1:]
        return decision.sentence

    @property
    def needs(self) -> str:
        """What would decide; empty where the next step says it."""
        needs, steps = self.verdict.decision.needs, self.verdict.decision.next_actions
        return "" if steps and needs in steps[0] else needs

    @property
    def warnings(self) -> list[str]:
        """What a reader must know and the word's own support does not say, the weightiest first."""
        decision = self.verdict.decision
        about, _, more = decision.support.partition(":")
        told = f"{about}:" if more else ""
        return [one for one in decision.warnings if not told or not one.startswith(told)]

    @property
    def reasons(self) -> list[str]:
        """The reasons that neither a card nor the sentence gives."""
        names = tuple(f"{effect.task}: TIR of" for effect in self.verdict.effects)
        return [
            one
            for one in self.verdict.decision.reasons
            if not one.startswith(("by the point estimate:", *names))
        ]

    @property
    def scores(self) -> tuple[Table, ...]:
        """Scores of the gate's measure, where no table of all rows shows the same numbers."""
        return () if self.contents.comparison else self.contents.scores

    @property
    def _trained(self) -> bool:
        return bool(self.contents.costs or self.figures["loss"] or self.figures["looks"])

    @cached_property
    def anchors(self) -> set[str]:
        """Anchors of the parts that are shown."""
        return {anchor for anchor, _ in self.sections}

    @property
    def titles(self) -> dict[str, str]:
        """Titles of all parts, by anchor."""
        return SECTIONS

    @property
    def tone(self) -> str:
        """The colour of the verdict."""
        decision = self.verdict.decision
        return tone(decision.verdict, supported=decision.supported)

    @cached_property
    def cards(self) -> list[Card]:
        """The judged figures at a glance."""
        return cards(self.verdict)

    @property
    def meaning(self) -> str:
        """One line that explains the judged figure."""
        return judged_meaning(self.verdict)

    @property
    def gate_words(self) -> list[str]:
        """The rule in sentences."""
        return gate_words(self.verdict.gate.spec)

    @property
    def extra(self) -> str:
        """Figures without a place of their own, as JSON."""
        extra = self.verdict.extra
        return json.dumps(extra, indent=1, ensure_ascii=False, default=str) if extra else ""

    @property
    def links(self) -> list[tuple[str, str]]:
        """Label and link of each file; an empty link where the path is not a relative one."""
        own = ((path, path) for path in OWN_FILES)
        files = {**self.verdict.evidence.files}
        files |= {label: path for label, path in own if path not in files.values()}
        return [(label, relative_link(path)) for label, path in files.items()]

    @property
    def style(self) -> Markup:
        """The style sheet."""
        return _template("style.css")

    @property
    def script(self) -> Markup:
        """The table sorter, the only script."""
        return _template("sort.js")

    @property
    def script_hash(self) -> str:
        """What lets this script run and no other (Content Security Policy, level 2)."""
        digest = hashlib.sha256(str(self.script).encode()).digest()
        return f"sha256-{base64.b64encode(digest).decode()}"


def relative_link(path: str) -> str:
    """Quote a relative path as a link; an empty string for anything that leads elsewhere.

    Example:
        >>> relative_link("tables/a b.csv"), relative_link("//host/x")
        ('tables/a%20b.csv', '')
    """
    return "" if path.startswith(("/", "\\")) or "\\" in path else quote(path, safe="/")


def render_page(page: Page) -> str:
    """Fill the template."""
    return _environment().get_template("report.html.j2").render(page=page)


def _template(name: str) -> Markup:
    from markupsafe import Markup

    text = files("gonogo.report").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own file


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gonogo", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters.update(minus=minus, said=said, cell_main=_cell_main, sort_value=_sort_value)
    environment.tests["words"] = lambda cell: isinstance(cell, Text)
    return environment


def _clean(value: object) -> object:
    """Drop control characters, which HTML forbids, from plain text; markup passes as it is."""
    if type(value) is not str:
        return value
    return "\n".join(one_line(line) if line.strip() else "" for line in value.split("\n"))


def said(text: str) -> str:
    """Write words for people: true minus signs, and no line break between a number and its unit."""
    return _UNIT.sub("\u00a0", minus(text))


def minus(text: str) -> str:
    """Write hyphens in front of numbers as minus signs."""
    return _MINUS.sub("−", text)


def _cell_main(cell: Cell) -> str:
    return cell.text if isinstance(cell, Text) else minus(cell.main)


def _sort_value(cell: Cell) -> str:
    """Say what the table sorter compares: full precision, empty for undefined."""
    if isinstance(cell, Text):
        return "" if cell.text == UNDEFINED else cell.text
    return "" if cell.value is None else repr(cell.value)
