"""Runs in any layout, and holes that a value may not rest on."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.study.deciding.judgements import judgements
from gonogo.study.deciding.run_files import score_runs


def write(path: Path, run: dict[str, list[str]]) -> None:
    """Write a ranking as a TREC run, packed where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        f"{query} Q0 {document} {rank} {100 - rank} t\n"
        for query, documents in run.items()
        for rank, document in enumerate(documents, start=1)
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


QUERIES = [f"{number:03d}" for number in range(1, 13)]


@pytest.fixture
def qrels(tmp_path: Path) -> str:
    path = tmp_path / "qrels.tsv"
    path.write_text("".join(f"{query}\td{query}\t1\n" for query in QUERIES))
    return str(path)


def deep(depth: int = 12) -> dict[str, list[str]]:
    return {query: [f"d{query}", *(f"x{n}" for n in range(depth - 1))] for query in QUERIES}


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("new/seed_3/embed/d.trec", None),
        ("new/seed_3/d.res.gz", None),
        ("a/deep/folder/runs/new/seed_3/d.txt", None),
        ("new_seed3_d.res.gz", "{arm}_seed{seed}_{dataset}.res.gz"),
        ("d/new/embed.3.run", "{dataset}/{arm}/{task}.{seed}.run"),
    ],
)
def test_layouts(tmp_path: Path, qrels: str, path: str, pattern: str | None) -> None:
    folder = tmp_path / "in"
    write(folder / path, deep())
    if path.startswith("a/"):
        folder = folder / "a/deep/folder"
    found = score_runs(folder, qrels, ("nDCG@10",), pattern=pattern, task="embed").scores
    assert found.select("arm", "seed", "task", "dataset").unique().rows() == [
        ("new", 3, "embed", "d")
    ]
    assert found["value"].to_list() == [1.0] * 12


def test_ids_that_lost_their_zeros_are_refused(tmp_path: Path, qrels: str) -> None:
    write(tmp_path / "in/new/d.trec", {str(int(query)): docs for query, docs in deep().items()})
    with pytest.raises(UserError, match="none of the 12 judged queries has a ranking") as caught:
        score_runs(tmp_path / "in", qrels, ("nDCG@10",))
    assert "the run has queries 1, 2, 3, the judgements 001, 002, 003" in str(caught.value)


def test_a_query_without_a_ranking_is_a_hole_unless_it_was_searched_in_vain(
    tmp_path: Path, qrels: str
) -> None:
    half = dict(list(deep().items())[:6])
    write(tmp_path / "in/new/d.trec", {**half, "9": ["d009"]})
    found = score_runs(tmp_path / "in", qrels, ("nDCG@10",))
    assert found.scores.height == 6
    assert found.notes == (
        "new, run, d: 6 of 12 judged queries have no ranking (007, 008, 009, ...) and count as 0",
        "new, run, d: 1 ranked queries have no judgement (9)",
    )
    whole = score_runs(tmp_path / "in", qrels, ("nDCG@10",), empty_is_zero=True).scores
    assert whole["value"].to_list() == [1.0] * 6 + [0.0] * 6


def test_a_run_cut_short_of_the_cutoff_is_a_hole_where_another_goes_deeper(
    tmp_path: Path, qrels: str
) -> None:
    write(tmp_path / "in/old/d.trec", deep())
    write(tmp_path / "in/new/d.trec", deep(5))
    found = score_runs(tmp_path / "in", qrels, ("nDCG@10", "P@5", "AP"))
    new = found.scores.filter(arm="new")
    assert sorted(new["metric"].unique()) == ["AP", "P@5"]
    assert found.notes == (
        "new, run, d: rankings end at rank 5, those of others at 12; left out: nDCG@10",
    )
    # where all are as short, the corpus may be no larger
    write(tmp_path / "in/old/d.trec", deep(5))
    assert score_runs(tmp_path / "in", qrels, ("nDCG@10",)).notes == (
        "run, d: no run goes beyond rank 5, which ends nDCG@10 too",
    )


def test_documents_that_never_meet_are_a_hole(tmp_path: Path, qrels: str) -> None:
    write(tmp_path / "in/new/d.trec", {query: ["D"] for query in QUERIES})
    found = score_runs(tmp_path / "in", qrels, ("nDCG@10",))
    assert found.scores.height == 0
    assert "no document of any ranking is judged" in found.notes[0]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("{arm}_{fold}_{dataset}.trec", "{fold} means nothing"),
        ("{arm}.trec", "names {arm} and {dataset}"),
        ("{arm}/{arm}/{dataset}", "each once"),
        ("{arm}-{dataset}.nothing", "no run below this folder has a path like"),
    ],
)
def test_patterns_that_say_nothing(tmp_path: Path, qrels: str, pattern: str, problem: str) -> None:
    write(tmp_path / "in/new/d.trec", deep())
    with pytest.raises(UserError) as caught:
        score_runs(tmp_path / "in", qrels, ("nDCG@10",), pattern=pattern)
    assert problem in str(caught.value)


def test_judgements_in_folders(tmp_path: Path) -> None:
    for name in ("d.qrels.gz", "beir/d2/qrels/test.tsv", "d3.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "d.qrels.gz").write_bytes(gzip.compress(b"q 0 a 1\n"))
    (tmp_path / "beir/d2/qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n")
    (tmp_path / "d3.json").write_text('{"q": {"a": 1}}')
    places = [("d", tmp_path), ("d2", tmp_path / "beir"), ("x", tmp_path / "beir/d2")]
    for dataset, place in [*places, ("d3", tmp_path)]:
        assert judgements(dataset, str(place)) == {"q": {"a": 1}}
    with pytest.raises(UserError, match="no judgements for data set 'none'"):
        judgements("none", str(tmp_path))


def test_runs_that_all_end_before_the_cutoff_are_told(tmp_path: Path, qrels: str) -> None:
    for arm in ("old", "new"):
        write(tmp_path / f"in/{arm}/d.trec", deep(12))
    found = score_runs(tmp_path / "in", qrels, ("nDCG@10", "R@100"))
    assert set(found.scores["metric"]) == {"nDCG@10", "R@100"}
    assert found.notes == ("run, d: no run goes beyond rank 12, which ends R@100 too",)


def test_judgements_without_anything_relevant_are_a_hole(tmp_path: Path) -> None:
    for arm in ("old", "new"):
        run = tmp_path / "runs" / arm / "d.trec"
        run.parent.mkdir(parents=True)
        run.write_text("".join(f"q{n} Q0 a 1 2.0 t\nq{n} Q0 b 2 1.0 t\n" for n in range(8)))
    lines = [f"q{n} 0 {name} 0\n" for n in range(8) for name in "ab"]
    (tmp_path / "none.qrels").write_text("".join(lines))
    scored = score_runs(tmp_path / "runs", str(tmp_path / "none.qrels"), ("nDCG@10",))
    assert scored.scores.is_empty()
    assert sum("nothing is judged relevant" in note for note in scored.notes) == 2
    (tmp_path / "one.qrels").write_text(
        "".join([*lines, "q8 0 a 0\n"]).replace("q3 0 a 0", "q3 0 a 1")
    )
    scored = score_runs(tmp_path / "runs", str(tmp_path / "one.qrels"), ("nDCG@10",))
    assert len(scored.scores) == 2 * 8  # queries without anything relevant count as 0
