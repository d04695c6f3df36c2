"""Gates of mixtures as people read them."""

from __future__ import annotations

from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.routing import Routing
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.pages.contents import contents
from gonogo.report.pages.figures import figures, render
from gonogo.report.pages.markdown import report_markdown
from gonogo.report.pages.page import Page, render_page
from gonogo.report.plots.routing import routing_plots
from gonogo.report.tables.routing_tables import routing_table


def routing(task: str, gates: tuple[float, ...], dataset: str | None = None) -> Routing:
    trained = dataset is None
    return Routing(
        arm="moe<b>",
        seed=42,
        task=task,
        dataset=dataset,
        texts=None if trained else 64,
        experts=("embed", "rerank", "shared"),
        gates=gates,
        entropy=0.5,
        active=2.25,
        balance=None,
        blocks=(0, 1),
        block_gates=(gates, (None, *gates[1:])),
        steps=(1, 2, 3) if trained else (),
        step_gates=tuple((gate, None, gate) for gate in gates) if trained else (),
    )


MIXED = (
    routing("embed", (0.7, 0.001, 0.299)),
    routing("rerank", (0.2, 0.002, 0.798)),
    routing("embed", (0.6, 0.005, 0.395), "scifact"),
)


def test_a_line_a_task_and_data_set_and_experts_without_work_are_named() -> None:
    text = markdown(routing_table(MIXED))
    lines = [line for line in text.splitlines() if line.startswith("| moe")]
    assert len(lines) == 3
    assert "| training | 0.7000 | 0.0010 | 0.2990 | 0.5000 | 2.2500 |" in lines[0]
    assert "| scifact |" in lines[2]
    assert "Without work (mean gate below 0.01 everywhere): rerank (moe" in text
    busy = routing("rerank", (0.1, 0.5, 0.4))
    assert "Without work" not in markdown(routing_table((*MIXED, busy)))
    assert routing_table(()).rows == ()


def test_two_figures_an_arm_and_a_section_of_the_page(verdict: VerdictFile) -> None:
    evidence = verdict.evidence.model_copy(update={"routing": MIXED})
    mixed = verdict.model_copy(update={"evidence": evidence})
    plots = routing_plots(mixed)
    assert [plot.title for plot in plots] == [
        "moe<b>, seed 42: gates by block",
        "moe<b>, seed 42: gates over training",
    ]
    assert "embed on scifact: embed 0.6000" in plots[0].alt
    for plot in plots:
        svg = render(plot, ("svg",))["svg"].decode()
        assert "mean gate" in svg
        assert "rerank" in svg
    html = render_page(Page(mixed, contents(mixed), ()))
    assert 'id="routing"' in html
    assert "Routing between experts" in html
    assert "moe<b>" not in html
    assert "## Routing between experts" in report_markdown(
        mixed, contents(mixed), list(figures(mixed))
    )


def test_a_study_without_mixtures_says_nothing_of_routing(verdict: VerdictFile) -> None:
    assert isinstance(verdict.evidence, Evidence)
    assert routing_plots(verdict) == []
    assert "Routing" not in report_markdown(verdict, contents(verdict), [])
