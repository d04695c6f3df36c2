"""Clusters of queries come from a tab-separated file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from gonogo.core.errors import UserError
from gonogo.data.files.cluster_table import read_clusters, with_clusters


@pytest.fixture
def scores() -> pl.DataFrame:
    return pl.DataFrame(
        {"dataset": ["d", "d", "e"], "query_id": ["1", "02", "1"], "value": [0.1, 0.2, 0.3]}
    )


def written(folder: Path, text: str) -> Path:
    file = folder / "clusters.tsv"
    file.write_text(text, encoding="utf-8")
    return file


def test_clusters_are_joined_by_query_and_by_data_set_where_named(
    tmp_path: Path, scores: pl.DataFrame
) -> None:
    file = written(tmp_path, "query_id\tcluster\n1\tA\n")
    found = with_clusters(scores, read_clusters(file), file)
    assert found["cluster"].to_list() == ["A", None, "A"]
    file = written(tmp_path, "dataset\tquery_id\tcluster\ne\t1\tA\nd\t02\tB\n")
    found = with_clusters(found, read_clusters(file), file)
    assert found["cluster"].to_list() == [None, "B", "A"]
    assert found.drop("cluster").equals(scores)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query_id,cluster\n1,A\n", "'query_id' is missing"),
        ("query_id\tgroup\n1\tA\n", "'cluster' is missing"),
        ("query_id\tcluster\n1\tA\n1\tB\n", "1 is named twice"),
        ("query_id\tcluster\n1\t\n", "empty cells"),
        ("", "not a tab-separated table"),
    ],
)
def test_a_file_that_is_no_such_table_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_clusters(written(tmp_path, text))


def test_clusters_of_other_queries_are_told(tmp_path: Path, scores: pl.DataFrame) -> None:
    file = written(tmp_path, "query_id\tcluster\nx9\tA\n")
    with pytest.raises(UserError, match="none of the scored queries"):
        with_clusters(scores, read_clusters(file), file)
    with pytest.raises(UserError, match="no such file"):
        read_clusters(tmp_path / "absent.tsv")
