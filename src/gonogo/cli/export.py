"""gonogo export: a trained embedder as one folder for gonogo and sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared.echo import echo


def export(
    trial: Annotated[Path, typer.Argument(help="A trial's folder, or one of its checkpoints.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A new folder.")],
    best: Annotated[
        bool, typer.Option("--best", help="The best weights seen, not the last.")
    ] = False,
) -> None:
    """Write backbone, head and tokenizer of a trained embedder into one folder."""
    from gonogo.core.extras import require

    require("train", "gonogo export")
    from gonogo.api.models.model import load

    checkpoint = trial / "checkpoints" / ("best" if best else "final")
    load(checkpoint if checkpoint.is_dir() else trial, device="cpu").export(out)
    echo(f"{out}: load it with gonogo, or SentenceTransformer({str(out)!r})")
