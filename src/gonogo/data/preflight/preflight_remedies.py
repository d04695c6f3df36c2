"""Commands that checks of a bank advise, as a shell takes them."""

from __future__ import annotations

import shlex
from pathlib import Path


def whiten_command(bank: Path) -> str:
    """Return the command that whitens a bank into a new one beside it."""
    out = bank.with_name(f"{bank.stem if bank.is_file() else bank.name}_white")
    return shlex.join(["gonogo", "data", "whiten", str(bank), "--out", str(out)])
