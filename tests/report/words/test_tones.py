"""A colour says whether something must be done, never whether the news is good."""

from __future__ import annotations

import pytest

from gonogo.report.words.tones import Tone, tone
from gonogo.spec.rule.gate_parts import VERDICTS, Verdict

TONES: dict[Verdict, Tone] = {
    "PASS": "settled",
    "FAIL": "settled",
    "MARGINAL": "open",
    "INCONCLUSIVE": "open",
    "INVALID": "mend",
    "INCOMPLETE": "mend",
}


@pytest.mark.parametrize("word", VERDICTS)
def test_each_word_has_the_colour_of_what_is_to_be_done(word: Verdict) -> None:
    assert tone(word) == TONES[word]


@pytest.mark.parametrize("word", VERDICTS)
def test_a_word_that_is_not_borne_never_looks_settled(word: Verdict) -> None:
    assert tone(word, supported=False) != "settled"
