"""Cards for notebooks: HTML that stands alone, without a script, and cannot leave its cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gonogo.report.cells.formats import one_line

# The page's own inks; a notebook's dark theme tells itself by the classes that it sets.
_LIGHT = (
    "--page:#f6f7f9;--card:#fff;--ink:#1b1f24;--muted:#5b6470;--grid:#dfe3e8;--accent:#0b5cad;"
    "--faint:#9aa5b1;--wash:#f0f3f6;--arm-0:#0072b2;--arm-1:#d55e00;--arm-2:#009e73;"
    "--arm-3:#b3558f;--arm-4:#c98a00;--arm-5:#56b4e9;--reference-0:#8d96a0;--reference-1:#b9c0c8;"
    "--pass:#0b6e4f;--marginal:#8a5a00;--fail:#b3261e;--incomplete:#4c5663;"
)
_DARK = (
    "--page:#0f1216;--card:#171b21;--ink:#e8ebef;--muted:#a0a9b5;--grid:#313943;--accent:#74b4f2;"
    "--faint:#6b7683;--wash:#1f252d;--arm-0:#4aa8e0;--arm-1:#f0843c;--arm-2:#33c298;"
    "--arm-3:#e09ac4;--arm-4:#e5b04a;--arm-5:#8fd0f5;--reference-0:#8b95a1;--reference-1:#5f6974;"
    "--pass:#4fc79b;--marginal:#e5b04a;--fail:#ff8a7d;--incomplete:#a9b4c1;"
)
_DARK_THEMES = "[data-jp-theme-light=false],[data-vscode-theme-kind=vscode-dark],html[theme=dark]"
_STYLE = (
    f".gonogo-card{{{_LIGHT}--tone:var(--incomplete);color:var(--ink);background:var(--card);"
    "border:1px solid var(--grid);border-top:.35rem solid var(--tone);border-radius:.6rem;"
    "padding:1rem 1.2rem;max-width:46rem;font:14px/1.5 system-ui,sans-serif;text-align:left}"
    f":is({_DARK_THEMES}) .gonogo-card{{{_DARK}}}"
    ".gonogo-card.PASS{--tone:var(--pass)}.gonogo-card.MARGINAL,.gonogo-card.INCONCLUSIVE"
    "{--tone:var(--marginal)}.gonogo-card.FAIL,.gonogo-card.INVALID{--tone:var(--fail)}"
    ".gonogo-card .gg-word{font-size:1.9rem;line-height:1.2;font-weight:800;color:var(--tone);"
    "margin-right:.6rem}.gonogo-card .gg-support{border:1.5px solid var(--tone);font-weight:600;"
    "color:var(--tone);border-radius:99rem;padding:.1rem .7rem;display:inline-block}"
    ".gonogo-card p{margin:.5rem 0}.gonogo-card ul{margin:.2rem 0 .5rem;padding-left:1.2rem}"
    ".gonogo-card .gg-muted{color:var(--muted)}.gonogo-card svg{width:100%;height:auto;"
    "max-width:40rem;display:block}.gonogo-card figure{margin:.6rem 0}"
    ".gonogo-card table{border-collapse:collapse;margin:.6rem 0;color:inherit;"
    "font-variant-numeric:tabular-nums;display:block;overflow-x:auto}"
    ".gonogo-card caption{text-align:left;font-weight:600;padding:.2rem 0;color:inherit}"
    ".gonogo-card th,.gonogo-card td{padding:.25rem .7rem;text-align:left;background:none;"
    "border-bottom:1px solid var(--grid);color:inherit;white-space:nowrap}"
    ".gonogo-card .gg-number{text-align:right}.gonogo-card small{color:var(--muted)}"
    ".gonogo-card pre{background:var(--wash);color:inherit;padding:.6rem .8rem;overflow-x:auto;"
    "border-radius:.4rem;margin:.5rem 0}"
)


def words(text: str) -> str:
    """Return words from data as HTML: escaped, on one line, without control characters."""
    return escape(one_line(text))


def points(title: str, lines: Sequence[str]) -> str:
    """Return a titled list; nothing where it is empty."""
    if not lines:
        return ""
    items = "".join(f"<li>{words(line)}</li>" for line in lines)
    return f"<p><strong>{words(title)}</strong></p><ul>{items}</ul>"


def figure(svg: str, alt: str) -> str:
    """Return a figure with its words for those who cannot see it."""
    return f"<figure role='img' aria-label='{words(alt)}'>{svg}</figure>"


def preformatted(text: str) -> str:
    """Return lines of text as they stand."""
    lines = (one_line(line) if line.strip() else "" for line in text.split("\n"))
    return f"<pre>{escape(chr(10).join(_indented(text, lines)))}</pre>"


def _indented(text: str, lines: Iterable[str]) -> list[str]:
    """Give lines back the blanks that they began with."""
    starts = (len(line) - len(line.lstrip(" ")) for line in text.split("\n"))
    return [" " * start + line.lstrip(" ") for start, line in zip(starts, lines, strict=True)]


def card(parts: Iterable[str], tone: str = "") -> str:
    """Put parts, which are HTML, into one card; ``tone`` is a verdict's word."""
    inside = "".join(part for part in parts if part)
    return f"<style>{_STYLE}</style><div class='gonogo-card {words(tone)}'>{inside}</div>"
