"""Everything that a report is, written into one folder from the verdict alone."""

from __future__ import annotations

import re
from pathlib import Path

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.core.files import write_bytes
from gonogo.report.cells.table_csv import csv_table
from gonogo.report.cells.table_latex import latex
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.pages.contents import Contents, contents
from gonogo.report.pages.figures import Format, figures, render
from gonogo.report.pages.markdown import report_markdown
from gonogo.report.pages.page import Page, Picture, render_page
from gonogo.report.pages.summary import summary_csv, summary_text
from gonogo.report.pages.svg import inline_svg
from gonogo.report.plots.style import Plot

_LINK = re.compile(r'href="((?:tables|figures)/[\w.+=-]+\.(?:md|tex|csv|png|pdf|svg))"')


def write_report(verdict: VerdictFile, folder: Path) -> dict[str, Path]:
    """Write tables, figures, summaries, report.md and report.html.

    Each file is written whole or not at all, the page last, so that it never links to a file that
    is not there. Equal verdicts give equal bytes. Tables and figures of the page that was there
    before go, where the new one has none of their name; other files are left alone.

    Returns:
        Path relative to ``folder``, such as ``report.html`` or ``tables/seeds.csv``, -> the file.
    """
    before = _tables_and_figures(folder / "report.html")
    written: dict[str, Path] = {}
    for name, data in report_files(verdict).items():
        written[name] = folder / name
        write_bytes(folder / name, data)
    for name in before - written.keys():
        (folder / name).unlink(missing_ok=True)
    return written


def _tables_and_figures(page: Path) -> set[str]:
    """Return what an earlier page links to; a user's own files beside its tables are not there."""
    return set(_LINK.findall(page.read_text(encoding="utf-8"))) if page.exists() else set()


def report_files(verdict: VerdictFile) -> dict[str, bytes]:
    """Make all files of a report in memory."""
    tables = contents(verdict)
    plots = list(figures(verdict))
    drawn = {plot.name: render(plot) for plot in plots}
    files = {name: text.encode() for name, text in _table_files(tables).items()}
    for name, formats in drawn.items():
        files |= {f"figures/{name}.{kind}": formats[kind] for kind in ("png", "pdf")}
    page = Page(verdict, tables, tuple(_picture(plot, drawn[plot.name]) for plot in plots))
    texts = {
        "summary.csv": summary_csv(verdict),
        "summary.txt": summary_text(verdict, tables),
        "report.md": report_markdown(verdict, tables, plots),
        "report.html": render_page(page),
    }
    return files | {name: text.encode() for name, text in texts.items()}


def _table_files(tables: Contents) -> dict[str, str]:
    writers = {"md": markdown, "tex": latex, "csv": csv_table}
    return {
        f"tables/{table.name}.{ending}": write(table)
        for table in tables
        for ending, write in writers.items()
    }


def _picture(plot: Plot, formats: dict[Format, bytes]) -> Picture:
    from markupsafe import Markup

    markup = inline_svg(formats["svg"], plot.name)
    # matplotlib escapes the words in its SVG
    svg = Markup(markup)  # noqa: S704
    return Picture(plot.name, plot.title, plot.alt, plot.family, svg)
