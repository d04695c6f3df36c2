"""Logs that survive a crash: one JSON object a line, appended as it happens."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gonogo.core.files import append_json_line, read_json_lines, write_bytes, write_text


class TrainLog:
    """``logs/train.jsonl``: one line an optimiser step and task, each step once.

    Args:
        folder: the trial's ``logs`` folder; monitors write theirs beside it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "train.jsonl"

    def drop_after(self, step: int) -> None:
        """Remove, from every log of the folder, lines of steps that will be taken again.

        A training that starts anew looks anew at what it starts from, too: at step 0.
        """
        last = step if step > 0 else -1
        for path in self.folder.glob("*.jsonl"):
            kept = [line for line in read_json_lines(path) if line.get("step", -1) <= last]
            lines = (json.dumps(line, allow_nan=False, ensure_ascii=False) for line in kept)
            write_text(path, "".join(f"{line}\n" for line in lines))

    def write(self, line: Mapping[str, Any]) -> None:
        """Append a line; what is not a finite number becomes null, so that any reader can load."""
        append_json_line(self.path, {key: _finite(value) for key, value in line.items()})

    def close(self) -> None:
        """Write a parquet twin of every log that has lines."""
        import polars as pl

        for path in sorted(self.folder.glob("*.jsonl")):
            if path.stat().st_size:
                frame = pl.read_ndjson(path, infer_schema_length=None)
                temporary = path.with_suffix(".parquet.tmp")
                frame.write_parquet(temporary)
                write_bytes(path.with_suffix(".parquet"), temporary.read_bytes())
                temporary.unlink()


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
