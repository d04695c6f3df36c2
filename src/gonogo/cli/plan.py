"""gonogo plan: what a run would do, what it costs, and what it could detect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo_lines


def plan(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    only: options.Only = None,
    sets: options.Sets = None,
    pilot: Annotated[
        Path | None,
        typer.Option(help="Scores to take variances from; the quick tier's if not given."),
    ] = None,
    workers: options.Workers = 1,
    price_per_hour: Annotated[
        float | None, typer.Option(min=0.0, help="Price of one worker, in any currency.")
    ] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Measure a few steps of every arm here first.")
    ] = False,
    device: options.DeviceName = "auto",
) -> None:
    """Show what would run and why, how long it takes, and what it could detect; runs no trial."""
    from gonogo.cli.shared.flags import with_flags

    if calibrate:
        from gonogo.core.extras import require

        require("train", "gonogo plan --calibrate")
    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    planned = opened.plan(
        only=only,
        fetch=calibrate,
        workers=workers,
        price_per_hour=price_per_hour,
        pilot=pilot,
    )
    if calibrate:
        planned.calibrate(device=device, progress=True)
    echo_lines(with_flags(str(planned)))
