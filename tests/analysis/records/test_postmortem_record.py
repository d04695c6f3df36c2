from __future__ import annotations

import json
from pathlib import Path

import pytest

from gonogo.analysis.next_vector.postmortem import GroupRecall
from gonogo.analysis.records.postmortem import (
    FoundMargin,
    FoundRepeats,
    Postmortem,
    read_postmortem,
    write_postmortem,
)
from gonogo.core.errors import UserError
from gonogo.spec.next_vector.postmortem import PostmortemSpec

RECORD = Postmortem(
    trial="gru/seed_1",
    checkpoint=None,
    step=None,
    pairs=3,
    cutoff=500,
    settings=PostmortemSpec(),
    recall={"R@10": 0.5},
    margin=FoundMargin(value=None, word="", over="other targets"),
    repeats=FoundRepeats(dropped=0.25, left=0.0),
    alignment=0.1,
    fill_rates={"1": 0.75},
    rank_histogram={"1-10": 2, "beyond 1000": 1},
    articles=[GroupRecall("a", 3, 2 / 3)],
    positions=[GroupRecall("0-20 %", 3, 2 / 3)],
    history={"epoch": [1, 2], "margin": [0.5, None]},
    recommendation=["train longer"],
)


def test_a_record_comes_back_with_what_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "postmortem.json"
    write_postmortem(path, RECORD)
    assert read_postmortem(path) == RECORD
    held = json.loads(path.read_text())
    assert (held["checkpoint"], held["margin"]["value"]) == (None, None)
    assert held["history"]["epoch"] == [1, 2]
    assert held["articles"] == [{"group": "a", "pairs": 3, "recall": 2 / 3}]
    assert held["settings"]["cutoff"] == 500


@pytest.mark.parametrize("text", ["[]", "{", '{"trial": 1}', ""])
def test_another_shape_is_one_line_that_names_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "postmortem.json"
    path.write_text(text)
    with pytest.raises(UserError) as told:
        read_postmortem(path)
    assert told.value.file == path
    assert "\n" not in str(told.value)
