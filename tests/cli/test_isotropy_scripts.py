"""The two shell aliases pass what they are given on to the verbs, and ask nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"

RECORDER = """#!/usr/bin/env bash
# Stands in for python: writes down what it was called with.
printf '%s\\n' "$*" >> "$RECORD"
[ "$3" != "${FAIL:-}" ]
"""


def calls(tmp_path: Path, script: str, *arguments: str, **settings: str) -> tuple[int, list[str]]:
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    python = tmp_path / "python"
    python.write_text(RECORDER)
    python.chmod(0o755)
    record = tmp_path / "calls"
    record.unlink(missing_ok=True)
    done = subprocess.run(
        ["bash", str(SCRIPTS / script), *arguments],
        env={**os.environ, "PYTHON": str(python), "RECORD": str(record), **settings},
        stdin=subprocess.DEVNULL,  # whoever asks something would fail here
        check=False,
        timeout=60,
    )
    return done.returncode, record.read_text().splitlines() if record.exists() else []


def test_training_is_planned_run_and_checked(tmp_path: Path) -> None:
    script = "train_publication_recommended.sh"
    code, found = calls(tmp_path, script, "--tier", "cpu", PRICE="2.5")
    assert code == 0
    assert found == [
        "-m gonogo plan isotropy --calibrate --workers 3 --price-per-hour 2.5 --tier cpu",
        "-m gonogo run isotropy --tier cpu",
        "-m gonogo criteria isotropy --tier cpu",
    ]
    assert len(calls(tmp_path, script, PLAN_ONLY="1")[1]) == 1


def test_each_verb_gets_the_options_that_it_has(tmp_path: Path) -> None:
    given = ["-q", "--device", "cpu", "--force", "--set", "seeds=[1]", "--out", "there"]
    _, found = calls(tmp_path, "train_publication_recommended.sh", *given)
    assert found[0].endswith("--price-per-hour 0 -q --device cpu --set seeds=[1] --out there")
    assert found[1] == "-m gonogo run isotropy " + " ".join(given)
    assert found[2] == "-m gonogo criteria isotropy -q --set seeds=[1] --out there"


def test_a_failing_run_ends_the_script(tmp_path: Path) -> None:
    code, found = calls(tmp_path, "train_publication_recommended.sh", FAIL="run")
    assert code != 0
    assert len(found) == 2


def test_evaluation_takes_all_sets_and_a_default_file(tmp_path: Path) -> None:
    code, found = calls(tmp_path, "evaluate_all_beir.sh", "bm25", "minilm")
    assert (code, found) == (0, ["-m gonogo evaluate bm25 minilm --out beir.md --datasets all"])
    _, found = calls(tmp_path, "evaluate_all_beir.sh", "bm25", "--out", "x.csv")
    assert found == ["-m gonogo evaluate bm25 --out x.csv --datasets all"]
