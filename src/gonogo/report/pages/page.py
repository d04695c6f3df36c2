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
from gonogo.report.cells.tables import Cell, Text
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
            "why": self.cards or decision.reasons or figures["forest"],
            "next": decision.next_actions or decision.warnings,
            "effects": contents.effects or contents.details,
            "checks": contents.checks,
            "comparison": contents.comparison,
            "runs": contents.runs,
            "scores": contents.scores,
            "significance": contents.significance,
            "conflict": contents.conflicts,
            "routing": contents.routing,
            "training": self._trained,
            "gate": True,
            "again": True,
        }
        return [(anchor, title) for anchor, title in SECTIONS.items() if shown[anchor]]

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
    environment.filters.update(minus=minus, cell_main=_cell_main, sort_value=_sort_value)
    environment.tests["words"] = lambda cell: isinstance(cell, Text)
    return environment


def _clean(value: object) -> object:
    """Drop control characters, which HTML forbids, from plain text; markup passes as it is."""
    if type(value) is not str:
        return value
    return "\n".join(one_line(line) if line.strip() else "" for line in value.split("\n"))


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
