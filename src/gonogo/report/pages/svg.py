"""A figure's SVG as part of a page: no links to outside, no clashing ids, the page's own inks."""

from __future__ import annotations

import re

from gonogo.report.plots.style import ACCENT, ARMS, FAINT, GRID, INK, MUTED, REFERENCES

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    ACCENT: "accent",
    FAINT: "faint",
    **{colour: f"arm-{place}" for place, colour in enumerate(ARMS)},
    **{colour: f"reference-{place}" for place, colour in enumerate(REFERENCES)},
}
_INKS = re.compile("|".join(_VARIABLES), re.IGNORECASE)
_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_ROOT = re.compile(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>")
_STYLE = re.compile(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", re.DOTALL)
_IDS = re.compile(r'\s+id="([^"]*)"')
_USED = re.compile(r'(url\(#|href="#)([^)"]+)')
_FONT = re.compile(r"'DejaVu Sans'(?:, sans-serif)?")
_WORDS = re.compile(r"(>[^<]*<)")


def inline_svg(svg: bytes, name: str) -> str:
    """Return ``svg`` as an ``<svg>`` element for an HTML page; ``name`` keeps its ids apart.

    It is decoration to a screen reader: the figure around it carries the words.
    """
    text = _PROLOG.sub("", svg.decode(), count=1)
    text = _STYLE.sub("", text)
    text = _ROOT.sub(r'<svg viewBox="\1" aria-hidden="true" focusable="false">', text, count=1)
    # Only markup holds ids, inks and fonts; words between tags are data and stay as they are.
    parts = _WORDS.split(text)
    used = {found[1] for part in parts[::2] for found in _USED.findall(part)}
    parts[::2] = [_page_markup(part, name, used) for part in parts[::2]]
    return "".join(parts).strip()


def _page_markup(markup: str, name: str, used: set[str]) -> str:
    markup = _IDS.sub(lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", markup)
    markup = _USED.sub(lambda m: f"{m[1]}{name}-{m[2]}", markup).replace("xlink:href", "href")
    markup = _INKS.sub(lambda m: f"var(--{_VARIABLES[m[0].lower()]})", markup)
    return _FONT.sub("inherit", markup)
