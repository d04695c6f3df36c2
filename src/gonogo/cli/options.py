"""Options that several verbs share, and how they open a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from gonogo.study.plan import Plan

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
DeviceName = Annotated[str, typer.Option("--device", help="auto, cuda, mps or cpu.")]
PrecisionName = Annotated[str, typer.Option("--precision", help="fp32, bf16, fp16 or auto.")]
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
    from gonogo.core.errors import UserError
    from gonogo.spec.resolve import resolve
    from gonogo.study.layout import StudyFolder
    from gonogo.study.plan import make_plan
    from gonogo.study.shipped import find_study

    if quick and tier not in (None, "quick"):
        raise UserError(f"--quick and --tier {tier} contradict each other", hint="give one of them")
    path = find_study(study)
    resolved = resolve(path, "quick" if quick else tier or "full", tuple(sets or ()))
    folder = StudyFolder.under(out, resolved.study, resolved.tier)
    beside = path.resolve().parent
    return make_plan(resolved, folder, beside, only=only, force=force, fetch=fetch)


def known_device(name: str) -> Literal["auto", "cuda", "mps", "cpu"]:
    """Return the device that was asked for.

    Raises:
        UserError: if there is none of that name.
    """
    from gonogo.core.errors import UserError, nearest

    match name:
        case "auto" | "cuda" | "mps" | "cpu":
            return name
    hint = nearest(name, ("auto", "cuda", "mps", "cpu"))
    raise UserError(f"no device {name!r}", place="--device", hint=hint)


def known_precision(name: str) -> Literal["auto", "fp32", "bf16", "fp16"]:
    """Return the number format that was asked for.

    Raises:
        UserError: if there is none of that name.
    """
    from gonogo.core.errors import UserError, nearest

    match name:
        case "auto" | "fp32" | "bf16" | "fp16":
            return name
    hint = nearest(name, ("auto", "fp32", "bf16", "fp16"))
    raise UserError(f"no number format {name!r}", place="--precision", hint=hint)
