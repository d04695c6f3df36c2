"""One runner at a time, and a crash leaves no lock behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.study.folder.lock import sole_runner

HOLD = """
import sys, time
from pathlib import Path
from gonogo.study.folder.lock import sole_runner
with sole_runner(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_second_runner_is_refused_and_names_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "out" / ".lock"
    process = _holder(lock)
    try:
        with pytest.raises(UserError, match=f"process {process.pid}"), sole_runner(lock):
            pass
    finally:
        process.kill()
        process.communicate()


def test_a_killed_runner_leaves_the_folder_free(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    process = _holder(lock)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with sole_runner(lock):
                return
        except UserError:
            time.sleep(0.05)
    pytest.fail("the lock outlived its process")


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), sole_runner(tmp_path / ".lock"):
        raise ValueError("inside")
    with sole_runner(tmp_path / ".lock"):
        pass


def test_the_refusal_names_the_folder_and_the_owner_is_forgotten(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    with sole_runner(lock):
        assert lock.with_suffix(".owner").read_text() == str(os.getpid())
        with pytest.raises(UserError, match=f"process {os.getpid()}") as told, sole_runner(lock):
            pass
        assert told.value.file == tmp_path
        assert "another `out`" in str(told.value.hint)
    assert not lock.with_suffix(".owner").exists()
