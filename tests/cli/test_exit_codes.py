"""How verbs end by their verdict, and what programs and pipelines get of it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
import yaml
from planted_trials import finish, plan_of, planted_scores
from typer.testing import CliRunner, Result

from gonogo.cli.main import app
from gonogo.cli.shared.exit_codes import CODES
from gonogo.data.files.score_table import SCHEMA, write_scores

LINES = {"PASS": (0.05, 0.0), "FAIL": (0.3, 0.2), "MARGINAL": (0.2, 0.05), "INCONCLUSIVE": (0.1, 0)}
"""A gain of 10 points, give or take 2, lies in the band of each word by these lines."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr("gonogo.report.pages.writing.figures", lambda verdict: iter(()))


def gate(word: str) -> str:
    good, bad = LINES.get(word, LINES["PASS"])
    rule = {"kind": "improvement", "task": "embed", "metric": "nDCG@10", "pass": good, "fail": bad}
    rule |= {"candidate": "new", "baseline": "gone" if word == "INCOMPLETE" else "old"}
    Path("rule.yaml").write_text(yaml.safe_dump({"gate": rule}), encoding="utf-8")
    return "rule.yaml"


def table(name: str, arms: dict[str, float], *, level: float = 0.5) -> str:
    rows = [
        (arm, seed, "embed", "birds", "nDCG@10", f"q{n}", level + gain * (0.8 + 0.1 * (n % 5)))
        for arm, gain in arms.items()
        for seed in (1, 2, 3)
        for n in range(40)
    ]
    write_scores(Path(name), pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return name


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def decide(word: str, *options: str) -> Result:
    flat = {"old": 0.0, "new": 0.0 if word == "INVALID" else 0.1}
    scores = table("scores.csv", flat, level=1.0 if word == "INVALID" else 0.5)
    return run("decide", gate(word), "--scores", scores, "--out", "out", *options)


@pytest.mark.parametrize("word", CODES)
def test_a_word_ends_with_its_code_only_where_it_was_named(word: str) -> None:
    plain = decide(word)
    assert plain.exit_code == 0
    assert plain.stdout.startswith(word)
    assert decide(word, "--fail-on", word.lower()).exit_code == CODES[word]
    others = ",".join(other for other in CODES if other != word)
    assert decide(word, "--fail-on", others).exit_code == 0


def test_codes_are_those_that_are_documented() -> None:
    assert (CODES["FAIL"], CODES["INCONCLUSIVE"], CODES["INVALID"], CODES["INCOMPLETE"]) == (
        3,
        4,
        5,
        6,
    )
    page = Path(__file__).parents[2] / "docs" / "ci.md"
    said = page.read_text(encoding="utf-8")
    assert all(f"| {word} | {code} |" in said for word, code in CODES.items())


def test_json_is_the_whole_of_standard_output() -> None:
    done = decide("PASS", "--json", "--fail-on", "PASS")
    found = json.loads(done.stdout)
    assert found["decision"]["word"] == "PASS"
    assert found["decision"]["counts_as"] == "PASS"
    assert found["effects"][0]["difference"]["value"] == pytest.approx(0.1)
    assert done.exit_code == 7


@pytest.mark.parametrize("fails", [True, False])
def test_junit_fails_where_the_verb_does(fails: bool) -> None:
    decide("FAIL", "--junit", "report.xml", *(("--fail-on", "FAIL") if fails else ()))
    [suite] = ElementTree.parse("report.xml").getroot()
    assert suite.attrib["failures"] == str(int(fails))
    [case] = suite
    assert case.find("failure" if fails else "system-out") is not None


def test_a_workflow_gets_its_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("before\n", encoding="utf-8")
    decide("PASS")
    text = Path("summary.md").read_text(encoding="utf-8")
    assert text.startswith("before\n## PASS: rule")
    assert "new gains 10.00 points" in text
    assert "| 40 |" in text  # the table of effects ends with its queries


def test_compare_judges_by_a_gate_and_ends_alike() -> None:
    table("before.csv", {"a": 0.0})
    table("after.csv", {"b": 0.1})
    plain = run("compare", "before.csv", "after.csv", "--gate", gate("PASS"))
    assert plain.exit_code == 0
    assert "PASS, supported: new gains 10.00 points" in " ".join(plain.stdout.split())
    stopped = run("compare", "before.csv", "after.csv", "--gate", gate("FAIL"), "--fail-on", "FAIL")
    assert stopped.exit_code == 3
    told = run("compare", "before.csv", "after.csv", "--gate", gate("PASS"), "--json")
    assert json.loads(told.stdout)["decision"]["verdict"] == "PASS"


def test_compare_knows_arms_by_name_in_any_order() -> None:
    table("new.csv", {"x": 0.1})
    table("old.csv", {"y": 0.0})
    done = run("compare", "new.csv", "old.csv", "--gate", gate("PASS"), "--json")
    assert json.loads(done.stdout)["decision"]["verdict"] == "PASS"


def test_options_of_a_verdict_need_a_gate() -> None:
    table("new.csv", {"x": 0.1})
    table("old.csv", {"y": 0.0})
    done = CliRunner().invoke(app, ["compare", "old.csv", "new.csv", "--json"])
    assert "tell of a verdict" in str(done.exception)


@pytest.mark.parametrize("word", CODES)
def test_compare_ends_by_its_word_too(word: str) -> None:
    level = 1.0 if word == "INVALID" else 0.5
    table("before.csv", {"a": 0.0}, level=level)
    table("after.csv", {"b": 0.0 if word == "INVALID" else 0.1}, level=level)
    if word == "INCOMPLETE":
        kept = pl.read_csv("after.csv").filter(pl.col("query_id") != "q7")
        kept.write_csv("after.csv")
    rule = gate("PASS" if word == "INCOMPLETE" else word)
    how = ["compare", "before.csv", "after.csv", "--gate", rule]
    assert run(*how).exit_code == 0
    assert run(*how, "--fail-on", word).exit_code == CODES[word]
    others = ",".join(other for other in CODES if other != word)
    assert run(*how, "--fail-on", others).exit_code == 0


SHARES = {"PASS": 0.9, "MARGINAL": 0.985, "FAIL": 1.0, "INCONCLUSIVE": 0.98, "INVALID": 1.0}
"""What the joint arm keeps of its specialists' scores: lines are losses of 1 and 2 per cent."""


@pytest.mark.train
@pytest.mark.parametrize("word", CODES)
def test_run_ends_by_its_word_too(word: str, tiny_study: Path, tmp_path: Path) -> None:
    values = yaml.safe_load(tiny_study.read_text(encoding="utf-8"))
    values["evaluation"]["references"] = []
    tiny_study.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    share, noise = SHARES.get(word, 1.0), 0.02 if word == "INCONCLUSIVE" else 1e-4

    def kept(arm: str, seed: int, task: str) -> float:
        return (share if arm == "joint_single" else 1.0) * (word != "INVALID")

    for trial in plan_of(tiny_study, tmp_path / "out").trials:
        if word != "INCOMPLETE" or trial.arm == "emb_only":
            scores = planted_scores(trial, kept, 0.0 if word == "INVALID" else noise)
            finish(trial, scores, {"state": "finished"})
    only = ["--only", "emb_only"] if word == "INCOMPLETE" else []
    how = ["run", str(tiny_study), "--out", str(tmp_path / "out"), *only]
    plain = run(*how)
    assert plain.exit_code == 0
    assert f"\n{word}" in f"\n{plain.stdout}"
    assert run(*how, "--fail-on", word).exit_code == CODES[word]
    others = ",".join(other for other in CODES if other != word)
    assert run(*how, "--fail-on", others, "--junit", "run.xml").exit_code == 0
    assert Path("run.xml").exists()
