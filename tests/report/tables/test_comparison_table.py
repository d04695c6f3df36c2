from __future__ import annotations

from gonogo.analysis.geometry.geometry_record import GeometryRecord, TextsRecord
from gonogo.analysis.records.effects import ArmScore, GroupMean, Interval
from gonogo.report.cells.table_csv import csv_table
from gonogo.report.cells.table_latex import latex
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.cells.tables import Column, Number, Row, Table, Text
from gonogo.report.pages.contents import contents
from gonogo.report.tables.comparison import (
    Compared,
    comparison_table,
    comparison_tables,
    interval_table,
)


def score(arm, dataset, mean, reference=False):
    return ArmScore(
        arm=arm,
        task="embed",
        dataset=dataset,
        metric="nDCG@10",
        mean=mean,
        std=None if reference else 0.01,
        seeds=0 if reference else 3,
        queries=30,
        reference=reference,
    )


def mean_of(arm, group, mean, datasets):
    return GroupMean(
        **dict(score(arm, None, mean, arm == "bm25"))
        | {"interval": Interval(method="seeds x queries", low=mean - 0.1, high=mean + 0.1)},
        group=group,
        datasets=datasets,
    )


def record(model, seed, isotropy, fingerprint="same", dimension=4):
    return GeometryRecord(
        model=model,
        seed=seed,
        texts=TextsRecord(name="scifact", count=1000, fingerprint=fingerprint),
        dimension=dimension,
        isotropy=isotropy,
        gaussian=0.9,
        isoscore_star=0.5,
        mean_cosine=0.1,
        effective_rank=2.25,
        participation_ratio=2.0,
        norm_mean=1.0,
        norm_std=0.0,
        norm_minimum=1.0,
        norm_median=1.0,
        norm_maximum=1.0,
        spectrum=(2.0, 1.0, 0.5, 0.5),
    )


COMPARED = Compared(
    scores=[
        score("baseline", "scifact", 0.6),
        score("baseline", "fiqa", 0.2),
        score("isotropic", "scifact", 0.7),
        score("isotropic", "fiqa", 0.3),
        score("bm25", "scifact", 0.65, reference=True),
        score("bm25", "fiqa", 0.25, reference=True),
    ],
    means=[
        mean_of(arm, group, value, sets)
        for arm, value in (("baseline", 0.4), ("isotropic", 0.5), ("bm25", 0.45))
        for group, sets in (
            ("all", ("fiqa", "scifact")),
            ("in domain", ("scifact",)),
            ("out of domain", ("fiqa",)),
        )
    ],
    geometry=[record("baseline", 1, -1.0), record("baseline", 2, -2.0), record("bm25x", 1, 0.5)],
)


def cells(table, row):
    found = next(line for line in table.rows if line.cells[0] == Text(row))
    return dict(zip((column.heading for column in table.columns), found.cells, strict=True))


def test_references_first_then_arms_by_means_sets_and_isotropy():
    table = comparison_table("comparison", "all rows", COMPARED)
    assert [row.cells[0].text for row in table.rows] == ["bm25", "baseline", "isotropic"]
    headings = [column.heading for column in table.columns]
    assert headings[:7] == [
        "",
        "seeds",
        "mean (of 2)",
        "mean (in domain, 1)",
        "mean (out of domain, 1)",
        "scifact (in domain)",
        "fiqa",
    ]
    assert headings[7:9] == ["1 − std/mean", "Gaussian (same n, d)"]
    assert cells(table, "isotropic")["mean (of 2)"] == Number(0.5, "score", low=0.4, high=0.6)


def on_seeds(one, count):
    return one.model_copy(update={"seeds": count})


def test_an_unfinished_arm_is_seen_by_its_seeds():
    late = [on_seeds(s, 2) if s.arm == "isotropic" else s for s in COMPARED.scores]
    means = [on_seeds(m, 2) if m.arm == "isotropic" else m for m in COMPARED.means]
    table = comparison_table("comparison", "all rows", Compared(late, means))
    seeds = {name: cells(table, name)["seeds"] for name in ("bm25", "baseline", "isotropic")}
    assert seeds == {
        "bm25": Number(None, "count"),  # it has none by nature
        "baseline": Number(3, "count"),
        "isotropic": Number(2, "count"),
    }
    intervals = interval_table("intervals", "all rows", Compared(late, means))
    assert {row.cells[2] for row in intervals.rows if row.cells[0] == Text("isotropic")} == {
        Number(2, "count")
    }


def test_a_seed_that_lacks_a_set_is_seen_too():
    """Its mean is over fewer seeds than its other set."""
    late = [on_seeds(s, 2) if s.dataset == "fiqa" else s for s in COMPARED.scores[:2]]
    means = [on_seeds(mean_of("baseline", "all", 0.4, ("fiqa", "scifact")), 2)]
    table = comparison_table("comparison", "all rows", Compared(late, means))
    assert cells(table, "baseline")["seeds"] == Text("2 to 3")
    intervals = interval_table("intervals", "all rows", Compared(late, means))
    assert [row.cells[2].value for row in intervals.rows] == [2, 3, 2]


def test_models_without_seeds_have_no_column_of_them():
    alone = [on_seeds(s, 0) for s in COMPARED.scores[:2]]
    compared = Compared(alone, [on_seeds(COMPARED.means[0], 0)])
    for table in (comparison_table("c", "t", compared), interval_table("i", "t", compared)):
        assert "seeds" not in [column.heading for column in table.columns]


def test_a_mean_over_the_same_sets_is_shown_once():
    means = [mean_of("baseline", group, 0.4, ("fiqa", "scifact")) for group in ("all", "in domain")]
    compared = Compared(scores=COMPARED.scores[:2], means=means)
    table = comparison_table("comparison", "all rows", compared)
    headings = [column.heading for column in table.columns]
    assert headings == ["", "seeds", "mean (of 2)", "scifact (in domain)", "fiqa (in domain)"]
    intervals = interval_table("intervals", "all rows", compared)
    assert [row.cells[1].text for row in intervals.rows] == ["mean, of 2", "scifact", "fiqa"]


def test_of_a_single_data_set_nothing_is_said_twice():
    ours = score("baseline", "fiqa", 0.4).model_copy(
        update={"interval": Interval(method="seeds x queries", low=0.3, high=0.5)}
    )
    compared = Compared(scores=[ours], means=[mean_of("baseline", "all", 0.4, ("fiqa",))])
    table = comparison_table("comparison", "all rows", compared)
    shown = Number(0.4, "score", std=0.01, low=0.3, high=0.5)
    own = cells(table, "baseline")
    assert own == {"": Text("baseline"), "seeds": Number(3, "count"), "fiqa": shown}
    assert table.caption.startswith("Intervals of")
    assert "Mean ± standard deviation over seeds." in table.caption
    missing = Compared(scores=[ours], means=[])
    assert "fiqa" in cells(comparison_table("comparison", "all rows", missing), "baseline")


def test_the_caption_names_the_sets_of_every_mean():
    caption = comparison_table("comparison", "all rows", COMPARED).caption
    assert "all (fiqa, scifact); in domain (scifact); out of domain (fiqa)" in caption
    assert "seeds x queries" in caption


def test_isotropy_never_stands_without_n_d_and_the_gaussian():
    row = cells(comparison_table("comparison", "all rows", COMPARED), "baseline")
    assert row["1 − std/mean"] == Number(-1.5, "score", std=2**-0.5)
    assert row["Gaussian (same n, d)"].value == 0.9
    assert (row["n"].value, row["d"].value) == (1000, 4)
    assert cells(comparison_table("c", "c", COMPARED), "isotropic")["1 − std/mean"].value is None


def test_other_texts_are_shouted():
    mixed = Compared(
        COMPARED.scores,
        COMPARED.means,
        [record("baseline", 1, 0.1), record("isotropic", 1, 0.2, "other")],
    )
    assert "NOT THE SAME TEXTS" in comparison_table("c", "c", mixed).caption
    assert "NOT THE SAME TEXTS" not in comparison_table("c", "c", COMPARED).caption


def test_an_undefined_figure_of_one_seed_leaves_no_mean_of_the_others():
    records = [record("baseline", 1, 0.1), record("baseline", 2, float("nan"))]
    table = comparison_table("c", "c", Compared(COMPARED.scores, COMPARED.means, records))
    assert cells(table, "baseline")["1 − std/mean"].value is None


def test_the_best_of_each_column_is_marked():
    table = comparison_table("comparison", "all rows", COMPARED)
    places = {row.cells[0].text: marks for row, marks in zip(table.rows, table.marks, strict=True)}
    assert places["isotropic"][2] == "best"
    assert places["bm25"][2] == "second"
    isotropy = [column.heading for column in table.columns].index("1 − std/mean")
    assert all(isotropy not in marks for marks in table.marks)  # more of it is no win by itself


def test_marks_down_a_column_share_ties():
    rows = tuple(
        Row((Text(name), Number(v, "score"))) for name, v in zip("abc", (1, 1, 0), strict=True)
    )
    table = Table("t", "t", (Column("x"), Column("y", "y")), rows, down=True)
    assert table.marks == ({1: "best"}, {1: "best"}, {1: "second"})


def test_every_form_holds_the_intervals():
    table = comparison_table("comparison", "all rows", COMPARED)
    assert "**0.5000** (0.4000 to 0.6000)" in markdown(table)
    assert r"\textbf{0.5000} {\small (0.4000 to 0.6000)}" in latex(table)
    assert "mean (of 2) low" in csv_table(table).splitlines()[0]
    long = interval_table("i", "i", COMPARED)
    assert len(long.rows) == len(COMPARED.means) + len(COMPARED.scores)


def test_any_verdict_with_means_has_the_table(variant):
    verdict = variant("passed")
    assert comparison_tables(verdict) == []  # written before there were means
    means = tuple(
        GroupMean(**dict(row), group="all", datasets=("scifact",))
        for row in verdict.scores
        if row.dataset is None
    )
    made = contents(verdict.model_copy(update={"groups": means})).comparison
    assert [table.name for table in made] == [
        "comparison",
        "comparison_intervals",
        "comparison_rerank",
        "comparison_rerank_intervals",
    ]
    assert [row.cells[0].text for row in made[0].rows][:2] == ["bm25", "untrained"]
    one = tuple(row for row in verdict.scores if row.dataset == means[0].datasets[0])
    short = verdict.model_copy(update={"groups": means, "scores": one})
    assert [t.name for t in comparison_tables(short)] == ["comparison", "comparison_rerank"]


def test_the_note_says_how_the_bare_backbone_is_compared():
    row = [score("backbone", name, 0.5, reference=True) for name in ("scifact", "fiqa")]
    with_it = Compared([*COMPARED.scores, *row], COMPARED.means)
    assert "length 1, by cosine" in comparison_table("c", "t", with_it).caption
    assert "cosine." not in comparison_table("c", "t", COMPARED).caption
