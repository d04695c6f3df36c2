"""Sentences by a fixed rule: hand-made cases, and that nothing is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.data.next_vector.sentences import split_sentences


@pytest.mark.parametrize(
    ("paragraph", "sentences"),
    [
        ("One here. Two there! Three?", ["One here.", "Two there!", "Three?"]),
        (
            "Dr. Smith met J. R. Tolkien. They spoke.",
            ["Dr. Smith met J. R. Tolkien.", "They spoke."],
        ),
        ("In the U.S. Army. Then home.", ["In the U.S. Army.", "Then home."]),
        (
            "It cost 3.5 million. “So what?” he said.",
            ["It cost 3.5 million.", "“So what?” he said."],
        ),
        ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
        ("New York: Knopf. 1994. ISBN here.", ["New York: Knopf. 1994.", "ISBN here."]),
        ("see p. 9 of fig. 3 there", ["see p. 9 of fig. 3 there"]),
        ("No stop at all\n  but   spaces", ["No stop at all but spaces"]),
        ("Ends in a title, e.g. Mr. Bean", ["Ends in a title, e.g. Mr. Bean"]),
        ("Ärger naht. Über allem.", ["Ärger naht.", "Über allem."]),
        ("  \n\t ", []),
    ],
)
def test_by_hand(paragraph, sentences):
    assert split_sentences(paragraph) == sentences


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="aAbÜ.!?”“ \n1(", max_size=60))
def test_joined_they_give_the_paragraph_back(paragraph):
    pieces = split_sentences(paragraph)
    assert " ".join(pieces) == " ".join(paragraph.split())
    assert all(piece == piece.strip() and piece for piece in pieces)
