"""gonogo data pairs: windows of consecutive vectors, each with the vector that comes next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    from gonogo.data.next_vector.pairs import MadePairs

Sequences = Annotated[
    Path | None,
    typer.Option(help="Sequences of bank rows (.npz, .jsonl) in place of the articles."),
]
Given = Annotated[
    Path | None,
    typer.Option(help="Pairs made elsewhere (.npz: contexts, targets, ids) in place of windows."),
]


_OF_WINDOWS = {
    *("context", "min_context", "stride", "max_per_seq", "target_pairs", "near_duplicate"),
    *("sequences", "auto_retry"),
}
"""Options that say how windows are cut, of which given pairs have none."""


def pairs(
    context_: typer.Context,
    bank: Annotated[Path, typer.Argument(metavar="BANK", help="Bank folder, .npz or .npy file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the pairs.")],
    context: Annotated[int, typer.Option(min=1, help="Vectors of a context.")] = 100,
    min_context: Annotated[
        int | None,
        typer.Option(min=1, help="Shorter contexts, down to this, in articles too short."),
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Rows from one window to the next.")] = 32,
    max_per_seq: Annotated[int, typer.Option(min=1, help="Most windows of an article.")] = 30,
    target_pairs: Annotated[int, typer.Option(min=1, help="Most pairs.")] = 50_000,
    validation: Annotated[float, typer.Option(help="Share of the articles held out.")] = 0.1,
    near_duplicate: Annotated[
        float, typer.Option(help="Cosine above which a target repeats one of the last 2,000.")
    ] = 0.999,
    seed: Annotated[int, typer.Option(help="Of the split and of the choice.")] = 42,
    sequences: Sequences = None,
    given: Given = None,
    auto_retry: Annotated[
        bool,
        typer.Option(
            "--auto-retry",
            help="Below 90 % of the target: stride 25 and up to 40 windows an article.",
        ),
    ] = False,
) -> None:
    """Cut windows, drop near-duplicate targets, split by article, and tell the ceiling."""
    from gonogo.data.files.manifest import check_replaceable
    from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
    from gonogo.data.next_vector.sequences import open_bank
    from gonogo.data.next_vector.windows import WindowRule

    check_replaceable(out, "pairs")  # told before the windows are cut
    if given is not None:
        _refuse_window_options(context_)
        _take_over(given, bank, out, seed, validation)
        return
    settings = PairSettings(
        rule=WindowRule(context=context, stride=stride, most=max_per_seq, least=min_context),
        target_pairs=target_pairs,
        seed=seed,
        validation=validation,
        near_duplicate=near_duplicate,
        auto_retry=auto_retry,
    )
    opened = open_bank(bank)
    made = make_pairs(opened, settings, sequences=sequences, say=echo)
    manifest = write_pairs(out, opened, made, settings, sequences)
    _tell(made, manifest["content"], target_pairs)
    echo(f"next: gonogo data preflight {out}")


def _refuse_window_options(context: typer.Context) -> None:
    from gonogo.core.errors import UserError

    for name in sorted(_OF_WINDOWS):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise UserError("cuts windows, and --given has none to cut", place=option)


def _tell(made: MadePairs, content: str, wanted: int) -> None:
    windows = made.windows
    held_out = windows.validation
    echo(f"ceiling     {made.ceiling}")
    echo(
        f"pairs       {len(windows):,}: {int((~held_out).sum()):,} train,"
        f" {int(held_out.sum()):,} validation"
    )
    echo(
        f"left out    {windows.near_duplicates:,} near-duplicate targets, {made.repeats:,} training"
        " targets that validation also has"
    )
    if made.copies:
        echo(f"copies      {made.copies} articles repeat another and stay on its side")
    echo(f"content     {content[:16]}")
    if len(windows) < wanted:
        echo(f"short       {wanted - len(windows):,} of {wanted:,} pairs; what would help:")
        for remedy in made.remedies:
            echo(f"            - {remedy}")


def _take_over(given: Path, bank: Path, out: Path, seed: int, validation: float) -> None:
    from gonogo.data.next_vector.given_pairs import open_given_pairs
    from gonogo.data.next_vector.given_pairs_folder import write_given_pairs

    opened = open_given_pairs(given, bank)
    manifest = write_given_pairs(out, opened, seed=seed, validation=validation)
    echo(
        f"pairs       {manifest['pairs']:,}: {manifest['train']:,} train,"
        f" {manifest['validation']:,} validation"
    )
    echo(
        f"left out    {manifest['repeated_across_split']:,} training targets that validation also"
        " has"
    )
    echo(f"content     {manifest['content'][:16]}")
    echo(f"next: gonogo data preflight {out}")
