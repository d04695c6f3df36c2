"""The figures of one benchmark as a file; imports no other benchmark."""

from __future__ import annotations

import datetime
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path


def write_record(
    path: Path,
    question: str,
    peer: str,
    figures: Mapping[str, float],
    minutes: float,
    hardware: str,
    peaks: Mapping[str, float] | None = None,
) -> None:
    """Write what ``performance.py`` gathers.

    Args:
        path: the file of ``--json``.
        question: one line.
        peer: what gonogo was measured against; may be empty.
        figures: by name; ``ratio``, ``fraction of peak`` and ``MB`` get columns of their own.
        minutes: how long all of it took.
        hardware: one line.
        peaks: GFLOP/s by format, where they were measured in this run.
    """
    arguments, words = iter(sys.argv[1:]), ["python", f"benchmarks/{Path(sys.argv[0]).name}"]
    for word in arguments:
        if word == "--json":
            next(arguments)
        elif not word.startswith("--json="):
            words.append(word)
    record = {
        "question": question,
        "command": shlex.join(words),
        "peer": peer,
        "figures": dict(figures),
        "minutes": minutes,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "hardware": hardware,
        "peaks": dict(peaks or {}),
    }
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
