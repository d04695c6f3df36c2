"""gonogo.decide: every form of scores and rankings gives the same verdict."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import polars as pl
import pytest
import yaml

import gonogo as gg
from gonogo.data.files.trec import write_run

pa = pytest.importorskip("pyarrow")  # one of the forms; the base install lacks it

GATE = gg.improvement("nDCG@10", "new", over="old", at_least=0.01)


def rows(gain: float = 0.05, **renamed: str) -> list[dict[str, Any]]:
    drawn = np.random.default_rng(7)
    found = []
    for seed in (1, 2, 3):
        for query in range(30):
            base = drawn.uniform(0.3, 0.6)
            values = {"old": base, "new": base + gain + drawn.normal(0, 0.01)}
            found += [
                {
                    "arm": renamed.get(arm, arm),
                    "seed": seed,
                    "task": "embed",
                    "dataset": "birds",
                    "metric": "nDCG@10",
                    "query_id": str(query),
                    "value": value,
                }
                for arm, value in values.items()
            ]
    return found


def test_the_verdict_tells_word_sentence_and_effects() -> None:
    verdict = gg.decide(rows(), GATE)
    assert verdict.word == "PASS"
    assert verdict.sentence.startswith("PASS, supported: new gains")
    (effect,) = verdict.effects
    table = pl.DataFrame(rows())
    means = dict(table.group_by("arm").agg(pl.col("value").mean()).iter_rows())
    assert effect.value == pytest.approx(means["new"] - means["old"])
    assert effect.low is not None
    assert effect.high is not None
    assert effect.low < effect.value < effect.high
    assert (effect.candidate, effect.reference, effect.task) == ("new", "old", "embed")
    assert (effect.seeds, effect.queries) == (3, 30)
    assert [one.dataset for one in effect.datasets] == ["birds"]


def frames() -> list[Any]:
    table = rows()
    columns = {name: [row[name] for row in table] for name in table[0]}
    arrays = {name: np.array(values) for name, values in columns.items()}
    made: list[Any] = [
        table,
        columns,
        arrays,
        pl.DataFrame(table),
        pl.LazyFrame(table),
        pa.Table.from_pylist(table),
    ]
    return made


@pytest.mark.parametrize("place", range(6))
def test_every_form_of_a_table_gives_the_same_verdict(place: int) -> None:
    expected = gg.decide(pl.DataFrame(rows()), GATE)
    found = gg.decide(frames()[place], GATE)
    assert found.sentence == expected.sentence
    assert found.effects == expected.effects


def test_a_pandas_frame_is_read_its_missing_seeds_too() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(rows())
    assert gg.decide(table, GATE).effects == gg.decide(rows(), GATE).effects
    table["seed"] = float("nan")
    table = table.drop_duplicates(["arm", "query_id"])
    assert gg.decide(table, GATE).effects[0].seeds == 0


def test_what_there_is_one_of_may_be_left_out() -> None:
    short = [
        {key: row[key] for key in ("arm", "seed", "metric", "query_id", "value")} for row in rows()
    ]
    assert gg.decide(short, GATE).effects[0].value == gg.decide(rows(), GATE).effects[0].value


def test_a_gate_may_be_a_dict_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rule.yaml"
    values = {"kind": "improvement", "task": "embed", "candidate": "new", "baseline": "old"}
    file.write_text(yaml.safe_dump({"gate": values}))
    sentences = {gg.decide(rows(), gate).sentence for gate in (values, {"gate": values}, file)}
    assert sentences == {gg.decide(rows(), GATE).sentence}


def test_an_open_task_is_refused_where_there_are_several() -> None:
    table = rows()
    table[0]["task"] = "rerank"
    with pytest.raises(gg.UserError, match="2 tasks") as caught:
        gg.decide(table, GATE)
    assert (caught.value.place, caught.value.hint) == (
        "gate.task",
        "task=..., one of embed, rerank",
    )


def test_the_other_gates_judge_too() -> None:
    table = rows(gain=-0.1, old="alone", new="joint")
    ratio = gg.interference("nDCG@10", "joint", specialists={"embed": "alone"})
    verdict = gg.decide(table, ratio)
    assert (verdict.word, verdict.effects[0].figure) == ("PASS", "TIR")
    levels = gg.bands("nDCG@10", "joint", {"poor": (0.0, "FAIL"), "good": (0.9, "PASS")})
    verdict = gg.decide(table, levels)
    assert (verdict.word, verdict.effects[0].word) == ("FAIL", "poor")
    assert verdict.effects[0].reference is None


QRELS = {"q1": {"a": 1}, "q2": {"b": 2}, "q3": {"c": 1}}
GOOD = {
    "q1": {"a": 0.9, "b": 0.8, "c": 0.3, "x": 0.1},
    "q2": {"b": 0.9, "a": 0.8, "c": 0.3, "x": 0.1},
    "q3": {"c": 0.9, "a": 0.1, "b": 0.05, "x": 0.01},
}
POOR = {query: {"x": 0.9, "a": 0.5, "b": 0.4, "c": 0.3} for query in QRELS}


class RanxLike:
    """What ranx's ``Run`` and ``Qrels`` offer."""

    def __init__(self, values: dict[str, dict[str, float]]) -> None:
        self.values = values

    def to_dict(self) -> dict[str, dict[str, float]]:
        return self.values


def scored(run: dict[str, dict[str, float]]) -> list[Any]:
    return [ir_measures.ScoredDoc(q, d, s) for q, found in run.items() for d, s in found.items()]


def judged() -> list[Any]:
    return [ir_measures.Qrel(q, d, g, "0") for q, found in QRELS.items() for d, g in found.items()]


def test_rankings_of_every_kind_give_the_values_of_ir_measures(tmp_path: Path) -> None:
    write_run(tmp_path / "good.trec", {q: [*found.items()] for q, found in GOOD.items()}, "good")
    lines = [f"{q} 0 {d} {g}\n" for q, found in QRELS.items() for d, g in found.items()]
    (tmp_path / "qrels.txt").write_text("".join(lines))
    frame = pl.DataFrame(scored(GOOD), schema=["qid", "docno", "score"], orient="row")
    pairs = {q: [*found.items()] for q, found in GOOD.items()}
    expected = ir_measures.calc_aggregate([ir_measures.nDCG @ 10], judged(), scored(GOOD))
    poor = ir_measures.calc_aggregate([ir_measures.nDCG @ 10], judged(), scored(POOR))
    gain = next(iter(expected.values())) - next(iter(poor.values()))
    for good in (GOOD, RanxLike(GOOD), scored(GOOD), frame, pairs, tmp_path / "good.trec"):
        for qrels in (QRELS, RanxLike(QRELS), judged(), tmp_path / "qrels.txt"):
            verdict = gg.decide(runs={"new": good, "old": POOR}, qrels=qrels, gate=GATE)
            assert verdict.effects[0].value == pytest.approx(gain)
            assert verdict.effects[0].queries == 3


def test_rankings_may_be_given_by_seed_and_data_set_in_either_order() -> None:
    one = {"new": {"birds": {1: GOOD, 2: GOOD}}, "old": {"birds": {1: POOR, 2: POOR}}}
    two = {"new": {1: {"birds": GOOD}, 2: {"birds": GOOD}}, "old": {1: POOR, 2: POOR}}
    by_set = {"birds": QRELS}
    verdicts = [gg.decide(runs=runs, qrels=by_set, gate=GATE) for runs in (one, two)]
    assert verdicts[0].effects == verdicts[1].effects
    assert verdicts[0].effects[0].seeds == 2
    with pytest.raises(gg.UserError, match="no judgements for data set 'birds'") as caught:
        gg.decide(runs=one, qrels={"bird": QRELS}, gate=GATE)
    assert caught.value.hint == "did you mean 'bird'?"


@pytest.mark.parametrize(
    ("call", "place", "value"),
    [
        (lambda: gg.decide([{"arm": "a"}], GATE), None, None),
        (lambda: gg.decide(3, GATE), "scores", 3),
        (lambda: gg.decide(rows(), None), "gate", None),
        (lambda: gg.decide(rows(), 3), "gate", 3),
        (lambda: gg.decide(gate=GATE), "scores", None),
        (lambda: gg.decide(runs={"new": GOOD}, gate=GATE), "qrels", None),
        (lambda: gg.improvement("nDCG@10", "new", over="old", at_least="x"), "gate.pass", "x"),  # type: ignore[arg-type]
        (lambda: gg.improvement("nDGC@10", "new", over="old"), "gate.metric", "nDGC@10"),
        (lambda: gg.improvement("nDCG@10", "new", over="old", pas=1), "gate.pas", 1),
        (lambda: gg.decide(runs={"new": {"q": 3}}, qrels=QRELS, gate=GATE), None, None),
    ],
)
def test_wrong_input_says_where(call: Any, place: str | None, value: object) -> None:
    with pytest.raises(gg.UserError) as caught:
        call()
    if place is not None:
        assert caught.value.place == place
    if value is not None:
        assert caught.value.value == value
    assert "--" not in str(caught.value)


def test_the_card_is_escaped_and_its_figure_is_inline() -> None:
    evil = "<script>alert(1)</script>"
    table = rows()
    for row in table:
        row["dataset"] = evil
    verdict = gg.decide([*table, *rows()], GATE)
    html = verdict._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<svg" in html
    assert "PASS" in html
    body = html.split("</style>")[1]
    ET.fromstring(body)
    assert "href=" not in body.replace('href="#', "")


def test_two_cards_on_one_page_share_no_ids() -> None:
    import re

    found = [
        set(re.findall(r'id="([^"]+)"', gg.decide(rows(gain), GATE)._repr_html_()))
        for gain in (0.05, 0.06)
    ]
    assert found[0]
    assert not found[0] & found[1]


def test_tables_and_files_come_out(tmp_path: Path) -> None:
    verdict = gg.decide(rows(), GATE)
    text = verdict.to_latex(tmp_path / "table.tex")
    assert (tmp_path / "table.tex").read_text() == text
    assert r"\toprule" in text
    assert verdict.to_markdown().startswith("**PASS**, supported: new gains")
    frame = verdict.to_frame()
    assert frame["dataset"].to_list() == [None, "birds"]
    assert set(verdict.to_frame("scores")["arm"]) == {"old", "new"}
    assert verdict.to_dict()["decision"]["verdict"] == "PASS"
    assert repr(verdict).splitlines()[0].startswith("PASS")


@pytest.mark.slow
def test_a_verdict_is_saved_and_read_back(tmp_path: Path) -> None:
    verdict = gg.decide(rows(), GATE)
    page = verdict.save(tmp_path / "out")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert gg.read_verdict(tmp_path / "out").to_dict() == verdict.to_dict()


def test_a_verdict_over_a_hole_is_incomplete_and_tells_it() -> None:
    short = {query: GOOD[query] for query in ("q1", "q2")}
    verdict = gg.decide(runs={"new": short, "old": POOR}, qrels=QRELS, gate=GATE)
    assert verdict.word == "INCOMPLETE"
    assert any("q3" in warning for warning in (*verdict.warnings, *verdict.missing))
    searched = gg.decide(
        runs={"new": short, "old": POOR}, qrels=QRELS, gate=GATE, empty_is_zero=True
    )
    assert searched.effects[0].queries == 3
