"""The console log of a job: what was said, warned and raised, and how a process crashed."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.study.running.console_log import CONSOLE, ConsoleLog

CRASH = """
import ctypes, pathlib, sys
from gonogo.core.progress import Silent
from gonogo.study.running.console_log import ConsoleLog
log = ConsoleLog(pathlib.Path(sys.argv[1]), Silent())
with log.kept():
    log.say("before the fault")
    ctypes.string_at(0)
"""


def lines(path: Path) -> list[str]:
    """Return the lines without their times."""
    return [line[21:] for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_is_said_and_shown_stands_in_the_file(tmp_path: Path) -> None:
    log = ConsoleLog(tmp_path / "logs" / CONSOLE, Silent())
    with log.kept():
        log.say("311,937 trainable parameters")
        bar = log.bar("train", 3)
        bar.advance(2, loss=0.25)
        bar.close()
    log.close("finished")
    expected = ["started", "311,937 trainable parameters", "train: 2/3  loss 0.25", "finished"]
    assert lines(log.path) == expected


def test_attempts_follow_one_another(tmp_path: Path) -> None:
    for ending in ("stopped: checkpoint at step 4", "finished"):
        log = ConsoleLog(tmp_path / CONSOLE, Silent())
        with log.kept():
            pass
        log.close(ending)
    assert lines(tmp_path / CONSOLE) == [
        *("started", "stopped: checkpoint at step 4", "started", "finished")
    ]


def test_a_traceback_stands_there_and_goes_on(tmp_path: Path) -> None:
    log = ConsoleLog(tmp_path / CONSOLE, Silent())
    with pytest.raises(ZeroDivisionError), log.kept():
        print(1 / 0)
    told = "\n".join(lines(log.path))
    assert "Traceback (most recent call last):" in told
    assert "print(1 / 0)" in told
    assert told.endswith("ZeroDivisionError: division by zero")


def test_wrong_input_is_one_line(tmp_path: Path) -> None:
    log = ConsoleLog(tmp_path / CONSOLE, Silent())
    with pytest.raises(UserError), log.kept():
        raise UserError("no such data", place="tasks")
    assert lines(log.path) == ["started", "error: tasks: no such data"]


def test_warnings_stand_there_and_are_shown_as_before(tmp_path: Path) -> None:
    log = ConsoleLog(tmp_path / CONSOLE, Silent())
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        shown: list[str] = []
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        with log.kept():
            warnings.warn("too few texts", UserWarning, stacklevel=1)
    assert shown == ["too few texts"]
    assert lines(log.path)[1].startswith("UserWarning: too few texts (")


def test_a_fault_inside_a_library_leaves_its_stack(tmp_path: Path) -> None:
    path = tmp_path / CONSOLE
    done = subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False, timeout=60)
    assert done.returncode < 0
    told = path.read_text(encoding="utf-8")
    assert "before the fault" in told
    assert "Fatal Python error: Segmentation fault" in told
    assert "string_at" in told


def test_a_full_disk_ends_the_log_and_not_the_job(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder would be")
    log = ConsoleLog(tmp_path / "logs" / CONSOLE, Silent())
    with log.kept():
        log.say("on it goes")
    log.close("finished")
