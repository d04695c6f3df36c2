"""Key columns as numbers: what comes out names what went in."""

from __future__ import annotations

import polars as pl
import pytest

from gonogo.analysis.tables.labels import check_columns, codes, number, outline, present, seed_order
from gonogo.core.errors import UserError

ROWS = [
    ("b", 2, "embed", "x", "nDCG@10", "q2", 0.2),
    ("a", None, "rank", "y", "ndcg_cut_10", "q1", 0.4),
    ("b", 100_000, "embed", "y", "R@5", "q1", None),
    ("a", -3, "embed", "x", "nDCG@10", "q3", 0.6),
]
SCHEMA = {
    "arm": pl.String,
    "seed": pl.Int64,
    "task": pl.String,
    "dataset": pl.String,
    "metric": pl.String,
    "query_id": pl.String,
    "value": pl.Float64,
}


def table(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def spelled(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """Return each row's keys as its labels say them."""
    labels = number(frame)
    arms, queries = labels.names["arm"], labels.names["query_id"]
    return [
        (
            arms[int(run) // len(labels.seeds)],
            labels.seeds[int(run) % len(labels.seeds)],
            *labels.key(int(place)),
            queries[int(query)],
        )
        for run, place, query in zip(labels.run, labels.place, labels.query, strict=True)
    ]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], ROWS[:1] + ROWS[3:], ROWS[::-1]])
def test_labels_spell_every_row_with_the_measures_one_name(rows: list[tuple[object, ...]]) -> None:
    wanted = [
        (a, s, t, d, "nDCG@10" if m == "ndcg_cut_10" else m, q) for a, s, t, d, m, q, _ in rows
    ]
    assert spelled(table(rows)) == wanted


def test_seeds_are_sorted_with_none_first_and_small_ones_looked_up() -> None:
    assert number(table(ROWS)).seeds == (None, -3, 2, 100_000)
    small = [(*row[:1], seed, *row[2:]) for row, seed in zip(ROWS, (7, 0, 7, 65_535), strict=True)]
    assert [row[1] for row in spelled(table(small))] == [7, 0, 7, 65_535]
    assert sorted([3, None, -1], key=seed_order) == [None, -1, 3]


def test_a_value_that_is_not_there_is_nan() -> None:
    values = number(table(ROWS)).value
    assert values[[0, 1, 3]].tolist() == [0.2, 0.4, 0.6]
    assert str(values[2]) == "nan"


def test_an_empty_table_has_no_labels() -> None:
    labels = number(table([]))
    assert (len(labels.place), len(labels.run), labels.seeds) == (0, 0, ())


def test_codes_and_what_is_present() -> None:
    known, places = codes(pl.Series(["z", "a", "z"]))
    assert (known, places.tolist()) == (("a", "z"), [1, 0, 1])
    found, own = present(pl.Series([5, 2, 5, 9]).to_numpy(), 12)
    assert (found.tolist(), own.tolist()) == ([2, 5, 9], [1, 0, 1, 2])


def test_an_outline_has_one_row_a_run_and_block() -> None:
    rows = [ROWS[0], ROWS[1], (*ROWS[0][:5], "q9", 0.9), ROWS[3]]
    found = outline(table(rows))
    assert found.rows() == [rows[1], rows[2], rows[3]]


@pytest.mark.parametrize("column", ["arm", "seed", "metric", "value"])
def test_a_table_without_a_column_is_refused(column: str) -> None:
    with pytest.raises(UserError, match=f"no column {column}"):
        check_columns(table(ROWS).drop(column))


def test_empty_keys_are_counted() -> None:
    frame = table([*ROWS, (None, *ROWS[0][1:]), (None, *ROWS[1][1:])])
    with pytest.raises(UserError, match="2 rows of the score table have no arm"):
        check_columns(frame)
