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


def test_the_package_alone_imports_next_to_nothing() -> None:
    """What takes time is told by what is imported; clocks on busy machines tell little."""
    script = (
        "import sys; before = set(sys.modules); import gonogo; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    new = {name for name in done.stdout.split() if not name.startswith("gonogo")}
    assert not new & {*HEAVY, "numpy", "yaml", "pydantic", "typer", "rich", "jinja2", "narwhals"}
    own = {name for name in done.stdout.split() if name.startswith("gonogo")}
    assert not {name for name in own if name.split(".")[1:2] in (["study"], ["cli"], ["report"])}


def test_help_imports_no_floor_but_the_core_and_the_command_line() -> None:
    _, modules = modules_after("--help")
    floors = {name.split(".")[1] for name in modules if name.startswith("gonogo.")}
    assert floors <= {"cli", "core"}
    assert not modules & {"pydantic", "jinja2", "narwhals", "psutil", "jaxtyping"}


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
