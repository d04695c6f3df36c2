from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.report.cells import table_latex, table_markdown
from gonogo.report.cells.table_csv import csv_table
from gonogo.report.cells.table_latex import latex
from gonogo.report.cells.table_markdown import markdown
from gonogo.report.cells.table_text import text
from gonogo.report.cells.tables import Column, Number, Row, Table, Text
from gonogo.report.pages.contents import contents
from gonogo.report.tables.score_tables import tasks_of

TABLE = Table(
    name="scores_embed",
    title="embed: nDCG@10",
    columns=(Column("data set"), *(Column(c, group="nDCG@10") for c in ("a_1", "b", "c"))),
    rows=(
        Row((Text("mean"), *(Number(v, "score", std=0.01) for v in (0.5, 0.6, 0.4))), summary=True),
        Row(
            (Text("R&D | 50 %"), Number(0.1, "score"), Number(None, "score"), Number(0.2, "score"))
        ),
    ),
)


def test_markdown_golden():
    assert markdown(TABLE) == (
        "**embed: nDCG\\@10**\n"
        "\n"
        "| data set | a\\_1 | b | c |\n"
        "|---|---:|---:|---:|\n"
        "| mean | <u>0.5000</u> ± 0.0100 | **0.6000** ± 0.0100 | 0.4000 ± 0.0100 |\n"
        "| R&amp;D \\| 50 % | 0.1000 | – | **0.2000** |\n"
    )


def test_latex_golden():
    assert latex(TABLE).splitlines()[5:-1] == [
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r"data set & a\_1 & b & c \\",
        r"\midrule",
        r"mean & \underline{0.5000}$_{0.0100}$ & \textbf{0.6000}$_{0.0100}$ & 0.4000$_{0.0100}$ \\",
        r"\midrule",
        r"R\&D \textbar{} 50 \% & 0.1000 & -- & \textbf{0.2000} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_csv_golden():
    assert csv_table(TABLE) == (
        "data set,a_1,a_1 std,b,b std,c,c std\n"
        "mean,0.5,0.01,0.6,0.01,0.4,0.01\n"
        "R&D | 50 %,0.1,,,,0.2,\n"
    )


def test_text_golden():
    assert text(TABLE) == (
        "embed: nDCG@10\n"
        "\n"
        "data set                  a_1                  b                c\n"
        "----------  -----------------  -----------------  ---------------\n"
        "mean        + 0.5000 ± 0.0100  * 0.6000 ± 0.0100  0.4000 ± 0.0100\n"
        "R&D | 50 %             0.1000                  –         * 0.2000\n"
    )


def test_values_that_read_the_same_share_their_mark():
    values = (0.50001, 0.50002, 0.4, 0.3)
    columns = (Column("x"), *(Column(f"c{place}", group="g") for place in range(4)))
    table = Table("t", "t", columns, (Row((Text("r"), *(Number(v, "score") for v in values))),))
    assert table.marks == ({1: "best", 2: "best", 3: "second"},)


def test_a_single_value_or_another_group_is_not_marked():
    columns = (Column("x"), Column("a", group="g"), Column("b", group="h"), Column("c"))
    row = Row((Text("r"), Number(1, "score"), Number(2, "score"), Number(3, "score")))
    assert Table("t", "t", columns, (row,)).marks == ({},)


def test_a_row_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="2 cells, 1 heads"):
        Table("t", "t", (Column("x"),), (Row((Text("a"), Text("b"))),))


def test_latex_sets_signs_as_minus_and_intervals_small():
    cell = Number(-0.01, "percent", low=-0.02, high=0.005)
    table = Table("t", "t", (Column("x"), Column("y")), (Row((Text("r"), cell)),))
    assert r"$-$1.00 \% {\small ($-$2.00 to +0.50 \%)}" in latex(table)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60))
def test_latex_leaves_no_active_character(words):
    escaped = table_latex.escape(words)
    rest = re.sub(
        r"\\(text[a-z]+\{\}|[{}$&#%_])|\$\\(pm|rightarrow|geq|times)\$|\$-\$|\{\[\}|\{\]\}",
        "",
        escaped,
    )
    assert not set(rest) & set("\\{}$&#%_^~\n[]")


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60))
def test_markdown_leaves_no_markup(words):
    escaped = table_markdown.escape(words)
    assert "\n" not in escaped
    assert not set("<>") & set(escaped)
    assert not re.search(
        r"(?<!\\)(?:\\\\)*[|`*_\[\]$]", re.sub(r"\\[\\`*_{}\[\]|~$#!@]", "", escaped)
    )


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=40))
def test_csv_gives_words_back(words):
    table = Table("t", "t", (Column("x"), Column("y")), (Row((Text(words), Number(1.5, "score"))),))
    assert list(csv.reader(io.StringIO(csv_table(table))))[1] == [words, "1.5"]


def test_every_variant_gives_every_format(any_verdict):
    names = [table.name for table in contents(any_verdict)]
    assert len({name.lower() for name in names}) == len(names)
    for table in contents(any_verdict):
        columns = len(table.columns)
        rows = [line for line in markdown(table).splitlines() if line.startswith("|")]
        assert all(len(re.findall(r"(?<!\\)\|", line)) == columns + 1 for line in rows)
        body = latex(table).split(r"\midrule")[-1].split(r"\bottomrule")[0].strip().splitlines()
        assert all(len(re.findall(r"(?<!\\)&", line)) == columns - 1 for line in body)
        assert len({len(row) for row in csv.reader(io.StringIO(csv_table(table)))}) == 1
        assert "\x1b" not in text(table)


def test_the_task_that_the_gate_judges_comes_first_before_anything_is_judged(verdict):
    other = verdict.scores[0].model_copy(update={"task": "a task before it in the alphabet"})
    waiting = verdict.model_copy(update={"effects": (), "scores": (other, *verdict.scores)})
    assert tasks_of(waiting) == ["embed", "rerank", other.task]
