"""A training killed without warning goes on as if nothing had happened, bit for bit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def start(folder: Path, *backbone: Path, pause: float = 0.0) -> subprocess.Popen[bytes]:
    given = map(str, (folder, pause, *backbone))
    return subprocess.Popen([sys.executable, str(HERE / "kill_me.py"), *given])


def log_lines(folder: Path) -> int:
    path = folder / "logs/train.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("what", ["toy", "mixture"])
def test_sigkill_and_resume_equals_uninterrupted(
    what: str, tmp_path: Path, tiny_encoder_folder: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    backbone = [tiny_encoder_folder] if what == "mixture" else []
    assert start(whole, *backbone).wait(120) == 0
    for lines in (5, 12):  # twice: a resumed training can be killed as well
        process = start(parts, *backbone, pause=0.05)
        deadline = time.monotonic() + 60
        while log_lines(parts) < lines and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        assert not (parts / "checkpoints/final").exists()
        assert (parts / "checkpoints").is_dir()
    assert start(parts, *backbone).wait(120) == 0
    final = f"checkpoints/final/{'mixture' if backbone else 'model'}.safetensors"
    assert (parts / final).read_bytes() == (whole / final).read_bytes()
    curves = []
    for folder in (whole, parts):
        rows = [json.loads(line) for line in (folder / "logs/train.jsonl").read_text().splitlines()]
        curves.append([(row["step"], row["task"], row["loss"], row["examples"]) for row in rows])
    assert curves[0] == curves[1]
