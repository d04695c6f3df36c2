"""Light verbs stay light: no torch, no statistics, no plots before they are needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "transformers", "peft", "accelerate", "scipy.stats", "matplotlib", "polars")

SCRIPT = """
import sys
sys.argv = ["gonogo", *sys.argv[1:]]
from gonogo.cli.main import main
try:
    main()
except SystemExit as end:
    code = end.code or 0
import json
print(json.dumps({"code": code, "modules": sorted(sys.modules)}))
"""


def modules_after(*arguments: str, cwd: Path | None = None) -> tuple[int, set[str]]:
    """Run a verb in a fresh process; return its exit code and what it imported."""
    import json

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
    )
    assert done.stdout, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    return last["code"], set(last["modules"])


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code, modules = modules_after(*arguments)
    assert code == 0
    assert not modules & {*HEAVY, "numpy", "yaml"}


@pytest.mark.parametrize("verb", ["plan", "status", "run", "decide"])
def test_planning_verbs_never_import_torch(verb: str, tiny_study: Path, tmp_path: Path) -> None:
    more = ["--dry-run"] if verb == "run" else []
    (tmp_path / "out" / "tiny" / "full" / "trials" / "emb_only" / "seed_1").mkdir(parents=True)
    code, modules = modules_after(verb, str(tiny_study), "--out", str(tmp_path / "out"), *more)
    assert code == 0
    assert not modules & {"torch", "transformers", "peft", "accelerate"}


def test_wrong_input_imports_nothing_heavy(tmp_path: Path) -> None:
    code, modules = modules_after("plan", "no-such-study", cwd=tmp_path)
    assert code == 2
    assert not modules & set(HEAVY)
