"""gonogo data whiten: a bank without a common direction, row for row."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    from gonogo.data.next_vector.bank import Bank


def whiten(
    bank: Annotated[Path, typer.Argument(metavar="BANK", help="Bank folder, .npz or .npy file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the whitened bank.")],
    method: Annotated[
        Literal["zca", "pca"],
        typer.Option(help="zca stays near the original axes; pca can leave directions out."),
    ] = "zca",
    dimension: Annotated[
        int | None, typer.Option(min=1, help="With pca: directions that are kept.")
    ] = None,
    fitted: Annotated[
        Path | None, typer.Option(help="Apply this whitening.safetensors instead of fitting one.")
    ] = None,
    dtype: Annotated[
        Literal["fp16", "fp32"], typer.Option(help="How vectors are stored.")
    ] = "fp16",
    force: Annotated[bool, typer.Option("--force", help="Replace another bank.")] = False,
) -> None:
    """Fit whitening on a bank, save it, and write the whitened bank; its pairs stay valid."""
    from gonogo.core.extras import require

    require("train", "gonogo data whiten", packages=["safetensors"])
    from gonogo.data.next_vector.bank import open_bank
    from gonogo.study.next_vector.whitened_bank import mean_cosines, whiten_bank

    opened = open_bank(bank)
    manifest = whiten_bank(
        opened, out, method=method, dimension=dimension, fitted=fitted, dtype=dtype, force=force
    )
    before, after = mean_cosines(opened), mean_cosines(open_bank(out))
    echo(f"{out}: {manifest['rows']:,} vectors of {manifest['dimension']}")
    echo(f"mean cosine of different rows {before:+.4f}, now {after:+.4f}")
    echo(f"next: gonogo data preflight PAIRS --bank {out}")
    echo(f"      gonogo run STUDY {' '.join(overrides(opened, out, manifest['dimension']))}")
    echo("      and the same data for any other task that is scored on these pairs")


def overrides(bank: Bank, out: Path, dimension: int) -> list[str]:
    """Return options with which a study of a task ``next`` trains and scores on the new bank."""
    sets = [
        f"tasks.next.data.bank={out}",
        f"evaluation.tasks.next.data=[{{kind: pairs, folder: PAIRS, bank: {out}}}]",
    ]
    if dimension != bank.dimension:
        sets.append(f"model.dimension={dimension}")
    return [f"--set {quote(one)}" for one in sets]
