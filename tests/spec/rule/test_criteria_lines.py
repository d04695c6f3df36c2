"""What a line of a success level says of itself."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from gonogo.spec.rule.criteria import Criterion, NamedRow

LINE = TypeAdapter(Criterion)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"kind": "gain", "least": 0.0, "candidate": "new"},
         (NamedRow("candidate", "new"), NamedRow("baseline", None, reference=True))),
        ({"kind": "isotropy_higher", "baseline": "raw"},
         (NamedRow("candidate", None), NamedRow("baseline", "raw", reference=True))),
        ({"kind": "average_above", "above": 0.5, "arm": "bm25"},
         (NamedRow("arm", "bm25", reference=True),)),
        ({"kind": "finished", "arms": ["a", "b"]}, (NamedRow("arms", "a"), NamedRow("arms", "b"))),
        ({"kind": "all_sets"}, ()),
        ({"kind": "file", "path": "evidence/proof.md"}, ()),
    ],
)  # fmt: skip
def test_rows_that_a_line_is_about(raw: dict[str, object], named: tuple[NamedRow, ...]) -> None:
    line = LINE.validate_python(raw)
    assert line.named == named
    assert line.lines_within == ()


def test_a_line_of_lines_holds_them_and_names_nothing_itself() -> None:
    inner = [{"kind": "file", "path": "evidence/a"}, {"kind": "finished", "arms": ["b"]}]
    line = LINE.validate_python({"kind": "any_of", "lines": inner})
    assert [key for key, _ in line.lines_within] == ["lines[0]", "lines[1]"]
    assert line.lines_within[1][1].named == (NamedRow("arms", "b"),)
    assert line.named == ()
