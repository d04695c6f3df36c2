"""The page in headless Chromium: it opens, fetches nothing, sorts, and fits a phone."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from gonogo.report.pages.writing import write_report

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


def dump(page, tmp_path, *options):
    """The page's DOM after its scripts ran, with every host mapped away, and Chromium's log."""
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--disable-background-networking",
            "--disable-sync",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            *options,
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def with_probe(page, script):
    """A copy of the page with a test's script, let in by dropping the security policy."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    probe = page.with_name("probe.html")
    probe.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    return probe


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture
def page(folder, variant):
    target = folder / "report.html"
    return target if target.exists() else write_report(variant("one_seed"), folder)["report.html"]


def test_the_page_opens_without_a_complaint(page, tmp_path):
    dom, console = dump(page, tmp_path)
    assert "<strong>PASS</strong>" in dom
    assert console == []
    assert dom.count("<thead><tr") == dom.count("<table")
    assert "<button" in dom  # its own script may run


def test_a_foreign_script_does_not_run(page, tmp_path):
    foreign = page.with_name("foreign.html")
    inject = "<script>document.title='taken'</script><img src='https://example.org/x.png'></body>"
    foreign.write_text(page.read_text().replace("</body>", inject))
    dom, console = dump(foreign, tmp_path)
    assert "<title>taken" not in dom
    assert len(console) == 2
    assert all("Content Security Policy" in line for line in console)


def test_tables_sort_by_value_and_keep_the_mean_on_top(page, tmp_path):
    click = (
        "const t=document.querySelector('table.sortable');"
        "const b=t.tHead.rows[0].cells[1].querySelector('button');b.click();b.click();"
        "document.title=[...t.tBodies[0].rows].map(r=>r.cells[1].dataset.value||'').join('|')"
    )
    dom, _ = dump(with_probe(page, click), tmp_path)
    values = [float(v) for v in re.search(r"<title>([^<]*)", dom)[1].split("|")]
    assert len(values) > 3
    assert values[1:] == sorted(values[1:])
    assert values[1:] != sorted(values[1:], reverse=True)
    assert 'aria-sort="ascending"' in dom


@pytest.mark.parametrize("name", ["one_seed", "nasty"])
def test_nothing_is_wider_than_a_phone(name, variant, tmp_path):
    page = write_report(variant(name), tmp_path / "out")["report.html"]
    frame = page.with_name("frame.html")
    frame.write_text(
        "<!doctype html><title>no</title>"
        "<iframe id=f width=390 height=800 src=report.html></iframe>"
        "<script>f.onload=()=>document.title=f.contentDocument.documentElement.scrollWidth</script>"
    )
    dom, _ = dump(frame, tmp_path, "--allow-file-access-from-files", "--hide-scrollbars")
    assert re.search(r"<title>(\w+)</title>", dom)[1] == "390"


def test_words_from_data_never_run(variant, tmp_path):
    page = write_report(variant("nasty"), tmp_path / "out")["report.html"]
    probe = with_probe(page, "document.title=document.querySelectorAll('script').length")
    dom, _ = dump(probe, tmp_path)
    assert "<title>2</title>" in dom  # the sorter and the probe


FIRST = "['.answer', '.word strong', '.plot svg', '.act']"


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_first_screen_says_what_is_known_and_what_to_do(width, height, variant, tmp_path):
    verdict = variant("one_seed")
    answer = "No: training together lost nothing that these data can show."
    decision = verdict.decision.model_copy(update={"answer": answer})
    verdict = verdict.model_copy(update={"decision": decision})
    write_report(verdict, tmp_path / "out")
    frame = tmp_path / "out" / "frame.html"
    frame.write_text(
        "<!doctype html><title>no</title>"
        f"<iframe id=f width={width} height={height} style='border:0' src=report.html></iframe>"
        "<script>f.onload=()=>{const d=f.contentDocument;document.title="
        f"{FIRST}.map(s=>Math.round(d.querySelector(s).getBoundingClientRect().bottom))"
        ".join(' ')}</script>"
    )
    dom, _ = dump(frame, tmp_path, "--allow-file-access-from-files", "--hide-scrollbars")
    bottoms = [int(one) for one in re.search(r"<title>([-\d ]+)</title>", dom)[1].split()]
    assert len(bottoms) == 4
    assert all(0 < bottom <= height for bottom in bottoms), bottoms
