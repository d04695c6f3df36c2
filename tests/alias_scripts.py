"""The scripts beside the package: loaded as modules, and run as a shell runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

SCRIPTS = Path(__file__).parents[1] / "scripts"
TIMEOUT = 120.0
"""Seconds after which a script has hung."""
sys.path.append(str(SCRIPTS))  # they import each other


def load_script(name: str) -> ModuleType:
    """Import ``scripts/<name>.py``."""
    spec = spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def run_script(
    name: str, *given: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a shell script with this Python; one that asks something fails."""
    return subprocess.run(
        ["bash", str(SCRIPTS / name), *given],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT,
        cwd=cwd,
        env={**os.environ, "PYTHON": sys.executable, **environment},
    )
