"""The one exception that a user's wrong input raises."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# C0 and C1 controls, line separators, and marks that turn the direction of writing.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def printable(text: str) -> str:
    """Return a text as one line that no terminal obeys: control characters become spaces."""
    return _CONTROL.sub(" ", text)


class UserError(Exception):
    """Wrong input, told in one line: file, place, what is wrong, the way out.

    The command line prints it without a traceback and exits with code 2; Python finds the parts
    of the line as attributes: ``message``, ``file``, ``place``, ``value`` and ``hint``.

    Args:
        message: what is wrong, with the offending value in it.
        file: the file that holds the wrong value, if there is one.
        place: where in it, such as ``arms.joint.schedule.kind`` or ``line 7``.
        value: what was found there, where it is known.
        hint: the way out, such as the nearest valid name.
    """

    def __init__(
        self,
        message: str,
        *,
        file: object | None = None,
        place: str | None = None,
        value: object = None,
        hint: str | None = None,
    ) -> None:
        self.message, self.file, self.place, self.hint = message, file, place, hint
        self.value = value
        where = ": ".join(str(part) for part in (file, place) if part)
        text = f"{where}: {message}" if where else message
        super().__init__(f"{text} ({hint})" if hint else text)


class NotHereYetError(UserError):
    """Something that a run would fetch is not on this machine yet; planning can go on without."""


class NoSuchDataError(UserError):
    """Data that lie in none of the folders and that nothing can fetch; a plan lists them."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Ask for the valid name that is nearest to a wrong one; empty where none is near."""
    close = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else ""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which valid name is nearest to a wrong one, and list them when there are few."""
    known = sorted(valid)
    if close := did_you_mean(name, known):
        return close
    if not known:
        return "nothing is allowed here"
    return "valid: " + ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
