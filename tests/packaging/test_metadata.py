"""pyproject.toml, the lock, the code and what is installed say the same."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution, files
from importlib.resources import files as inside
from pathlib import Path

import pytest
import yaml

from gonogo import __version__
from gonogo.core.extras import EXTRAS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
INSTALLED = [str(file) for file in files("gonogo") or ()]
FROM_A_WHEEL = "gonogo/__init__.py" in INSTALLED
"""In place, an older version's metadata may be noted."""


def name_of(requirement: str) -> str:
    return normal(re.split(r"[<>=!~\[ ;]", requirement, maxsplit=1)[0])


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_one_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["version"] == __version__ == cited["version"]
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_code_knows_the_extras() -> None:
    optional = PROJECT["optional-dependencies"]
    assert optional.keys() == {*EXTRAS, "demo"}
    for extra, packages in EXTRAS.items():
        named = {name_of(one) for one in optional[extra]} - {"gonogo"}
        assert named == {normal(name) for name in packages}, extra


def test_every_bound_has_two_sides() -> None:
    optional = PROJECT["optional-dependencies"].values()
    bounds = [*PROJECT["dependencies"], *(bound for extra in optional for bound in extra)]
    for bound in bounds:
        assert re.search(r">=\d.*,<\d", bound) or bound == "gonogo[train]", bound


def test_the_lock_names_torch_exactly_and_all_that_is_needed() -> None:
    locked = {normal(name) for name, _, _ in (line.partition("==") for line in LOCK)}
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["train"]]
    assert {name_of(one) for one in needed} <= locked
    assert any(re.fullmatch(r"torch==\d+\.\d+\.\d+", line) for line in LOCK)


def test_what_is_needed_has_no_torch() -> None:
    assert not {name_of(one) for one in PROJECT["dependencies"]} & {
        normal(name) for extra in EXTRAS.values() for name in extra
    }


@pytest.mark.parametrize(
    "name", ["py.typed", "studies/interference.yaml", "report/templates/report.html.j2"]
)
def test_the_package_holds_what_is_no_code(name: str) -> None:
    assert inside("gonogo").joinpath(name).is_file()
    if FROM_A_WHEEL:
        assert f"gonogo/{name}" in INSTALLED
        assert any(one.endswith("licenses/LICENSE") for one in INSTALLED)


def test_the_licence_is_told() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert PROJECT["license"] == "Apache-2.0"
    if FROM_A_WHEEL:
        assert distribution("gonogo").metadata["License-Expression"] == "Apache-2.0"
