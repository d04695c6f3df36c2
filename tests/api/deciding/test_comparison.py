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


def test_measures_stand_in_the_order_in_which_they_were_asked_for() -> None:
    for asked in (["R@100", "nDCG@10", "AP"], ["AP", "R@100", "nDCG@10"]):
        found = gg.compare({"poor": POOR, "good": GOOD}, QRELS, asked)
        for of in ("pairs", "means"):
            assert found.to_frame(of)["metric"].unique(maintain_order=True).to_list() == asked
    assert [found.to_text().index(f": {name} on") for name in asked] == sorted(
        found.to_text().index(f": {name} on") for name in asked
    )


def test_columns_have_their_types_whatever_they_hold() -> None:
    found = gg.compare({"poor": POOR, "good": GOOD}, QRELS, ["nDCG@10"])
    means = found.to_frame("means")
    assert means["std"].to_list() == [None] * len(means)
    assert means["std"].dtype == pl.Float64
    nothing = gg.compare({"one": GOOD, "same": GOOD}, QRELS, ["nDCG@10"]).to_frame("queries")
    assert (len(nothing), nothing["query_id"].dtype) == (0, pl.String)


def test_a_gate_judges_the_systems_as_decide_would() -> None:
    gate = gg.improvement("nDCG@10", "new", over="old")
    found = gg.compare({"first": POOR, "second": GOOD}, QRELS, ["R@100"], gate=gate)
    alone = gg.decide(runs={"old": POOR, "new": GOOD}, qrels=QRELS, gate=gate)
    assert found.verdict is not None
    assert found.verdict.effects == alone.effects
    assert found.to_frame()["metric"].to_list()[:2] == ["R@100", "nDCG@10"]
    assert repr(found).endswith(repr(found.verdict))
    assert gg.compare({"first": POOR, "second": GOOD}, QRELS, ["R@100"]).verdict is None


def test_everything_in_full_is_what_the_verb_prints() -> None:
    found = gg.compare({"poor": POOR, "good": GOOD}, QRELS, ["nDCG@10", "Rprec"])
    text = found.to_text()
    assert "good - poor: nDCG@10 on run" in text
    assert "  gained most:  all q1" in text
    assert "3 of 3 judged queries ranked" in text
    assert found.coverage.keys() == {"poor, run, all", "good, run, all"}


def test_a_models_judgements_are_corrected_by_peoples() -> None:
    """People judged a third of the queries; the model calls whatever stands first relevant."""
    queries = [f"q{number}" for number in range(60)]
    old = {q: {"a": 2.0, "b": 1.0} for q in queries}
    new = {q: {"a": 1.0, "b": 2.0} for q in queries}
    people = {q: {"ab"[n % 3 == 0]: 1} for n, q in enumerate(queries[:20])}
    model = {q: {"ab"[n % 3 < 2]: 1} for n, q in enumerate(queries)}
    found = gg.compare({"old": old, "new": new}, people, ["RR@10"], model_qrels=model)
    [row] = found.to_frame("model_judged").to_dicts()
    assert row["human_value"] == pytest.approx(0.5 * (7 - 13) / 20)
    assert row["model_value"] == pytest.approx(0.5 * (40 - 20) / 60)
    assert "judged by people on 20 of 60 queries" in found.to_text()
    table = pl.DataFrame(rows())
    with pytest.raises(gg.UserError, match="cannot be judged anew") as caught:
        gg.compare({"old": old, "new": table.filter(arm="new")}, people, model_qrels=model)
    assert caught.value.place == "model_qrels"


def test_a_system_of_which_nothing_is_judged_decides_nothing() -> None:
    """As `decide` says: a document that nobody judged is not known to be wrong."""
    queries = [f"q{number}" for number in range(30)]
    pool = {q: {f"d{n}": int(n < 3) for n in range(10)} for q in queries}
    seen = {q: {f"d{n}": 9.0 - n for n in range(10)} for q in queries}
    unseen = {q: {**{f"u{n}": 9.0 - n for n in range(9)}, "d9": 0.0} for q in queries}
    gate = gg.improvement("nDCG@10", "new", over="old", task="embed")
    found = gg.compare({"first": seen, "second": unseen}, pool, gate=gate).verdict
    assert found is not None
    assert found.word == gg.decide(
        runs={"old": seen, "new": unseen}, qrels=pool, gate=gate
    ).word == "INVALID"  # fmt: skip
    assert "first ten documents are judged" in found.sentence
