"""gonogo compare on two rankings: means, difference, tests and changed queries."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gonogo.cli.main import app


def write_run(name: str, ranks: dict[str, int]) -> None:
    """Write a ranking of three documents with the relevant one at the given rank."""
    lines = []
    for query, rank in ranks.items():
        documents = ["x", "y"]
        documents.insert(rank - 1, "right")
        lines += [f"{query} Q0 {d} {n} {9 - n} t" for n, d in enumerate(documents, start=1)]
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_two_rankings_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences are 0.5, 0.5, 0, 0: d = 0.25 / 0.2887 and t = d * 2 with 3 degrees of freedom."""
    monkeypatch.chdir(tmp_path)
    before = {"q1": 2, "q2": 2, "q3": 1, "q4": 3}
    write_run("before.trec", before)
    write_run("after.trec", {**before, "q1": 1, "q2": 1})
    Path("birds.qrels").write_text("".join(f"{q} 0 right 1\n" for q in before), encoding="utf-8")
    command = ["compare", "before.trec", "after.trec", "--qrels", "birds.qrels"]
    done = CliRunner().invoke(app, [*command, "--metric", "MRR@10"], catch_exceptions=False)
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[4] == "RR@10 run birds 0.5833 * 0.8333"
    assert "mean over data sets" not in done.stdout  # of one, it is no number of its own
    assert lines[6] == "after - before: RR@10 on run"
    assert lines[7].startswith("difference +0.2500 95 % -0.5795 to +0.7567 (queries, few differ;")
    assert "p permutation 0.500, Holm 0.500, Bonferroni 0.500, t 0.182, Wilcoxon 0.500" in lines
    assert "effect size +0.87 (Cohen's d of paired differences)" in lines
    assert lines[-5:] == [
        "queries 2 better, 2 equal, 0 worse",
        "gained most: birds q1 0.5000 -> 1.0000",
        "gained most: birds q2 0.5000 -> 1.0000",
        "before: 4 of 4 judged queries ranked, 3 documents each; 4 of 4 judged documents found; "
        "Judged@10 0.33",
        "after: 4 of 4 judged queries ranked, 3 documents each; 4 of 4 judged documents found; "
        "Judged@10 0.33",
    ]


def test_a_models_judgements_are_corrected_by_peoples(tmp_path: Path) -> None:
    """The model calls every document of the new run relevant that it ranks first."""
    from typer.testing import CliRunner

    from gonogo.cli.main import app

    queries = [f"q{number}" for number in range(60)]
    for name, first in (("old", "a"), ("new", "b")):
        lines = [
            f"{q} Q0 {d} {r + 1} {2 - r} x\n"
            for q in queries
            for r, d in enumerate((first, "ab".replace(first, "")))
        ]
        (tmp_path / f"{name}.trec").write_text("".join(lines))
    people = [f"{q} 0 {'ab'[n % 3 == 0]} 1\n" for n, q in enumerate(queries[:20])]
    model = [f"{q} 0 {'ab'[n % 3 < 2]} 1\n" for n, q in enumerate(queries)]
    (tmp_path / "people.qrels").write_text("".join(people))
    (tmp_path / "model.qrels").write_text("".join(model))
    given = [str(tmp_path / name) for name in ("old.trec", "new.trec")]
    how = ["--qrels", str(tmp_path / "people.qrels"), "--metric", "RR@10"]
    how += ["--model-qrels", str(tmp_path / "model.qrels")]
    done = CliRunner().invoke(app, ["compare", *given, *how], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "judged by people on 20 of 60 queries and by a model on all" in done.output
    found = {line.split()[0]: float(line.split()[2 if "alone" in line else 1].strip(","))
             for line in done.output.splitlines()
             if line.startswith(("  debiased", "  people alone", "  model alone"))}  # fmt: skip
    assert found["people"] == pytest.approx(0.5 * (7 - 13) / 20, abs=1e-4)
    assert found["model"] == pytest.approx(0.5 * (40 - 20) / 60, abs=1e-4)
    assert abs(found["debiased"] - found["people"]) < abs(found["debiased"] - found["model"])
