"""gonogo.compare: systems side by side from rankings and tables."""

from __future__ import annotations

from pathlib import Path

import ir_measures
import polars as pl
import pytest
from test_deciding import GOOD, POOR, QRELS, judged, rows, scored

import gonogo as gg
from gonogo.data.files.trec import write_run


def test_differences_are_those_of_ir_measures() -> None:
    found = gg.compare({"poor": POOR, "good": scored(GOOD)}, QRELS, ["nDCG@10", "R@100"])
    measures = [ir_measures.nDCG @ 10, ir_measures.R @ 100]
    good, poor = (
        ir_measures.calc_aggregate(measures, judged(), scored(run)) for run in (GOOD, POOR)
    )
    pairs = {row["metric"]: row for row in found.to_frame().iter_rows(named=True)}
    for measure in measures:
        assert pairs[str(measure)]["difference"] == pytest.approx(good[measure] - poor[measure])
        assert pairs[str(measure)]["candidate"] == "good"
    means = found.to_frame("means").filter(system="good", metric="nDCG@10", dataset="all")
    assert means["mean"].item() == pytest.approx(good[measures[0]])
    assert set(found.to_frame("queries")["query_id"]) <= set(QRELS)


def test_score_tables_take_the_names_given() -> None:
    table = pl.DataFrame(rows())
    found = gg.compare({a: table.filter(arm=b) for a, b in (("x", "old"), ("y", "new"))})
    assert found.systems == ("x", "y")
    assert found.to_frame()["seeds"].to_list() == [3]


def test_paths_are_read(tmp_path: Path) -> None:
    for name, run in (("a", GOOD), ("b", POOR)):
        write_run(tmp_path / f"{name}.trec", {q: [*d.items()] for q, d in run.items()}, name)
    qrels = tmp_path / "set.qrels"
    lines = [f"{q} 0 {d} {g}\n" for q, found in QRELS.items() for d, g in found.items()]
    qrels.write_text("".join(lines))
    by_path = gg.compare([tmp_path / "a.trec", tmp_path / "b.trec"], qrels, ["nDCG@10"])
    named = gg.compare({"a": tmp_path / "a.trec", "b": tmp_path / "b.trec"}, qrels, ["nDCG@10"])
    assert by_path.systems == named.systems == ("a", "b")
    column = "difference"
    assert by_path.to_frame()[column].to_list() == named.to_frame()[column].to_list()


def test_it_shows_itself_and_writes_tables(tmp_path: Path) -> None:
    found = gg.compare({"a<b>": GOOD, "c": POOR}, QRELS, ["nDCG@10"])
    assert "Paired differences" in repr(found)
    html = found._repr_html_()
    assert "a&lt;b&gt;" in html
    assert "<b>" not in html
    found.to_latex(tmp_path / "t.tex")
    assert r"\toprule" in (tmp_path / "t.tex").read_text()
    assert "| c" in found.to_markdown()


def test_a_ranking_needs_judgements() -> None:
    with pytest.raises(gg.UserError, match="needs judgements") as caught:
        gg.compare({"a": GOOD, "b": POOR})
    assert caught.value.place == "systems['a']"


def test_one_data_set_has_no_mean_of_its_own() -> None:
    def scores(names: list[str], value: float) -> dict[str, list[object]]:
        rows = [(name, query) for name in names for query in ("1", "2", "3")]
        return {
            "arm": ["a"] * len(rows),
            "task": ["run"] * len(rows),
            "dataset": [name for name, _ in rows],
            "metric": ["nDCG@10"] * len(rows),
            "query_id": [query for _, query in rows],
            "value": [value + int(query) / 10 for _, query in rows],
        }

    for names, told in ((["left"], 0), (["left", "right"], 1)):
        found = gg.compare({"old": scores(names, 0.1), "new": scores(names, 0.2)})
        assert repr(found).count("mean over data sets") == told
