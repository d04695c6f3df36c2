"""How a verb ends by its verdict: 0 whatever it says, unless the words that fail are named.

A program asks for the word with ``--json``; a pipeline that is to stop names the words with
``--fail-on``. A word that the evidence does not bear counts as INCONCLUSIVE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Collection

CODES = {
    "FAIL": 3,
    "INCONCLUSIVE": 4,
    "MARGINAL": 4,
    "INVALID": 5,
    "INCOMPLETE": 6,
    "PASS": 7,
}
"""1 is a trial that failed, 2 wrong input. PASS may be what stops: interference was found."""

FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="WORDS",
        help="Verdicts, with commas, that end with a code of their own: FAIL 3, INCONCLUSIVE and "
        "MARGINAL 4, INVALID 5, INCOMPLETE 6, PASS 7. Without it every verdict ends with 0.",
    ),
]


def failing(words: str | None) -> frozenset[str]:
    """Read the words of ``--fail-on``.

    Raises:
        UserError: for a word that is no verdict, with the nearest one.
    """
    from gonogo.core.errors import UserError, nearest

    names = [word.strip().upper() for word in (words or "").split(",") if word.strip()]
    for name in names:
        if name not in CODES:
            hint = nearest(name, CODES)
            raise UserError(f"no verdict {name!r}", place="--fail-on", hint=hint)
    return frozenset(verdict for verdict in CODES if verdict in names)


def exit_code(word: str, fail_on: Collection[str]) -> int:
    """Return the code with which a verb ends: 0 unless the word that counts was named."""
    return CODES[word] if word in fail_on else 0
