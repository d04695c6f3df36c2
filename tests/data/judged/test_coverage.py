"""Coverage of a run: counts by hand, and what is said of ids that do not meet."""

from __future__ import annotations

import pytest

from gonogo.data.judged.coverage import coverage


def test_counts_by_hand() -> None:
    qrels = {"01": {"a": 1, "b": 0}, "02": {"a": 2}, "03": {"c": 1}}
    ranking = {
        "01": [("a", 3.0), ("x", 2.0), ("b", 1.0), ("y", 0.5)],
        "2": [("a", 1.0)],
        "03": [("x", 1.0)],
    }
    found = coverage(ranking, qrels)
    assert (found.judged, found.ranked, found.absent, found.foreign) == (3, 2, ("02",), ("2",))
    assert (found.depth, found.documents, found.found) == ((1, 4), 3, 2)
    assert found.judged_at == pytest.approx((2 / 4 + 0) / 2)
    assert str(found) == (
        "2 of 3 judged queries ranked, 1 to 4 documents each; 2 of 3 judged documents found; "
        "Judged@10 0.25"
    )
    assert found.notes() == (
        "1 of 3 judged queries have no ranking (02) and count as 0",
        "1 ranked queries have no judgement (2)",
    )


def test_documents_that_never_meet_are_told() -> None:
    found = coverage({"q": [("D1", 1.0)]}, {"q": {"d1": 1}})
    assert found.notes() == ("no document of any ranking is judged: do the document ids meet?",)


def test_a_run_that_meets_its_judgements_gets_no_note() -> None:
    found = coverage({"q": [("a", 1.0), ("b", 0.5)]}, {"q": {"a": 1, "b": 0}})
    assert found.notes() == ()
    assert found.judged_at == 1.0
