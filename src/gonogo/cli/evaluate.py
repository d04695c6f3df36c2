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
_Calibration = Annotated[
    bool,
    typer.Option(
        "--calibration",
        help="Say instead whether scores tell how likely a document is relevant (--out FILE.json).",
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
    calibration: _Calibration = False,
    device: options.DeviceName = "auto",
) -> None:
    """Score models on retrieval sets; finished sets are kept, and failing ones are told.

    Each model is compared by its own similarity. Means are over the sets that all models share.
    With --calibration a monotone map from scores to probabilities is fitted on each set's train
    split, and its expected calibration error on the test split is told with an interval.
    """
    from gonogo.core.extras import require

    require("train", "gonogo evaluate")
    if calibration:
        _calibrate(models, datasets, out, max_queries, precision, device)
        return
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


def _calibrate(
    models: list[str],
    datasets: list[str],
    out: Path,
    max_queries: int | None,
    precision: options.Precision,
    device: options.Device,
) -> None:
    """Print and write how far scores are off; code 1 where a set has no figure."""
    from gonogo.api.models.calibrating import calibrate, checked_json
    from gonogo.api.showing.progress import open_progress
    from gonogo.cli.shared.flags import FlaggedProgress
    from gonogo.cli.shared.verdicts import command_line

    checked_json(out)
    with open_progress() as shown:
        found = calibrate(
            models,
            datasets,
            max_queries=max_queries,
            device=device,
            precision=precision,
            progress=FlaggedProgress(shown),
        )
    written = found.save(out, command=command_line())
    echo_lines(str(found))
    echo(f"written: {', '.join(map(str, written))}")
    if len(found.errors) < len(found.record):
        raise typer.Exit(1)
