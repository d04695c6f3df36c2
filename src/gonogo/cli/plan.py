"""gonogo plan: what a run would do, what it costs, and what it could detect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gonogo.cli.shared import options

if TYPE_CHECKING:
    from gonogo.study.planning.plan import Plan


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
    if calibrate:
        from gonogo.core.extras import require

        require("train", "gonogo plan --calibrate")
    planned = options.open_plan(
        study, tier=tier, quick=quick, out=out, sets=sets, only=only, fetch=calibrate
    )
    # After the study was read: whoever mistypes a name should not wait for statistics.
    from gonogo.cli.shared.plans import cost_lines, plan_lines, sensitivity_lines
    from gonogo.study.planning.forecast import forecast_cost
    from gonogo.study.planning.sensitivity import find_pilot, forecast_sensitivity

    if calibrate:
        _calibrate(planned, device)
    sensitivity = forecast_sensitivity(planned, find_pilot(planned, out, pilot))
    lines = plan_lines(planned)
    lines += cost_lines(planned, forecast_cost(planned), workers, price_per_hour)
    lines += sensitivity_lines(planned, sensitivity)
    typer.echo("\n".join(lines))


def _calibrate(plan: Plan, device: options.Device) -> None:
    from gonogo.cli.shared.display import open_progress

    with open_progress() as progress:
        progress.say("measuring a few steps of every arm")
        from gonogo.models.parts.devices import resolve_device
        from gonogo.study.running.calibration import calibrate

        calibrate(plan, device=resolve_device(device), progress=progress)
