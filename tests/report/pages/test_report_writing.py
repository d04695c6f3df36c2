from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from gonogo.analysis.records.verdict import read_verdict, write_verdict
from gonogo.core.files import read_json
from gonogo.report.cells import formats
from gonogo.report.pages.console import print_verdict, verdict_lines
from gonogo.report.pages.contents import contents
from gonogo.report.pages.markdown import report_markdown
from gonogo.report.pages.page import Page, minus, relative_link, render_page
from gonogo.report.pages.summary import summary_csv, summary_text
from gonogo.report.pages.writing import report_files, write_report


def html(verdict):
    """The page without its figures, which are tested on their own and take time to draw."""
    return render_page(Page(verdict, contents(verdict), ()))


class Reader(HTMLParser):
    """Collects tags, attributes, and the words of table bodies."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.cells, self._open = [], [], [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag in ("td", "tr"):
            self._open = tag == "td"
            self.cells.append("")

    def handle_endtag(self, tag):
        if tag == "td":
            self._open = False

    def handle_data(self, data):
        if self._open:
            self.cells[-1] += data


def read(text):
    reader = Reader()
    reader.feed(text)
    return reader


def test_the_page_opens_with_the_verdict_and_its_support(any_verdict):
    reader_text = re.sub(r"<style>.*?</style>", "", html(any_verdict), flags=re.DOTALL)
    decision = any_verdict.decision
    main = reader_text.index("<main>")
    assert reader_text.index(f"<strong>{decision.verdict}</strong>") < reader_text.index(
        'id="gate"'
    )
    assert reader_text.index(f"<strong>{decision.verdict}</strong>") - main < 200


def test_the_page_fetches_nothing_and_runs_only_its_own_script(any_verdict):
    text = html(any_verdict)
    reader = read(text)
    assert reader.tags.count("script") == 1
    for _, name, value in reader.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "xlink:href", "action", "data"):
            assert re.fullmatch(r"#[\w-]+|(?!/)[\w./%+=@~-]+", value), value
    assert "default-src 'none'" in text
    assert "url(" not in text


def test_words_from_data_are_escaped(variant):
    text = html(variant("nasty"))
    assert "<script>alert" not in text
    assert "<b>bold" not in text
    assert "&lt;script&gt;alert" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_links_stay_beside_the_page():
    assert relative_link("javascript:alert(1)") == "javascript%3Aalert%281%29"
    assert relative_link("//host/x") == relative_link("/etc/passwd") == relative_link("a\\b") == ""
    assert relative_link("tables/a b.csv") == "tables/a%20b.csv"


def test_minus_signs_only_before_numbers():
    assert minus("-0.01 to -2 %, all-MiniLM-6, 2025-01-31, rank-8") == (
        "−0.01 to −2 %, all-MiniLM-6, 2025-01-31, rank-8"
    )


def numbers_and_words(value):
    """All numbers of a JSON value, and all its words in one text."""
    if isinstance(value, dict):
        parts = [numbers_and_words(part) for part in (*value.keys(), *value.values())]
    elif isinstance(value, list):
        parts = [numbers_and_words(part) for part in value]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return [value], ""
    else:
        return [], str(value)
    return [n for found, _ in parts for n in found], " ".join(words for _, words in parts)


TOKEN = re.compile(r"\d[\d,.]*\d|\d")


@pytest.mark.parametrize("name", ["passed", "one_seed", "improvement", "bands", "changed"])
def test_every_number_in_a_table_stands_in_the_verdict(variant, name, tmp_path):
    verdict = variant(name)
    write_verdict(tmp_path / "verdict.json", verdict)
    found, words = numbers_and_words(read_json(tmp_path / "verdict.json"))
    known = set(TOKEN.findall(words))
    units = list(formats._FORMS)
    for value in found:
        for unit in units:
            known |= set(TOKEN.findall(formats.number(value, unit)))
        known |= set(TOKEN.findall(formats.level(value)))
        known |= set(TOKEN.findall(formats.threshold(value, "percent")))
    shown = {token for cell in read(html(verdict)).cells for token in TOKEN.findall(cell)}
    assert len(shown) > 20
    assert shown - known <= {"0.001"}  # "p < 0.001"


def test_a_verdict_read_back_gives_the_same_page(verdict, tmp_path):
    write_verdict(tmp_path / "verdict.json", verdict)
    assert html(read_verdict(tmp_path / "verdict.json")) == html(verdict)


def test_markdown_and_summaries_of_every_variant(any_verdict):
    tables = contents(any_verdict)
    report = report_markdown(any_verdict, tables, [])
    assert report.startswith(f"# {any_verdict.decision.verdict}: ")
    body = "\n".join(line for line in report.splitlines() if not line.startswith("    "))
    assert "<script" not in body
    text = summary_text(any_verdict, tables)
    assert text.split()[0] == any_verdict.decision.verdict
    assert "\x1b" not in text


def test_summary_csv_has_one_row_per_arm_task_dataset_and_metric(verdict):
    rows = list(csv.DictReader(io.StringIO(summary_csv(verdict))))
    assert len(rows) == len(verdict.scores)
    first = verdict.scores[0]
    assert rows[0] == {
        "study": "interference",
        "tier": "full",
        "arm": "emb_only",
        "task": "embed",
        "dataset": "python-api/scipy",
        "metric": "nDCG@10",
        "mean": repr(first.mean),
        "std": "0.0041",
        "seeds": "3",
        "queries": "300",
        "off_task": "false",
        "reference": "false",
    }
    assert {row["dataset"] for row in rows if row["arm"] == "bm25"} >= {"(mean)"}


def test_what_is_missing_is_listed(variant):
    verdict = variant("incomplete")
    for text in (html(verdict), report_markdown(verdict, contents(verdict), [])):
        assert "rank_only, seed 456" in text.replace("\\", "")
    assert "  - rank_only, seed 456: not trained" in verdict_lines(verdict)


def test_what_a_tier_can_tell_stands_on_its_report(verdict):
    told = verdict.model_copy(update={"tier": "smoke", "note": "It tells <little>."})
    page = html(told)
    assert "About the smoke tier: It tells &lt;little&gt;." in page
    assert page.index("About the smoke tier") < page.index("<nav")  # within the verdict itself
    lines = verdict_lines(told)
    assert lines[lines.index("About the smoke tier") + 1] == "  - It tells <little>."
    assert not [line for line in verdict_lines(verdict) if line.startswith("About the")]
    assert "About the smoke tier: It tells" in report_markdown(told, contents(told), [])
    assert "About the" not in html(verdict)


def test_the_terminal_gets_colour_and_a_pipe_plain_lines(verdict):
    pipe, screen = io.StringIO(), io.StringIO()
    print_verdict(verdict, Console(file=pipe, width=60))
    print_verdict(
        verdict, Console(file=screen, force_terminal=True, width=100, color_system="standard")
    )
    assert pipe.getvalue().splitlines() == verdict_lines(verdict)
    assert pipe.getvalue().split()[:2] == ["PASS", "supported"]
    assert "\x1b[" not in pipe.getvalue()
    assert "\x1b[" in screen.getvalue()


def test_data_cannot_write_escapes_or_rich_markup(variant):
    from rich.console import Console as RichConsole

    verdict = variant("nasty")
    assert not any("\x1b" in line or "\u202e" in line for line in verdict_lines(verdict))
    bold = verdict.model_copy(
        update={"decision": verdict.decision.model_copy(update={"sentence": "[bold]x[/nothing]"})}
    )
    screen = io.StringIO()
    print_verdict(bold, RichConsole(file=screen, force_terminal=True, width=100, color_system=None))
    assert "[bold]x[/nothing]" in screen.getvalue()


def test_write_report_writes_each_file_whole_and_links_to_what_is_there(variant, tmp_path):
    written = write_report(variant("one_seed"), tmp_path)
    assert {"report.html", "report.md", "summary.csv", "summary.txt"} <= set(written)
    assert all(
        path == tmp_path / name and path.stat().st_size > 0 for name, path in written.items()
    )
    assert not list(tmp_path.rglob("*.tmp"))
    page = written["report.html"].read_text()
    assert len(page) < 3_000_000
    assert not re.search(r"https?:", page)
    own = re.compile(r"(tables|figures)/")
    links = [v for _, name, v in read(page).attributes if name == "href" and own.match(v)]
    assert links
    assert set(links) == {name for name in written if own.match(name)}
    shown = re.findall(r"\]\((figures/[^)]+)\)", written["report.md"].read_text())
    assert set(shown) == {name for name in written if name.endswith(".png")}


def test_tables_and_figures_of_an_earlier_report_go_and_other_files_stay(
    variant, tmp_path, monkeypatch
):
    monkeypatch.setattr("gonogo.report.pages.writing.render", lambda plot: _drawn(plot.name))
    first = write_report(variant("one_seed"), tmp_path)
    kept = tmp_path / "tables" / "by_hand.csv"
    kept.write_text("a,b")
    bare = variant("one_seed").model_copy(update={"effects": (), "scores": ()})
    second = write_report(bare, tmp_path)
    assert set(first) - set(second)
    files = {path for name in ("tables", "figures") for path in (tmp_path / name).iterdir()}
    assert files == {path for path in second.values() if path.parent != tmp_path} | {kept}


def _drawn(name):
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    return {"svg": svg, "png": name.encode(), "pdf": name.encode()}


def test_reports_are_deterministic(variant):
    verdict = variant("bands")
    small = verdict.model_copy(
        update={"evidence": verdict.evidence.model_copy(update={"conflicts": (), "curves": ()})}
    )
    assert report_files(small) == report_files(small)


@pytest.mark.slow
def test_every_variant_is_written(any_verdict, tmp_path):
    page = write_report(any_verdict, tmp_path)["report.html"]
    assert page.stat().st_size < 3_000_000
    assert "<script>alert" not in page.read_text()


def test_the_first_screen_repeats_nothing_and_breaks_no_figure(variant, tmp_path):
    verdict = variant("one_seed")
    decision = verdict.decision.model_copy(
        update={
            "support": "one seed: its interval is blind to seed noise",
            "sentence": f"{verdict.decision.word}, one seed: its interval is blind to seed noise: "
            "joint loses -4.90 % of 300 queries. By the point estimate alone: FAIL.",
            "needs": "about 3 seeds",
            "next_actions": ("gather more: about 3 seeds", "then decide again"),
            "warnings": ("one seed: every interval is blind", "arms differ in format", "a third"),
            "opposite": "opposite effects cancel",
        }
    )
    page = write_report(verdict.model_copy(update={"decision": decision}), tmp_path)["report.html"]
    text = page.read_text(encoding="utf-8")
    assert "Joint loses −4.90\u00a0% of 300\u00a0queries." in text
    for once in ("about 3\u00a0seeds", "arms differ in format", "then decide again", "a third"):
        assert text.count(once) == 1
    assert "every interval is blind" not in text  # the word's support says it
    word, opposite, plot = (text.index(one) for one in ("<strong>", "opposite effects", "<svg"))
    assert word < opposite < plot
