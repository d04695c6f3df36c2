"""Whether all arms are scored alike: the evaluation is the study's, not an arm's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError

_OWN = ("checkpoint",)
"""What an arm may say of its evaluation: which of its own weights are scored, not how."""


def refuse_own_protocol(evaluation: Any, place: str, path: Path | None = None) -> None:
    """Refuse what an arm says of its evaluation, but for the checkpoint that is scored.

    Scores under another depth, split or set of queries are no scores of the same thing: a verdict
    over them would compare protocols, not arms.

    Args:
        evaluation: the block as it was written; anything but a mapping is left to the schema.
        place: where it was written.
        path: the study file, where the place is in it.

    Raises:
        UserError: naming the key.
    """
    for key in evaluation if isinstance(evaluation, dict) else ():
        if key not in _OWN:
            raise UserError(
                f"{key!r} would score one arm under a protocol of its own",
                file=path,
                place=place,
                hint="write it under 'evaluation', for all arms; an arm may say there only "
                "which of its weights are scored: evaluation: {checkpoint: best}",
            )
