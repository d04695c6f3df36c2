"""The one exception that a user's wrong input raises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Wrong input, told in one line: file, place, what is wrong, the way out.

    The command line prints it without a traceback and exits with code 2.

    Args:
        message: what is wrong, with the offending value in it.
        file: the file that holds the wrong value, if there is one.
        place: where in it, such as ``arms.joint.schedule.kind`` or ``line 7``.
        hint: the way out, such as the nearest valid name.
    """

    def __init__(
        self,
        message: str,
        *,
        file: object | None = None,
        place: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.message, self.file, self.place, self.hint = message, file, place, hint
        where = ": ".join(str(part) for part in (file, place) if part)
        text = f"{where}: {message}" if where else message
        super().__init__(f"{text} ({hint})" if hint else text)


class NotHereYetError(UserError):
    """Something that a run would fetch is not on this machine yet; planning can go on without."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which valid name is nearest to a wrong one, and list them when there are few."""
    known = sorted(valid)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    if not known:
        return "nothing is allowed here"
    return "valid: " + ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
