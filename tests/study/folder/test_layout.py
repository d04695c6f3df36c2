"""Where the files of a study lie: names that people and scripts rely on."""

from __future__ import annotations

from pathlib import Path

from gonogo.study.folder.layout import StudyFolder

NAMES = {
    "lock": ".lock",
    "study": "study.yaml",
    "query_groups": "query_groups.json",
    "gate": "gate.json",
    "criteria": "criteria.frozen.json",
    "looks": "looks.json",
    "stopped": "stopped.json",
    "verdict": "verdict.json",
}


def test_the_names_of_a_studys_files() -> None:
    folder = StudyFolder.under(Path("out"), "some_study", "full")
    assert folder.path.parent.parent == Path("out")
    assert folder.path.name == "full"
    assert {name: getattr(folder, name) for name in NAMES} == {
        name: folder.path / file for name, file in NAMES.items()
    }
