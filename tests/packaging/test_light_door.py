"""``pip install gonogo`` alone: the verdict works, and what needs more says how to get it.

Run where only the base is installed these tests see the real thing; elsewhere what the extras
bring is hidden from each process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from planted_weights import write_tiny_study

from gonogo.cli.main import app
from gonogo.core.extras import EXTRAS
from gonogo.data.files.score_table import SCHEMA, write_scores

HIDDEN = sorted(module for modules in EXTRAS.values() for module in modules.values())
SCRIPT = f"""
import sys
from importlib.machinery import PathFinder
find = PathFinder.find_spec
def hide(name, path=None, target=None):
    return None if name in {HIDDEN} else find(name, path, target)
PathFinder.find_spec = hide
sys.argv = ["gonogo", *sys.argv[1:]]
from gonogo.cli.main import main
main()
"""
NEEDS_MORE = {
    "run": ["run", "no-such-study"],
    "learn": ["learn", "no-such-study"],
    "evaluate": ["evaluate", "no-such-model", "--datasets", "nowhere", "--out", "out.md"],
    "export": ["export", "nowhere", "--out", "out"],
    "isotropy": ["isotropy", "no-such-model", "--texts", "nowhere"],
    "postmortem": ["postmortem", "nowhere"],
    "search": ["search", "nowhere"],
    "bank": ["data", "bank", "nowhere", "--out", "out"],
    "msmarco": ["data", "msmarco", "--out", "out", "--from", "nowhere"],
    "whiten": ["data", "whiten", "nowhere", "--out", "out"],
    "plan": ["plan", "no-such-study", "--calibrate"],
}
"""Each asks for something that is not there, which would be told if it were looked at."""
LIGHT = {
    "plan", "status", "decide", "compare", "report", "summary", "criteria", "studies", "doctor",
    "schema", "pairs", "preflight",
}  # fmt: skip
GATE = {
    "kind": "improvement",
    "task": "embed",
    "metric": "nDCG@10",
    "candidate": "new",
    "baseline": "old",
    "pass": 0.05,
}


def gonogo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
    )


def test_every_verb_is_known_here() -> None:
    groups = [group.typer_instance for group in app.registered_groups]
    commands = [command for part in (app, *groups) for command in part.registered_commands]
    found = {command.name or command.callback.__name__ for command in commands}
    assert found == LIGHT | NEEDS_MORE.keys()


@pytest.mark.parametrize("verb", NEEDS_MORE)
def test_what_is_missing_is_told_before_anything_is_read(verb: str, tmp_path: Path) -> None:
    done = gonogo(*NEEDS_MORE[verb], cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: gonogo ")
    assert done.stderr.endswith("(pip install 'gonogo[train]')\n")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    (tmp_path / "rule.yaml").write_text(yaml.safe_dump({"gate": GATE}), encoding="utf-8")
    rows = [
        (arm, seed, "embed", "birds", "nDCG@10", f"q{n}", 0.4 + 0.01 * seed + gain * (n % 7) / 30)
        for arm, gain in (("old", 0), ("new", 1))
        for seed in (1, 2, 3)
        for n in range(20)
    ]
    write_scores(tmp_path / "scores.parquet", pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    return tmp_path


def test_a_verdict_with_its_whole_report(scores: Path) -> None:
    done = gonogo("decide", "rule.yaml", "--scores", "scores.parquet", "--out", "v", cwd=scores)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in {"PASS", "MARGINAL", "FAIL"}
    (scores / "v" / "report.html").unlink()
    done = gonogo("report", "v", cwd=scores)
    assert done.returncode == 0, done.stderr
    assert "<svg" in (scores / "v" / "report.html").read_text(encoding="utf-8")


def test_two_rankings_are_compared(tmp_path: Path) -> None:
    for name, places in (("old", (2, 1)), ("new", (1, 2))):
        lines = [
            f"q{q} Q0 d{d} {place} {9 - place} {name}"
            for q in range(6)
            for d, place in enumerate(places)
        ]
        (tmp_path / f"{name}.trec").write_text("\n".join(lines) + "\n", encoding="utf-8")
    judged = "".join(f"q{q} 0 d0 1\n" for q in range(6))
    (tmp_path / "qrels.txt").write_text(judged, encoding="utf-8")
    done = gonogo("compare", "old.trec", "new.trec", "--qrels", "qrels.txt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nDCG@10" in done.stdout


def test_a_study_is_planned_and_what_a_run_needs_is_told(tmp_path: Path) -> None:
    write_tiny_study(tmp_path)
    for verb in (["plan"], ["status"], ["run", "--dry-run"]):
        done = gonogo(*verb, "tiny.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "joint_single" in done.stdout
        assert ("pip install 'gonogo[train]'" in done.stdout) == (verb != ["status"])


def test_weights_of_a_hub_are_not_there_yet(tmp_path: Path) -> None:
    done = gonogo("plan", "isotropy", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not here yet" in done.stdout


@pytest.mark.parametrize("verb", ["studies", "doctor", "schema"])
def test_verbs_that_only_tell(verb: str, tmp_path: Path) -> None:
    done = gonogo(verb, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout
