"""gonogo evaluate: any models on any retrieval sets, without a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo, echo_lines

_Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL...",
        help="A trial's or model's folder, a hub id, a sentence-transformers folder, minilm, bm25.",
    ),
]
_Datasets = Annotated[
    list[str], typer.Option(help="BEIR's names (scifact nfcorpus), all, folders, hub:..., ir:...")
]
_OutFile = Annotated[
    Path, typer.Option("--out", "-o", help="A .md, .json or .csv file; parts lie beside it.")
]
_InDomain = Annotated[
    list[str] | None,
    typer.Option(help="Sets that the models were trained on; if not given, as trials noted them."),
]
_Metrics = Annotated[list[str] | None, typer.Option(help="Other measures.")]
_MaxQueries = Annotated[
    int | None, typer.Option(min=1, help="At most so many queries of each set.")
]
_QueryPrompt = Annotated[
    str | None, typer.Option(help="Stands before queries of sentence-transformers models.")
]
_PassagePrompt = Annotated[str | None, typer.Option(help="Stands before their documents.")]
_Own = Annotated[
    bool,
    typer.Option(
        "--queries-are-documents",
        help="Queries are documents of these sets under the same id; leave them out.",
    ),
]
_Offline = Annotated[bool, typer.Option("--offline", help="Download neither models nor data.")]


def evaluate(
    models: _Models,
    datasets: _Datasets,
    out: _OutFile,
    in_domain: _InDomain = None,
    metric: _Metrics = None,
    max_queries: _MaxQueries = None,
    query_prompt: _QueryPrompt = None,
    passage_prompt: _PassagePrompt = None,
    precision: options.PrecisionName = "fp32",
    offline: _Offline = False,
    queries_are_documents: _Own = False,
    device: options.DeviceName = "auto",
) -> None:
    """Score models on retrieval sets; finished sets are kept, and failing ones are told.

    Each model is compared by its own similarity. Means are over the sets that all models share.
    """
    from gonogo.core.extras import require

    require("train", "gonogo evaluate")
    from gonogo.api.models.evaluating import checked_ending
    from gonogo.api.models.evaluating import evaluate as evaluate_all
    from gonogo.api.showing.progress import open_progress
    from gonogo.cli.shared.flags import FlaggedProgress, with_flags
    from gonogo.cli.shared.verdicts import command_line

    checked_ending(out)
    with open_progress() as shown:
        found = evaluate_all(
            models,
            datasets,
            metric or (),
            max_queries=max_queries,
            in_domain=in_domain,
            query_prompt=query_prompt,
            passage_prompt=passage_prompt,
            device=device,
            precision=precision,
            download=not offline,
            queries_are_documents=queries_are_documents,
            folder=out.with_suffix(".parts"),
            progress=FlaggedProgress(shown),
        )
    found.save(out, command=command_line(), note=with_flags(found.note))
    echo_lines(with_flags(str(found)))
    echo(f"written: {out}")
    if found.errors:
        raise typer.Exit(1)
