"""The two shell aliases pass what they are given on to the verbs, and ask nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alias_scripts import run_script

TRAIN = "train_publication_recommended.sh"

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
    done = run_script(script, *arguments, PYTHON=str(python), RECORD=str(record), **settings)
    return done.returncode, record.read_text().splitlines() if record.exists() else []


def test_training_is_planned_run_and_checked(tmp_path: Path) -> None:
    code, found = calls(tmp_path, TRAIN, "--tier", "cpu", PRICE="2.5")
    assert code == 0
    assert found == [
        "-m gonogo plan isotropy --workers 3 --calibrate --price-per-hour 2.5 --tier cpu",
        "-m gonogo run isotropy --tier cpu",
        "-m gonogo criteria isotropy --tier cpu",
    ]
    assert len(calls(tmp_path, TRAIN, PLAN_ONLY="1")[1]) == 1


def test_each_verb_gets_the_options_that_it_has(tmp_path: Path) -> None:
    given = ["-q", "--device", "cpu", "--force", "--set", "seeds=[1]", "--out", "there"]
    _, found = calls(tmp_path, TRAIN, *given)
    assert found[0].endswith("--workers 3 --calibrate -q --device cpu --set seeds=[1] --out there")
    assert found[1] == "-m gonogo run isotropy " + " ".join(given)
    assert found[2] == "-m gonogo criteria isotropy -q --set seeds=[1] --out there"


def test_options_are_known_in_every_spelling(tmp_path: Path) -> None:
    given = ["--tier=cpu", "--set=seeds=[1]", "-othere", "--only=base*", "--run-id", "--quick"]
    _, found = calls(tmp_path, TRAIN, *given)
    assert found[0].endswith("--calibrate --tier=cpu --set=seeds=[1] -othere --only=base*")
    assert found[1] == "-m gonogo run isotropy " + " ".join(given)
    assert found[2] == "-m gonogo criteria isotropy --tier=cpu --set=seeds=[1] -othere"


def test_no_price_is_no_cost(tmp_path: Path) -> None:
    assert "price" not in calls(tmp_path, TRAIN)[1][0]
    assert "--price-per-hour 2" in calls(tmp_path, TRAIN, PRICE="2")[1][0]


@pytest.mark.parametrize("given", [["--workers", "5"], ["--workers=5"]])
def test_time_is_told_for_as_many_workers_as_run(tmp_path: Path, given: list[str]) -> None:
    """Beside one and three; the first plan measures, so that the second one need not."""
    code, found = calls(tmp_path, TRAIN, *given, "--tier", "cpu", PRICE="2")
    assert (code, found) == (
        0,
        [
            "-m gonogo plan isotropy --workers 5 --calibrate --price-per-hour 2 --tier cpu",
            "-m gonogo plan isotropy --workers 3 --price-per-hour 2 --tier cpu",
            f"-m gonogo run isotropy {' '.join(given)} --tier cpu",
            "-m gonogo criteria isotropy --tier cpu",
        ],
    )


@pytest.mark.parametrize("count", ["1", "3"])
def test_a_plan_is_made_once_where_it_tells_all(tmp_path: Path, count: str) -> None:
    _, found = calls(tmp_path, TRAIN, "--workers", count)
    assert [call for call in found if " plan " in call] == [
        "-m gonogo plan isotropy --workers 3 --calibrate"
    ]
    assert f"-m gonogo run isotropy --workers {count}" in found


def test_wrong_workers_end_the_script_before_anything_runs(tmp_path: Path) -> None:
    done = run_script(TRAIN, "--workers", "many", "--dry-run", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "workers" in done.stderr
    assert not (tmp_path / "out").exists()


def test_of_the_second_plan_only_times_and_costs_are_shown(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(
        "#!/usr/bin/env bash\n"
        '[ "$3" = plan ] && printf "%s\\n" "for $6" "time left   about $6" "cost        $6"\n:\n'
    )
    python.chmod(0o755)
    done = run_script(TRAIN, "--workers", "5", PYTHON=str(python), PLAN_ONLY="1")
    assert done.stdout.splitlines() == [
        *("for 5", "time left   about 5", "cost        5"),
        *("time left   about 3", "cost        3"),
    ]


@pytest.mark.parametrize("flag", ["--dry-run", "-d"])
def test_a_dry_run_measures_and_judges_nothing(tmp_path: Path, flag: str) -> None:
    code, found = calls(tmp_path, TRAIN, "--tier", "cpu", flag)
    assert (code, found) == (
        0,
        [
            "-m gonogo plan isotropy --workers 3 --tier cpu",
            f"-m gonogo run isotropy --tier cpu {flag}",
        ],
    )


def test_a_failing_run_ends_the_script(tmp_path: Path) -> None:
    code, found = calls(tmp_path, TRAIN, FAIL="run")
    assert code != 0
    assert len(found) == 2


def test_evaluation_takes_all_sets_and_a_default_file(tmp_path: Path) -> None:
    code, found = calls(tmp_path, "evaluate_all_beir.sh", "bm25", "minilm")
    assert (code, found) == (0, ["-m gonogo evaluate bm25 minilm --out beir.md --datasets all"])


@pytest.mark.parametrize("out", ["--out x.csv", "--out=x.csv", "-o x.csv", "-ox.csv"])
def test_the_file_that_was_asked_for_is_the_only_one(tmp_path: Path, out: str) -> None:
    _, found = calls(tmp_path, "evaluate_all_beir.sh", "bm25", *out.split(), "--offline")
    assert found == [f"-m gonogo evaluate bm25 {out} --offline --datasets all"]
