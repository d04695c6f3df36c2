"""The alias that starts the two-tower study: what it refuses, and what it starts."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import psutil
import pytest
from alias_scripts import SCRIPTS, load_script, run_script
from planted_sequences import write_sequences
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_json
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.preflight.preflight_curriculum import Schedule
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.study.folder.lock import sole_runner
from gonogo.study.next_vector.preflight import PreflightSettings, run_preflight
from gonogo.study.next_vector.whitened_bank import whiten_bank

STUB = "import sys, time; print('Epoch', *sys.argv[1:], flush=True); time.sleep(60)"
START = """
import sys
sys.path.insert(0, sys.argv[1])
import overnight
overnight.launch(sys.argv[3:], gonogo=(sys.executable, "-c", sys.argv[2]))
"""
COSINES = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"
QUANTILES = "0-5:none;6-10:8@0.98-0.999;11-30:16@0.99-0.9995"
QUICK = Path("outputs/two_tower/quick")


@pytest.fixture(scope="module")
def overnight() -> ModuleType:
    return load_script("overnight")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the data that the study names, and their preflight."""
    world = tmp_path_factory.mktemp("made")
    pairs = write_sequences(world / "next_vector", articles=6, rows=12)
    mining = (
        Schedule(parse_curriculum(COSINES), "cosine", 30),
        Schedule(parse_curriculum(QUANTILES), "quantile", 30),
    )
    none = parse_curriculum("0-30:none")
    done = run_preflight(pairs, PreflightSettings(curriculum=none, epochs=30, more=mining))
    assert done.status != "blocker"
    return world


@pytest.fixture
def world(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, as the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    return tmp_path / "next_vector"


def refusal(overnight: ModuleType, *given: str) -> str:
    """Return why nothing is started."""
    with pytest.raises(UserError) as error:
        overnight.launch(given)
    assert not list(Path.cwd().rglob("*.pid"))
    return str(error.value)


def test_missing_data_come_with_the_commands_that_make_them(
    overnight: ModuleType, world: Path
) -> None:
    (world / "bank.npz").unlink()
    told = refusal(overnight)
    without_bank = refusal(overnight).splitlines()
    shutil.rmtree(world)
    without_all = refusal(overnight).splitlines()
    assert without_bank[0].endswith("bank.npz: no such bank")
    assert without_all[0].startswith("no data folder 'next_vector/pairs'")
    for told in (without_bank, without_all):
        commands = [line.split()[:3] for line in told[2:]]
        assert commands == [["gonogo", "data", verb] for verb in ("bank", "pairs", "preflight")]
        assert preflight_of(told[-1])[2:4] == ["next_vector/pairs", "--schedule"]


def preflight_of(told: str) -> list[str]:
    """Return the arguments of the preflight that a refusal advises."""
    verb, *arguments = shlex.split(told[told.index("gonogo data preflight") :].rstrip(")"))
    assert verb == "gonogo"
    return arguments


@pytest.mark.parametrize(("flags", "epochs"), [((), "30"), (("--quick",), "10")])
def test_the_preflight_that_is_advised_looks_at_what_the_arms_mine(
    overnight: ModuleType, world: Path, flags: tuple[str, ...], epochs: str
) -> None:
    shutil.rmtree(world / "pairs" / "preflight")
    schedules = ["--schedule", "0-30:none", "--window", "cosine"]
    schedules += ["--schedule", COSINES, "--window", "cosine"]
    schedules += ["--schedule", QUANTILES, "--window", "quantile"]
    advised = preflight_of(refusal(overnight, *flags))
    assert advised[3:] == [*schedules, "--epochs", epochs]
    assert not CliRunner().invoke(app, advised, catch_exceptions=False).exit_code
    seen = read_json(world / "pairs" / "preflight" / "manifest.json")["settings"]["schedules"]
    assert [(one["curriculum"], one["window"], one["epochs"]) for one in seen] == [
        ("0-30:none", "cosine", int(epochs)),
        (COSINES, "cosine", int(epochs)),
        (QUANTILES, "quantile", int(epochs)),
    ]
    # With everything looked at, what is left to refuse is what comes after the data.
    assert "matches no trial" in refusal(overnight, *flags, "--only", "nobody")


def test_arms_that_run_longer_than_others_are_told_with_their_own_epochs(
    overnight: ModuleType,
) -> None:
    schedules = [
        Schedule(parse_curriculum("0-10:none"), "cosine", 10),
        Schedule(parse_curriculum("0-5:2@0.9-1"), "quantile", 5),
    ]
    arguments = shlex.split(overnight._preflight("pairs", "white", schedules))
    assert arguments[3:6] == ["pairs", "--bank", "white"]
    assert arguments[-4:] == ["--epochs", "10", "--epochs", "5"]


@pytest.mark.parametrize(
    ("changed", "unseen"),
    [
        ({"window": "cosine"}, QUANTILES),
        ({"epochs": 29}, QUANTILES),
        ({"epochs": None}, QUANTILES),
        ({"curriculum": "0-30:8@0.9-1"}, QUANTILES),
        ({"epochs": 40}, ""),
    ],
)
def test_a_preflight_that_has_not_looked_at_what_will_be_mined_is_refused(
    overnight: ModuleType, world: Path, changed: dict[str, object], unseen: str
) -> None:
    file = world / "pairs" / "preflight" / "manifest.json"
    manifest = read_json(file)
    manifest["settings"]["schedules"][2].update(changed)
    write_json(file, manifest)
    told = refusal(overnight, "--only", "nobody")
    assert (f"has not looked at what will be mined: {unseen} (" in told) == bool(unseen)
    assert ("matches no trial" in told) != bool(unseen)
    del manifest["settings"]["schedules"]  # as earlier versions wrote it
    write_json(file, manifest)
    assert "has not looked at what will be mined: 0-30:none, " in refusal(overnight)


def test_what_has_changed_is_named_without_them(overnight: ModuleType, world: Path) -> None:
    with np.load(world / "bank.npz") as bank:
        np.savez(world / "bank.npz", vectors=bank["vectors"] * 2, articles=bank["articles"])
    told = refusal(overnight)
    assert "bank.npz of the bank" in told
    assert "no longer matches" in told
    assert "make the data first" not in told


def test_without_a_preflight_of_these_very_data_nothing_starts(
    overnight: ModuleType, world: Path
) -> None:
    folder = world / "pairs" / "preflight"
    manifest = read_json(folder / "manifest.json")
    manifest["inputs"]["pairs/pairs.parquet"] = "of an older one"
    write_json(folder / "manifest.json", manifest)
    assert "was of other data: pairs/pairs.parquet have changed since" in refusal(overnight)
    shutil.rmtree(folder)
    told = refusal(overnight)
    assert "no preflight of these pairs (gonogo data preflight " in told
    assert "make the data first" not in told


@pytest.mark.train
def test_the_bank_that_the_study_names_is_the_one_that_is_checked(
    overnight: ModuleType, world: Path, tmp_path: Path
) -> None:
    white = tmp_path / "white"
    whiten_bank(open_bank(world / "bank.npz"), white)
    data = f"[{{kind: pairs, folder: next_vector/pairs, bank: {white}}}]"
    scored = [f"evaluation.tasks.{task}.data={data}" for task in ("next", "without_hubs")]
    sets = [f"tasks.next.data.bank={white}", *scored]
    named = [part for one in sets for part in ("--set", one)]
    told = refusal(overnight, *named)
    assert "was of other data: bank/" in told
    assert f"--bank {white} " in told
    shutil.rmtree(white)
    told = refusal(overnight, *named)
    assert f"no data folder {str(white)!r}" in told


def test_blockers_of_the_preflight_stop_it(overnight: ModuleType, world: Path) -> None:
    report = world / "pairs" / "preflight" / "preflight.json"
    found = read_json(report)
    blocker = {"status": "blocker", "text": "3 articles on both sides", "count": 3, "rows": []}
    found["checks"][1]["problems"].append(blocker)
    write_json(report, found | {"status": "blocker"})
    assert refusal(overnight).endswith("preflight.json: blockers: 3 articles on both sides")


def test_whatever_else_is_wrong_is_told_alone(overnight: ModuleType, world: Path) -> None:
    assert "did you mean 'epochs'?" in refusal(overnight, "--set", "training.epoch=2")
    assert "matches no trial" in refusal(overnight, "--only", "nobody")
    with sole_runner(QUICK / ".lock"):
        assert "another runner works here" in refusal(overnight, "-q")


@pytest.mark.parametrize("flags", [["-d"], ["--dry-run", "--quick"], ["-qd"]])
def test_a_dry_run_is_that_of_gonogo_run(
    overnight: ModuleType, world: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        overnight.launch(flags)
    assert not end.value.code
    printed = capsys.readouterr().out
    assert f"study two_tower, tier {'full' if flags == ['-d'] else 'quick'}" in printed
    assert "started, process" not in printed
    assert not Path("outputs").exists()


@pytest.fixture
def running() -> Iterator[list[int]]:
    """Yield a list of processes to end with the test."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)


def start(*given: str) -> subprocess.CompletedProcess[str]:
    """Start a program that stands in for gonogo."""
    command = [sys.executable, "-c", START, str(SCRIPTS), STUB, *given]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_it_starts_once_says_how_to_watch_and_ends_by_kill(
    overnight: ModuleType, world: Path, running: list[int]
) -> None:
    first = start("-q", "--only", "gru")
    assert first.returncode == 0, first.stderr
    pid = int((QUICK / "two_tower.pid").read_text())
    running.append(pid)
    log = QUICK / "overnight.log"
    for told in (f"started, process {pid}", f"tail -f {log}", "Epoch|Recall@500", f"kill {pid} "):
        assert told in first.stdout
    wait_for("the log", lambda: log.read_text() == "Epoch run two_tower -q --only gru\n")
    second = start("-q")
    assert second.returncode != 0
    assert f"process {pid} is running already" in second.stderr
    os.kill(pid, signal.SIGTERM)
    wait_for("the end", lambda: not overnight._is_running(str(pid)))
    third = start("-q")
    running.append(int((QUICK / "two_tower.pid").read_text()))
    assert third.returncode == 0, third.stderr


def test_the_number_of_another_program_is_no_runner(overnight: ModuleType) -> None:
    assert not overnight._is_running(str(os.getpid()))
    assert not overnight._is_running("no number")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("given", "python", "code", "told"),
    [
        (["--help"], sys.executable, 0, "--run-id"),
        (["-h"], sys.executable, 0, "--run-id"),
        (["--qick"], sys.executable, 2, "--qick"),
        ([], sys.executable, 2, "error: no data folder 'next_vector/pairs'"),
        (
            ["-d"],
            sys.executable,
            0,
            "not here yet: next_vector/pairs: no data folder 'next_vector/pairs'",
        ),
        ([], "no-python-at-all", 2, "error: no-python-at-all has no gonogo"),
    ],
)
def test_the_script_itself(
    given: list[str], python: str, code: int, told: str, tmp_path: Path
) -> None:
    script = "launch_v4_overnight.sh"
    done = run_script(script, *given, cwd=tmp_path, PYTHON=python, GONOGO_DATA="")
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    assert told in printed
    assert ("make the data first" in printed) == (not given and python == sys.executable)
    assert "Traceback" not in printed
    assert "started, process" not in printed
    assert not list(tmp_path.iterdir())
