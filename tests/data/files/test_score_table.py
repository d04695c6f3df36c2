from __future__ import annotations

import contextlib
import gzip
import math
from pathlib import Path

import polars as pl
import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.score_table import SCHEMA, read_scores, write_scores

HEADER = "arm,seed,task,dataset,metric,query_id,value\n"


def table() -> pl.DataFrame:
    rows = {
        "value": [0.5, 0.25, 1.0],
        "query_id": ["007", "7", "7"],
        "arm": ["joint", "joint", "bm25"],
        "seed": [42, 42, None],
        "task": ["embed"] * 3,
        "dataset": ["python-api/numpy"] * 3,
        "metric": ["nDCG@10"] * 3,
    }
    return pl.DataFrame(rows)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_reads_back_typed_and_in_order(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scores{suffix}"
    write_scores(path, table())
    back = read_scores(path)
    assert dict(back.schema) == SCHEMA
    assert set(back["query_id"]) == {"007", "7"}
    assert back.filter(pl.col("arm") == "bm25")["seed"].to_list() == [None]
    assert back.sort("value")["value"].to_list() == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    one, two = tmp_path / f"1{suffix}", tmp_path / f"2{suffix}"
    write_scores(one, table())
    write_scores(two, table().reverse())
    assert one.read_bytes() == two.read_bytes()


def test_tables_of_other_tools_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pandas.parquet"
    other = table().with_columns(
        pl.col("seed").cast(pl.Float64).fill_null(float("nan")),
        pl.col("arm").cast(pl.Categorical),
        pl.Series("query_id", [7, 8, 9]),
        pl.Series("__index_level_0__", [0, 1, 2]),
        pl.lit("mine").alias("study"),
    )
    other.write_parquet(path)
    back = read_scores(path)
    assert back.columns == ["study", *SCHEMA]
    assert back["seed"].to_list() == [42, 42, None]
    assert back["query_id"].to_list() == ["7", "8", "9"]


def test_a_missing_value_is_nan_and_nan_stays(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(HEADER + "a,1,t,d,m,q1,\na,1,t,d,m,q2,nan\na,1,t,d,m,q3,inf\n")
    values = read_scores(path)["value"].to_list()
    assert [math.isnan(value) for value in values] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("arm,seed\na,1\n", "the column 'task' is missing"),
        (HEADER + "a,1,t,d,m,q,0.5\na,x,t,d,m,q,1\n", "column seed, row 2: 'x' is not a whole"),
        (HEADER + "a,1,t,d,m,q,high\n", "column value, row 1: 'high' is not a number"),
        (HEADER + "a,1,t,d,m,,0.1\n", "column query_id, row 1: the value is missing"),
        ("", "not a csv table"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=problem):
        read_scores(path)


def test_half_a_seed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    table().with_columns(pl.Series("seed", [1.0, 2.5, None])).write_parquet(path)
    with pytest.raises(UserError, match=r"row 2: 2\.5 is not a whole number"):
        read_scores(path)


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_scores(tmp_path / "none.csv")
    with pytest.raises(UserError, match=r"unknown kind of table '\.xlsx'"):
        read_scores(tmp_path / "s.xlsx")
    (tmp_path / "s.parquet").write_bytes(b"not parquet")
    with pytest.raises(UserError, match="not a parquet table"):
        read_scores(tmp_path / "s.parquet")


ROWS = [("old", 42, "q1", 0.25), ("old", 42, "q2", 0.5), ("bm25", None, "q1", 0.125)]


@pytest.mark.parametrize(("separator", "comma"), [(",", "."), (";", "."), (";", ","), ("\t", ".")])
@pytest.mark.parametrize("missing", ["", "nan", "<NA>"])
def test_tables_of_spreadsheets_and_pandas(
    tmp_path: Path, separator: str, comma: str, missing: str
) -> None:
    lines = [separator.join(["", "arm", "seed", "metric", "query_id", "value"])]
    for place, (arm, seed, query, value) in enumerate(ROWS):
        cells = [place, arm, missing if seed is None else f"{seed}.0", "AP", query]
        lines.append(separator.join([*map(str, cells), str(value).replace(".", comma)]))
    path = tmp_path / "t.csv"
    path.write_text("\ufeff" + "\r\n".join(lines), newline="")
    found = read_scores(path)
    assert found.select("arm", "seed", "query_id", "value").rows() == ROWS
    assert found.select("task", "dataset").unique().rows() == [("run", "all")]
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_scores(packed).equals(found)


def test_hits_are_0_and_1_but_no_seed(tmp_path: Path) -> None:
    frame = pl.DataFrame({"arm": ["a"], "metric": ["AP"], "query_id": ["q"], "value": [True]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert read_scores(tmp_path / "t.parquet")["value"].to_list() == [1.0]
    frame.with_columns(seed=True).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(UserError, match="column seed: true and false are no seeds"):
        read_scores(tmp_path / "t.parquet")


@pytest.mark.parametrize("place", range(0, 1200, 97))
def test_a_damaged_parquet_file_is_one_error_or_the_same_table(tmp_path: Path, place: int) -> None:
    path = tmp_path / "t.parquet"
    names = [f"q{number}" for number in range(50)]
    frame = pl.DataFrame({"arm": "a", "metric": "AP", "query_id": names, "value": 0.5})
    frame.write_parquet(path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0xFF
    path.write_bytes(bytes(data))
    with contextlib.suppress(UserError):
        assert read_scores(path).height == 50


@pytest.mark.parametrize("place", range(0, 1200, 61))
def test_damage_to_a_file_of_ours_never_changes_a_value(tmp_path: Path, place: int) -> None:
    pytest.importorskip("pyarrow")  # sums of pages are its own
    path = tmp_path / "t.parquet"
    write_scores(path, table())
    before = read_scores(path)
    data = bytearray(path.read_bytes())
    footer = 8 + int.from_bytes(data[-8:-4], "little")  # which parquet keeps no sum of
    data[4 + place % (len(data) - footer - 4)] ^= 0x10
    path.write_bytes(bytes(data))
    with contextlib.suppress(UserError):
        assert read_scores(path).equals(before)


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(HEADER + "a,1,t,d,m,q,0.5\na,-1,t,d,m,q,1\n")
    with pytest.raises(UserError, match=r"column seed, row 2: -1 is no seed.*leave it empty"):
        read_scores(path)


def test_the_message_of_another_reader_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(HEADER + '"' + "a,1,t,d,m,q,0.5\n" * 200 + 'x" y,1\n')
    with pytest.raises(UserError, match="not a csv table") as caught:
        read_scores(path)
    assert len(str(caught.value)) < 500
