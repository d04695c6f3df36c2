"""Which colour a word has: whether something must be done before anyone may act, not good or bad.

Whether PASS is good news depends on the question: it says "interference exists" in one study and
"ship it" in another. So PASS and FAIL share the colour of what is settled.
"""

from __future__ import annotations

from typing import Literal, assert_never

from gonogo.spec.rule.gate_parts import Verdict

Tone = Literal["settled", "open", "mend"]


def tone(verdict: Verdict, *, supported: bool = True) -> Tone:
    """Return settled (act on it), open (weigh it, or gather more), or mend (the study is at fault).

    Args:
        verdict: the word.
        supported: whether the evidence bears it.
    """
    match verdict:
        case "PASS" | "FAIL":
            return "settled" if supported else "open"
        case "MARGINAL" | "INCONCLUSIVE":
            return "open"
        case "INVALID" | "INCOMPLETE":
            return "mend"
        case _:
            assert_never(verdict)
