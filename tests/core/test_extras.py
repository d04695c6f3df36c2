"""What is missing is told in one line with the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.core.extras import EXTRAS, install_command, is_installed, missing, require


def block(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def test_a_missing_extra_is_one_line_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    block(monkeypatch, "usearch")
    with pytest.raises(UserError) as told:
        require("ann", "an index", place="evaluation.tasks.t.against", otherwise="leave it out")
    assert str(told.value) == (
        "evaluation.tasks.t.against: an index needs what is not installed: usearch"
        " (pip install 'gonogo[ann]', or leave it out)"
    )


def test_many_packages_are_told_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    block(monkeypatch, *EXTRAS["train"].values())
    assert missing("train") == list(EXTRAS["train"])
    with pytest.raises(UserError, match=r": torch and 10 more packages \(pip install"):
        require("train", "gonogo run")


def test_only_what_is_needed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    block(monkeypatch, "datasets", "ir_datasets")
    with pytest.raises(UserError, match=r": datasets \(pip install 'gonogo\[hub\]'\)"):
        require("hub", "a set", packages=["datasets"])
    require("hub", "a set", packages=[])
    with pytest.raises(UserError, match="datasets and ir-datasets"):
        require("hub", "a set")


def test_what_is_there_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch", sys)
    assert missing("ann") == []
    require("ann", "an index")


def test_a_folder_of_that_name_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_name_of_no_package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not is_installed("a_name_of_no_package")
    (tmp_path / "a_name_of_no_package" / "__init__.py").touch()
    assert is_installed("a_name_of_no_package")


def test_several_extras_are_one_command() -> None:
    assert install_command("ann", "train") == "pip install 'gonogo[train,ann]'"
