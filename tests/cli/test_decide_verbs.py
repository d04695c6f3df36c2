"""gonogo decide and summary from the command line: whose gate, which folder, and what is told."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml
from test_wrong_input import run_verb
from typer.testing import CliRunner

from gonogo.analysis.records.verdict import VerdictFile, read_verdict
from gonogo.cli.main import app
from gonogo.data.files.score_table import SCHEMA, write_scores

GATE = {
    "kind": "improvement",
    "task": "embed",
    "metric": "nDCG@10",
    "candidate": "new",
    "baseline": "old",
    "pass": 0.05,
}
GAINS = (0.08, 0.10, 0.12, 0.10) * 10
"""Of each query; 0.10 on average."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder; figures are tested elsewhere and take seconds to draw."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gonogo.report.pages.writing.figures", lambda verdict: iter(()))


def decide(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["decide", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def verdict_in(folder: str) -> VerdictFile:
    return read_verdict(Path(folder) / "verdict.json")


def gate_file(name: str = "rule.yaml", **changes: object) -> str:
    Path(name).write_text(yaml.safe_dump({"gate": GATE | changes}), encoding="utf-8")
    return name


def score_file(arms: tuple[str, str] = ("old", "new")) -> str:
    rows = [
        (arm, seed, "embed", "birds", "nDCG@10", f"q{n}", 0.5 + 0.01 * seed + place * gain)
        for place, arm in enumerate(arms)
        for seed in (1, 2)
        for n, gain in enumerate(GAINS)
    ]
    write_scores(Path("scores.csv"), pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return "scores.csv"


def study_file(tiny_study: Path) -> str:
    """Let the tiny study judge arms that are in the score file."""
    values = yaml.safe_load(tiny_study.read_text(encoding="utf-8"))
    values["arms"] = {"old": {"tasks": ["embed"]}, "new": {"tasks": ["embed", "rerank"]}}
    values["gate"] = GATE
    tiny_study.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return str(tiny_study)


def test_scores_from_elsewhere() -> None:
    lines = decide(gate_file(), "--scores", score_file(), "--out", "verdict").splitlines()
    assert lines[0].startswith("PASS  ")
    assert "new gains 10.00 points of nDCG@10 on embed over old" in "\n".join(lines)
    assert lines[-1] == "report: verdict/report.html"
    assert (verdict_in("verdict").study, verdict_in("verdict").decision.verdict) == ("rule", "PASS")
    assert Path("verdict/report.html").exists()


def test_rankings_from_elsewhere() -> None:
    """The old arm has the relevant document second, the new one first: 1 / log2(3) against 1."""
    Path("birds.qrels").write_text("q1 0 d1 1\nq2 0 d2 1\n", encoding="utf-8")
    for arm, first, second in (("old", "d9", "d{n}"), ("new", "d{n}", "d9")):
        for seed in (1, 2):
            run = Path("runs") / arm / f"seed_{seed}" / "embed" / "birds.trec"
            run.parent.mkdir(parents=True)
            lines = [
                f"q{n} Q0 {document.format(n=n)} {rank} {10 - rank} x"
                for n in (1, 2)
                for rank, document in enumerate((first, second), start=1)
            ]
            run.write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = decide(gate_file(), "--runs", "runs", "--qrels", "birds.qrels", "--out", "verdict")
    assert told.startswith("INCONCLUSIVE  2 queries: too few to tell how queries differ")
    [effect] = verdict_in("verdict").effects
    assert effect.difference.value == pytest.approx(1 - 0.63093, abs=1e-5)


def test_overrides_and_tier_of_a_study_reach_the_gate(tiny_study: Path) -> None:
    study, scores = study_file(tiny_study), score_file()
    assert decide(study, "--scores", scores).startswith("PASS  ")
    strict = ["--set", "gate.pass=0.2", "--set", "gate.fail=0.15", "--quick"]
    assert decide(study, "--scores", scores, *strict).startswith("FAIL  ")
    found = verdict_in("outputs/decisions/tiny")
    assert (found.tier, found.preliminary, found.decision.support) == (
        "quick", True, "preliminary: tier quick"
    )  # fmt: skip
    assert found.decision.warnings[-1] == "the study planned seeds 1; the scores have 1, 2"


def test_a_lone_gate_takes_its_own_keys_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gate, scores = gate_file(), score_file()
    assert decide(gate, "--scores", scores, "--set", "gate.pass=0.2").startswith("MARGINAL  ")
    for wrong, told in (
        (["--quick"], "rule.yaml: a file with nothing but a gate has no tier 'quick'"),
        (["--tier", "full"], "has no tier 'full'"),
        (["--set", "training.epochs=2"], "--set training.epochs: unknown key 'training'"),
        (["--quick", "--tier", "full"], "contradict each other"),
    ):
        code, _, error = run_verb(monkeypatch, capsys, "decide", gate, "--scores", scores, *wrong)
        assert (code, told in error) == (2, True), error


def test_each_gate_has_a_folder_of_its_own_and_out_is_taken_at_its_word() -> None:
    scores = score_file()
    for name in ("one.yaml", "two.yaml"):
        decide(gate_file(name), "--scores", scores)
    assert {path.name for path in Path("outputs/decisions").iterdir()} == {"one", "two"}
    decide(gate_file(), "--scores", scores, "--out", "outputs")
    assert Path("outputs/verdict.json").exists()


def test_names_that_no_score_has_are_told_beside_those_that_are_there() -> None:
    gate = gate_file(candidate="newer", metric="MRR@10")
    told = " ".join(decide(gate, "--scores", score_file(), "--out", "verdict").split())
    assert told.startswith("INCOMPLETE")
    assert "gonogo run" not in told
    assert verdict_in("verdict").decision.next_actions == (
        "the scores have no arm 'newer'; arms there: new, old; did you mean 'new'?",
        "the scores have no metric 'RR@10'; metrics there: nDCG@10; did you mean 'nDCG@10'?",
        "add the missing scores, or name in the gate what the scores hold, and decide again",
    )


def test_a_gate_with_words_of_its_own_keeps_them() -> None:
    gate = gate_file(candidate="newer", next_actions={"INCOMPLETE": ["ask Ada"]})
    decide(gate, "--scores", score_file(), "--out", "verdict")
    assert verdict_in("verdict").decision.next_actions == ("ask Ada",)


@pytest.mark.parametrize("verb", ["decide", "summary"])
def test_a_study_that_never_ran_is_refused(
    verb: str,
    tiny_study: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--quick", "--out", "there", "--set", "training.epochs=2"]
    code, out, error = run_verb(monkeypatch, capsys, verb, str(tiny_study), *options)
    assert (code, out) == (2, "")
    assert error.startswith("error: nothing was run in there/tiny/quick (")
    run = f"gonogo run {tiny_study} --tier quick --out there --set training.epochs=2 runs it"
    assert run in error
    assert not Path("there").exists()


def test_a_study_with_one_trial_begun_says_how_to_go_on(tiny_study: Path) -> None:
    Path("outputs/tiny/full/trials/emb_only/seed_1").mkdir(parents=True)
    assert decide(str(tiny_study)).startswith("INCOMPLETE")
    [action] = verdict_in("outputs/tiny/full").decision.next_actions
    assert action == "finish the missing parts: gonogo run continues where it stopped"


def test_judgements_of_handed_in_runs_stand_in_the_verdict(tmp_path: Path) -> None:
    queries = [f"q{number}" for number in range(30)]
    qrels = "".join(f"{q} 0 {q}d{n} {int(n < 3)}\n" for q in queries for n in range(10))
    Path("pool.qrels").write_text(qrels)
    for arm, name in (("old", "d"), ("new", "u")):
        run = Path("runs") / arm / "embed" / "pool.trec"
        run.parent.mkdir(parents=True)
        # the new arm finds one judged document, and nine that nobody has looked at
        lines = [
            f"{q} Q0 {q}{'d' if n == 9 else name}{n} {n + 1} {10 - n} x\n"
            for q in queries
            for n in range(10)
        ]
        run.write_text("".join(lines))
    given = ("--runs", "runs", "--qrels", "pool.qrels")
    told = decide(gate_file(), *given, "--out", "verdict")
    found = verdict_in("verdict")
    assert found.decision.verdict == "INVALID"
    assert "only 10 % of new's first ten documents are judged" in told
    shares = {run.arm: run.judged_at for run in found.evidence.judged_runs}
    assert shares == {"old": 1.0, "new": pytest.approx(0.1)}
    (bounds,) = found.evidence.unjudged
    assert bounds.low == bounds.value < 0.0 < bounds.high
    page = Path("verdict/report.html").read_text()
    assert "Rankings and their judgements" in page
    assert "Bounds over unjudged documents" in page
    decide(gate_file(), *given, "--out", "condensed", "--condensed")
    condensed = {row.arm: row.mean for row in verdict_in("condensed").scores if row.dataset}
    assert condensed["new"] == 0.0  # its one judged document is not relevant
