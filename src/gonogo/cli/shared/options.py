"""Options that several verbs share, and how they open a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from gonogo.api.studies.study import Study as OpenStudy

Study = Annotated[str, typer.Argument(metavar="STUDY", help="A study file, or a shipped name.")]
Tier = Annotated[str | None, typer.Option("--tier", "-t", help="Budget level; full by default.")]
Quick = Annotated[bool, typer.Option("--quick", "-q", help="Short for --tier quick.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that holds all outputs.")]
Only = Annotated[
    str | None,
    typer.Option("--only", help="Pattern on arm, arm/seed_n, experiment or reference row."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override a key: --set training.epochs=2. May be repeated."),
]
Device = Literal["auto", "cuda", "mps", "cpu"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
DeviceName = Annotated[Device, typer.Option("--device", help="Where models run.")]
PrecisionName = Annotated[Precision, typer.Option("--precision", help="Number format.")]
Workers = Annotated[int, typer.Option(min=1, help="Trials that run at the same time.")]
ModelQrels = Annotated[
    list[str] | None,
    typer.Option(
        "--model-qrels",
        metavar="[NAME=]PATH",
        help="A model's judgements of all queries, --qrels being people's of some, drawn at "
        "random; NAME=PATH for each data set.",
    ),
]
DEFAULT_OUT = Path("outputs")


def model_judgements(given: list[str] | None) -> str | dict[str, str] | None:
    """Return where a model's judgements lie; None where none are given.

    Raises:
        UserError: for several places of which not every one names its data set.
    """
    from gonogo.api.deciding.named_places import named_places

    return named_places(given, "--model-qrels") if given else None


def open_study(
    study: str, *, tier: str | None, quick: bool, out: Path, sets: list[str] | None
) -> OpenStudy:
    """Open the study that a verb is about; touches nothing.

    Raises:
        UserError: for wrong input of any kind.
    """
    from gonogo.api.studies.study import study as open_

    return open_(study, tier=named_tier(tier, quick=quick), set=sets, out=out)


def named_tier(tier: str | None, *, quick: bool) -> str | None:
    """Return the tier that was asked for; None where none was.

    Raises:
        UserError: if --quick and --tier contradict each other.
    """
    from gonogo.core.errors import UserError

    if quick and tier not in (None, "quick"):
        raise UserError(f"--quick and --tier {tier} contradict each other", hint="give one of them")
    return "quick" if quick else tier


def require_training(verb: str, *, needed: bool = True) -> None:
    """Say before anything is read that a verb trains, where what trains is not installed.

    Raises:
        MissingExtraError: with the command that installs it.
    """
    from gonogo.core.extras import require

    if needed:
        require("train", verb)
