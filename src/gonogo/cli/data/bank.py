"""gonogo data bank: running text to a bank of vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCE",
        help="Folders or files of running text (documents.jsonl, a BEIR corpus, or *.txt), "
        "also looked up in $GONOGO_DATA.",
    ),
]
Level = Annotated[
    Literal["sentence", "paragraph"], typer.Option(help="What one vector stands for.")
]
Stored = Annotated[Literal["fp16", "fp32"], typer.Option(help="How vectors are stored.")]
Products = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"], typer.Option(help="Format of the matrix products.")
]


def bank(
    sources: Sources,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the bank.")],
    backbone: Annotated[
        str, typer.Option(help="minilm, smollm2-135m, a hub id or a folder.")
    ] = "minilm",
    level: Level = "sentence",
    dtype: Stored = "fp16",
    longest: Annotated[int, typer.Option(min=16, help="Tokens that a chunk is cut to.")] = 256,
    articles: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many articles.")
    ] = None,
    device: options.DeviceName = "auto",
    precision: Products = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace another bank.")] = False,
) -> None:
    """Cut running text into chunks and encode them; run it again after a kill and it goes on."""
    from gonogo.core.extras import require

    require("train", "gonogo data bank")
    from gonogo.data.next_vector.running_text import text_files

    text_files(sources)  # a wrong path is told before seconds are spent on imports
    from gonogo.api.showing.progress import open_progress
    from gonogo.study.next_vector.vector_bank import BankRecipe, make_bank

    recipe = BankRecipe(
        backbone=backbone, level=level, dtype=dtype, longest=longest, articles=articles
    )
    with open_progress() as progress:
        manifest = make_bank(
            sources,
            out,
            recipe,
            device=device,
            precision=precision,
            force=force,
            progress=progress,
        )
    echo(
        f"{out}: {manifest['rows']:,} vectors of {manifest['dimension']} from"
        f" {manifest['articles']:,} articles"
    )
    echo(f"next: gonogo data pairs {out} --out {out.parent / 'pairs'}")
