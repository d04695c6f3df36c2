"""Options that several verbs share, and how they open a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from gonogo.study.planning.plan import Plan

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
DEFAULT_OUT = Path("outputs")


def open_plan(
    study: str,
    *,
    tier: str | None,
    quick: bool,
    out: Path,
    sets: list[str] | None,
    only: str | None = None,
    force: bool = False,
    fetch: bool = False,
) -> Plan:
    """Resolve a study and look at the state of its trials; touches nothing.

    Raises:
        UserError: for wrong input of any kind.
    """
    from gonogo.spec.checks.resolve import resolve
    from gonogo.study.folder.layout import StudyFolder
    from gonogo.study.folder.shipped import find_study
    from gonogo.study.planning.plan import make_plan

    path = find_study(study)
    resolved = resolve(path, named_tier(tier, quick=quick) or "full", tuple(sets or ()))
    folder = StudyFolder.under(out, resolved.study, resolved.tier)
    beside = path.resolve().parent
    return make_plan(resolved, folder, beside, only=only, force=force, fetch=fetch, file=path)


def named_tier(tier: str | None, *, quick: bool) -> str | None:
    """Return the tier that was asked for; None where none was.

    Raises:
        UserError: if --quick and --tier contradict each other.
    """
    from gonogo.core.errors import UserError

    if quick and tier not in (None, "quick"):
        raise UserError(f"--quick and --tier {tier} contradict each other", hint="give one of them")
    return "quick" if quick else tier
