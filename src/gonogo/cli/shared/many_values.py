"""Options that take all values up to the next option: ``--datasets scifact nfcorpus``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from typer.core import TyperCommand

MANY = frozenset({"--datasets", "--in-domain", "--metric"})


class ManyValues(TyperCommand):
    """A command in which some options may be given several values at once."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option's name before each of its values, then parse as usual."""
        return super().parse_args(ctx, repeat_names(args, MANY))


def repeat_names(args: Sequence[str], many: Collection[str]) -> list[str]:
    """Return ``--option a --option b`` for ``--option a b``.

    Example:
        >>> repeat_names(["m", "--datasets", "a", "b", "--out", "f"], {"--datasets"})
        ['m', '--datasets', 'a', '--datasets', 'b', '--out', 'f']
    """
    repeated: list[str] = []
    option, values = "", 0
    for word in args:
        if word.startswith("-"):
            option, values = (word, 0) if word in many else ("", 0)
        elif option:
            if values:
                repeated.append(option)
            values += 1
        repeated.append(word)
    return repeated
