"""gonogo postmortem: why a query tower found what it found, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo

if TYPE_CHECKING:
    from gonogo.analysis.records.postmortem import Postmortem


def postmortem(
    trial: Annotated[
        Path | None, typer.Argument(help="Folder of a trial, such as .../trials/gru/seed_42.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="In place of a trial: a plain tower's state dict or safetensors."),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="With it: .npz (contexts, targets, ids), or a folder.")
    ] = None,
    bank: Annotated[
        Path | None, typer.Option(help="With it: .npy, .npz, .safetensors, or a folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the report; the trial's own.")
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="With it: the study whose bounds and words are meant.")
    ] = None,
    device: options.DeviceName = "auto",
) -> None:
    """Judge margin, hard negatives, bank and fill rates, and show where recall is lost."""
    from gonogo.core.extras import require

    require("train", "gonogo postmortem")
    from gonogo.core.files import write_bytes
    from gonogo.report.pages.figures import render
    from gonogo.report.plots.postmortem import postmortem_plot
    from gonogo.study.next_vector.postmortem import REPORT, as_text

    if trial is not None:
        _refuse("belongs to --checkpoint", {"--pairs": pairs, "--bank": bank, "--study": study})
        _refuse("name a trial or a checkpoint, not both", {"--checkpoint": checkpoint})
        folder = out or trial
        record = _of_trial(trial, folder, device)
    else:
        _need({"--checkpoint": checkpoint, "--pairs": pairs, "--bank": bank, "--out": out})
        assert checkpoint and pairs and bank and out  # noqa: S101, PT018  (told above)
        folder = out
        record = _of_checkpoint(checkpoint, pairs, bank, out, study, device)
    for line in as_text(record):
        echo(line)
    for kind, data in render(postmortem_plot(record), ("svg", "png")).items():
        write_bytes(folder / f"postmortem.{kind}", data)
    echo(f"written to {folder / REPORT}, postmortem.svg, postmortem.png")


def _need(options_: dict[str, object]) -> None:
    from gonogo.core.errors import UserError

    hint = "gonogo postmortem TRIAL, or --checkpoint F --pairs P --bank B --out O"
    for option, given in options_.items():
        if given is None:
            raise UserError("missing", place=option, hint=hint)


def _refuse(why: str, options_: dict[str, object]) -> None:
    from gonogo.core.errors import UserError

    for option, given in options_.items():
        if given is not None:
            raise UserError(why, place=option)


def _of_trial(trial: Path, out: Path, device: options.Device) -> Postmortem:
    from gonogo.models.parts.devices import resolve_device
    from gonogo.study.next_vector.postmortem import postmortem as measure

    return measure(trial, out=out, device=resolve_device(device))


def _of_checkpoint(
    checkpoint: Path,
    pairs: Path,
    bank: Path,
    out: Path,
    study: str | None,
    device: options.Device,
) -> Postmortem:
    from gonogo.models.parts.devices import resolve_device
    from gonogo.study.next_vector.given_tower import open_given_tower
    from gonogo.study.next_vector.postmortem import examine

    settings = None if study is None else _bounds(study)
    where = resolve_device(device)
    given = open_given_tower(checkpoint, pairs, bank, device=where, settings=settings)
    return examine(given, out)


def _bounds(study: str) -> Any:
    from gonogo.spec.checks.resolve import resolve
    from gonogo.study.folder.shipped import find_study

    return next(iter(resolve(find_study(study), "full").arms.values())).postmortem
