"""Rankings and how they were judged, from files to the word: guardrails, models as judges."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from gonogo.analysis.records.verdict import VerdictFile, read_verdict
from gonogo.cli.main import app
from gonogo.core.errors import UserError

QUERIES = [f"q{n}" for n in range(40)]
RULE = {"kind": "improvement", "task": "run", "metric": "nDCG@10", "candidate": "new",
        "baseline": "old", "pass": 0.01, "fail": 0.0}  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gonogo.report.pages.writing.figures", lambda verdict: iter(()))


def gonogo(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def rule(**more: object) -> str:
    Path("rule.yaml").write_text(yaml.safe_dump({"gate": RULE | more}), encoding="utf-8")
    return "rule.yaml"


def ranking(path: str, documents: dict[str, list[str]]) -> str:
    lines = [
        f"{query} Q0 {name} {rank} {100 - rank} t\n"
        for query, names in documents.items()
        for rank, name in enumerate(names, 1)
    ]
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(lines), encoding="utf-8")
    return path


def runs(unjudged: int) -> None:
    """Write three seeds of two arms: of the new one's first ten so many are not judged."""
    lines = []
    for query in QUERIES:
        lines += [f"{query} 0 d{n} {int(n < 4)}\n" for n in range(12)]
    Path("qrels.txt").write_text("".join(lines), encoding="utf-8")
    for seed in (1, 2, 3):
        draw = random.Random(seed)
        for arm in ("old", "new"):
            found = {}
            for query in QUERIES:
                relevant = [f"d{n}" for n in range(4)]
                rest = [f"d{n}" for n in range(4, 12)]
                draw.shuffle(relevant), draw.shuffle(rest)
                if arm == "old":
                    above = draw.choice([1, 2, 3])
                    found[query] = [*rest[:above], *relevant, *rest[above:6]]
                else:
                    known = [*relevant, *rest][: 10 - unjudged]
                    found[query] = [*known, *(f"new{n}" for n in range(unjudged))]
            ranking(f"runs/{arm}/seed_{seed}/d.trec", found)


def decided(*more: str) -> VerdictFile:
    how = ["--runs", "runs", "--qrels", "qrels.txt", "--out", "v"]
    result = gonogo("decide", "rule.yaml", *how, *more)
    assert result.exit_code == 0, result.output
    return read_verdict(Path("v/verdict.json"))


def compared(*more: str) -> dict[str, object]:
    systems = [f"{arm}=runs/{arm}" for arm in ("old", "new")]
    how = ["--qrels", "qrels.txt", "--gate", "rule.yaml", "--json"]
    return json.loads(gonogo("compare", *systems, *how, *more).stdout)


@pytest.mark.parametrize(("unjudged", "word"), [(9, "INVALID"), (0, "PASS")])
def test_compare_says_invalid_as_decide_does(unjudged: int, word: str) -> None:
    runs(unjudged)
    rule()
    verdict, compared_with = decided(), compared()
    assert verdict.decision.verdict == word
    assert compared_with["decision"]["verdict"] == word
    told = "only 10 % of new's first ten documents are judged, 100 % of the other arm's"
    assert (told in compared_with["decision"]["sentence"]) == (unjudged == 9)
    # one file a system, without seeds and without names
    pair = [f"runs/{arm}/seed_1/d.trec" for arm in ("old", "new")]
    lone = gonogo("compare", *pair, "--qrels", "qrels.txt", "--gate", "rule.yaml", "--json")
    found = json.loads(lone.stdout)["decision"]
    assert (found["verdict"] == "INVALID") == (unjudged == 9), found["sentence"]


@pytest.mark.parametrize(
    ("unjudged", "word", "state"), [(5, "FAIL", "broken"), (0, "PASS", "held")]
)
def test_judged_at_ten_may_be_a_guardrail(unjudged: int, word: str, state: str) -> None:
    runs(unjudged)
    rule(guardrails=[{"metric": "Judged@10", "margin": 0.2}])
    verdict = decided()
    (rail,) = verdict.guardrails
    assert rail.metric == "Judged@10"
    assert rail.difference.value == pytest.approx(-unjudged / 10)
    assert rail.state == state
    assert verdict.decision.verdict == word
    assert verdict.decision.point == "PASS"  # all relevant documents come first


def test_a_level_of_what_nobody_judged_is_invalid_too() -> None:
    bands = [
        {"name": "low", "least": 0, "verdict": "FAIL"},
        {"name": "high", "least": 0.4, "verdict": "PASS"},
    ]
    gate = {"kind": "bands", "task": "run", "metric": "nDCG@10", "arm": "new", "bands": bands}
    for unjudged, word in ((9, "INVALID"), (0, "PASS")):
        runs(unjudged)
        Path("rule.yaml").write_text(yaml.safe_dump({"gate": gate}), encoding="utf-8")
        found = decided()
        assert found.decision.verdict == word, found.decision.sentence
        assert found.measurements


def by_a_model(right: float) -> None:
    """Write a model's judgements of all queries: right on so many documents."""
    draw, lines = random.Random(7), []
    for query in QUERIES:
        for n in range(12):
            relevant = n < 4 if draw.random() < right else n >= 4
            lines.append(f"{query} 0 d{n} {int(relevant)}\n")
    Path("model.txt").write_text("".join(lines), encoding="utf-8")
    people = Path("qrels.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    some = {f"q{n}" for n in range(0, 40, 2)}
    Path("qrels.txt").write_text("".join(one for one in people if one.split()[0] in some))


def test_a_models_judgements_stand_beside_the_word_and_do_not_make_it() -> None:
    runs(0)
    rule()
    by_a_model(0.8)
    alone, both = decided(), decided("--model-qrels", "d=model.txt")
    assert decided("--model-qrels", "model.txt").evidence.model_judged == both.evidence.model_judged
    assert both.decision.verdict == alone.decision.verdict
    assert alone.evidence.model_judged == ()
    (found,) = both.evidence.model_judged
    assert (found.human_queries, found.model_queries, found.seeds) == (20, 40, 3)
    assert found.human_value == pytest.approx(alone.effects[0].difference.value)
    assert found.low < found.value < found.high
    said = gonogo("compare", "old=runs/old", "new=runs/new", "--qrels", "qrels.txt",
                  "--metric", "nDCG@10", "--model-qrels", "model.txt").output  # fmt: skip
    assert f"{found.value:+.4f}" in said.replace("−", "-")
    table = Path("v/tables/model_judged.csv").read_text(encoding="utf-8")
    assert "debiased" in table
    assert "model, made unbiased" in Path("v/report.html").read_text(encoding="utf-8")


def test_places_of_a_models_judgements_that_mean_nothing_are_refused() -> None:
    runs(0)
    rule()
    by_a_model(0.8)
    with pytest.raises(UserError, match="no judgements for data set 'd'"):
        decided("--model-qrels", "other=model.txt")
    with pytest.raises(UserError, match="NAME=PATH for each data set"):
        decided("--model-qrels", "d=model.txt", "--model-qrels", "model.txt")
    with pytest.raises(UserError, match="only rankings are judged anew"):
        gonogo("decide", "rule.yaml", "--scores", "x.csv", "--model-qrels", "model.txt")
