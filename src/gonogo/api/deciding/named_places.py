"""Places of judgements as a command line gives them: one, or one a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gonogo.core.errors import UserError


def named_places(given: Sequence[str], place: str) -> str | dict[str, str]:
    """Read ``PATH``, or ``NAME=PATH`` for each data set; a file of that very name is a path.

    Args:
        given: what was given, in order.
        place: what it is called in errors.

    Raises:
        UserError: for several places of which not every one has a name, or one name twice.
    """
    named = {}
    for one in given:
        name, equals, path = one.partition("=")
        if equals and not Path(one).exists():
            named[name] = path
    if not named and len(given) == 1:
        return given[0]
    if len(named) < len(given):
        hint = "NAME=PATH for each data set, each name once"
        raise UserError(f"{len(given)} places of judgements", place=place, hint=hint)
    return named
