from __future__ import annotations

from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.tables import Number, Text
from gonogo.report.pages.contents import contents
from gonogo.report.plots.forest import forest_plots
from gonogo.report.tables.cost_tables import exposure_table
from gonogo.report.words.cards import cards
from gonogo.report.words.gate_words import gate_words
from gonogo.report.words.judged import slug, unique


def by_name(verdict, name):
    return next(table for table in contents(verdict) if table.name == name)


def test_effects_come_first_and_the_gates_metric_before_the_others(verdict):
    names = [table.name for table in contents(verdict)]
    assert names[:2] == [
        "effect_embed_joint_single_against_emb_only",
        "effect_rerank_joint_single_against_rank_only",
    ]
    assert names.index("scores_rerank_nDCG_10") < names.index("scores_embed_AP")


def test_the_mean_row_is_first_and_the_rest_by_size(verdict):
    table = by_name(verdict, "effect_embed_joint_single_against_emb_only")
    assert table.rows[0].summary
    ratios = [row.cells[1].value for row in table.rows[1:]]
    assert ratios == sorted(ratios, reverse=True)


def test_off_task_arms_and_reference_rows_say_so(verdict):
    table = by_name(verdict, "scores_embed_nDCG_10")
    assert [column.note for column in table.columns] == [
        "",
        "",
        "off-task",
        "",
        "reference",
        "reference",
    ]


def test_without_effects_only_what_is_known_is_there(variant):
    assert list(contents(variant("incomplete"))) == []
    assert next(iter(contents(variant("bands")))).name == "measurements"
    ratio = [c.name for c in contents(variant("improvement")).effects[0].columns]
    assert "TIR" not in ratio


def test_undefined_stays_undefined(variant):
    table = by_name(variant("unknown"), "effect_embed_joint_single_against_emb_only")
    assert [cell.value for cell in table.rows[0].cells[1:5]] == [None] * 4


def test_exposure_shows_recorded_values_and_never_means(verdict):
    rows = {row.cells[0].text: row.cells[1] for row in exposure_table(verdict.evidence.trials).rows}
    assert rows["seeds"] == Text("42, 123, 456")
    assert rows["embed examples"] == Number(32000, "count")
    assert rows["rerank examples"] == Number(None, "count")
    assert rows["training"] == Text("5 min 41 s to 5 min 55 s")


def test_exposure_tells_how_much_was_padding_where_tokens_passed(verdict):
    trials = verdict.evidence.trials
    padded = [
        one.model_copy(update={"padding": 0.03 + 0.01 * place}) for place, one in enumerate(trials)
    ]
    table = exposure_table((*padded[:3], *trials[3:]))
    [row] = [row for row in table.rows if row.cells[0].text == "padding"]
    assert row.cells[1:3] == (Text("3.0 % to 5.0 %"), Number(None, "share"))


def test_the_changed_gate_shows_old_and_new_side_by_side(variant):
    table = by_name(variant("changed"), "gate_changes")
    assert table.rows[0].cells == (Text("pass"), Text("0.02"), Text("0.03"))


def test_gates_are_told_in_words(variant):
    assert "PASS if TIR is 2 % or more on any task." in gate_words(variant("passed").gate.spec)
    assert "Levels of success: minimum from 0.01, strong from 0.015, top from 0.02." in gate_words(
        variant("improvement").gate.spec
    )
    assert "success: PASS, from 0.55." in gate_words(variant("bands").gate.spec)


def with_two_baselines(found: VerdictFile) -> VerdictFile:
    """Add a second baseline to an improvement gate and what was found over it."""
    second = found.effects[0].model_copy(update={"reference": "bm25"})
    spec = found.gate.spec.model_copy(update={"baseline": ("emb_only", "bm25")})
    gate = found.gate.model_copy(update={"spec": spec})
    return found.model_copy(update={"gate": gate, "effects": (*found.effects, second)})


def test_of_several_baselines_every_place_says_which(variant):
    found = with_two_baselines(variant("improvement"))
    assert gate_words(found.gate.spec)[0].startswith(
        "joint_single is compared with the best of emb_only and bm25 on embed by "
    )
    both = ["embed over emb_only", "embed over bm25"]
    assert [card.name for card in cards(found)] == [f"{name}, nDCG@10" for name in both]
    assert [plot.title.split(":")[0] for plot in forest_plots(found)] == both
    for table in ("seeds", "intervals"):
        rows = [row.cells[0].text for row in by_name(found, table).rows]
        assert list(dict.fromkeys(rows)) == both
    assert {by_name(found, f"significance_embed_over_{name}").name for name in ("emb_only", "bm25")}
    (only,) = cards(variant("improvement"))
    assert only.name == "embed, nDCG@10"


def on_one_data_set(found: VerdictFile) -> VerdictFile:
    """Leave each effect its first data set."""
    effects = [one.model_copy(update={"datasets": one.datasets[:1]}) for one in found.effects]
    return found.model_copy(update={"effects": tuple(effects)})


def test_a_single_data_set_is_the_whole_and_stands_there_once(variant):
    found = on_one_data_set(variant("improvement"))
    name = found.effects[0].datasets[0].dataset
    for table in ("effect_embed_joint_single_against_emb_only", "significance_embed"):
        assert [row.cells[0] for row in by_name(found, table).rows] == [Text(name)]
    (plot,) = forest_plots(found)
    assert plot.title == f"embed: gain on {name}"
    assert plot.draw.keywords["rows"][0].main


def test_effects_of_one_line_each_share_a_plot(variant):
    found = on_one_data_set(with_two_baselines(variant("improvement")))
    (plot,) = forest_plots(found)
    assert plot.title == f"gain on {found.effects[0].datasets[0].dataset}"
    labels = [row.label for row in plot.draw.keywords["rows"]]
    assert labels == ["embed over emb_only", "embed over bm25"]
    assert f"embed over bm25 {found.effects[1].difference.value:+.4f}" in plot.alt
    other = found.effects[1].model_copy(update={"lines": {"pass": 0.5}})
    apart = found.model_copy(update={"effects": (found.effects[0], other)})
    assert len(forest_plots(apart)) == 2


def test_names_from_data_become_file_names_that_stay_apart():
    assert slug("../../etc", "a/b@10") == "etc_a_b_10"
    assert slug("///") == "x"
    assert unique("a", ["A", "a_2"]) == "a_3"
