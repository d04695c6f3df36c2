"""gonogo export: a trained embedder as one folder for gonogo and sentence-transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    from gonogo.core.errors import UserError
    from gonogo.models.build.build import load_model
    from gonogo.models.text.export import export_model
    from gonogo.models.text.retrieval_model import RetrievalModel

    checkpoint = trial / "checkpoints" / ("best" if best else "final")
    model = load_model(checkpoint if checkpoint.is_dir() else trial)
    if not isinstance(model, RetrievalModel):
        raise UserError("this model reads no texts", file=trial)
    export_model(model, out)
    typer.echo(f"{out}: load it with gonogo, or SentenceTransformer({str(out)!r})")
