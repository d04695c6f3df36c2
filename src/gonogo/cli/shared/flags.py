"""Settings as a shell writes them: the floors below name a setting, here it becomes a flag."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gonogo.core.errors import UserError
from gonogo.core.progress import Bar, Progress

FLAGS = {
    "bank": "--bank",
    "clusters": "--clusters",
    "condensed": "--condensed",
    "datasets": "--datasets",
    "empty_is_zero": "--empty-is-zero",
    "fail_on": "--fail-on",
    "force": "--force",
    "in_domain": "--in-domain",
    "metric": "--metric",
    "metrics": "--metric",
    "model_qrels": "--model-qrels",
    "only": "--only",
    "out": "--out",
    "pattern": "--pattern",
    "qrels": "--qrels",
    "queries_are_documents": "--queries-are-documents",
    "run_id": "--run-id",
    "runs": "--runs",
    "scores": "--scores",
    "set": "--set",
    "study": "STUDY",
    "texts": "--texts",
    "tier": "--tier",
}
"""What the command line calls a setting that Python passes by its name."""

_QUOTED = re.compile(r"`(\w+)`")
_OVERRIDE = re.compile(r"(^|, )set(?= |$)")


def with_flags(text: str) -> str:
    """Return a text with the settings in backquotes as flags.

    Example:
        >>> with_flags("choose another `out`, or `force`")
        'choose another --out, or --force'
    """
    return _QUOTED.sub(lambda found: FLAGS.get(found[1], found[0]), text)


def told(error: UserError) -> UserError:
    """Return wrong input as the command line tells it: places and ways out are flags.

    A place in a file is a key of that file and stays; an override is told with the file that it
    belongs to.
    """
    place = error.place and _OVERRIDE.sub(r"\1--set", error.place)
    if place and error.file is None:
        first, space, rest = place.partition(" ")
        place = FLAGS.get(first, first) + space + rest
    hint = error.hint and with_flags(error.hint)
    message = with_flags(error.message)
    return UserError(message, file=error.file, place=place, value=error.value, hint=hint)


@dataclass(frozen=True)
class FlaggedProgress:
    """Progress whose lines name flags."""

    inner: Progress

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        """Open a bar."""
        return self.inner.bar(label, total, done=done)

    def say(self, message: str) -> None:
        """Print one line."""
        self.inner.say(with_flags(message))
