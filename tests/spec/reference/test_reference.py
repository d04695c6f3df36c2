from __future__ import annotations

import re
from pathlib import Path

import pytest

from gonogo.spec.reference.reference import study_reference

PAGE = Path(__file__).parents[3] / "docs" / "study-file.md"


@pytest.mark.skipif(not PAGE.parent.is_dir(), reason="installed without docs")
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == study_reference(), (
        "run: python -m gonogo.spec.reference.reference > docs/study-file.md"
    )


def test_every_key_has_a_meaning() -> None:
    rows = [line for line in study_reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 60
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_row_has_four_cells_and_types_are_said_in_words() -> None:
    for line in study_reference().splitlines():
        if line.startswith("| `"):
            assert len(re.split(r"(?<!\\)\|", line)) == 6, line
            assert "typing." not in line
            assert "class '" not in line


def test_settings_are_called_so() -> None:
    page = study_reference()
    assert "| `defaults` | settings |" in page
    assert "| `arms` | settings by name |" in page
    assert "| anything" not in page
