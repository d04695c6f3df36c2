"""gonogo data msmarco: training triplets with BM25 hard negatives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gonogo.cli.shared.echo import echo


def msmarco(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")],
    source: Annotated[
        str,
        typer.Option("--from", help="A BEIR folder with a train split, hub:..., or ir:..."),
    ] = "hub:BeIR/msmarco",
    split: Annotated[
        Literal["train", "dev", "test"], typer.Option(help="Whose queries and positives.")
    ] = "train",
    queries: Annotated[int | None, typer.Option(min=1, help="At most so many queries.")] = None,
    negatives: Annotated[int, typer.Option(min=1, help="Negatives a query.")] = 1,
    hard_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share from BM25's best; others at random.")
    ] = 1.0,
    top: Annotated[int, typer.Option(min=1, help="BM25 ranks that hard ones come from.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 42,
) -> None:
    """Write a folder of queries, positives and mined negatives that a study can train on.

    An interrupted run continues where it stopped.
    """
    from gonogo.core.extras import require

    require("train", "gonogo data msmarco", packages=["bm25s", "PyStemmer"])
    from gonogo.api.showing.progress import open_progress
    from gonogo.data.sources.evaluation_sets import named_data
    from gonogo.data.sources.msmarco import Queries, build_triplets
    from gonogo.data.sources.msmarco_blocks import Drawing

    spec = named_data(source, "--from")
    with open_progress() as progress:
        made = build_triplets(
            Queries(spec, split, queries),
            Drawing(negatives, hard_share, top, seed),
            out,
            progress=progress,
        )
    drawn = made["negatives"]
    echo(
        f"{out}: {made['queries']:,} queries, {made['positives']:,} positives, "
        f"{drawn['hard']:,} hard and {drawn['random']:,} random negatives"
        + (f", {drawn['filled']:,} at random for want of hard ones" if drawn["filled"] else "")
    )
    echo(f"in a study:  data: [{out}]  negatives: {{kind: judged, count: {negatives}}}")
