"""Six checks of training data before any training: each green, a warning or a blocker.

Checks of curriculum and filters are made for every schedule that will train on the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonogo.analysis.geometry.geometry import mean_cosine
from gonogo.core.errors import UserError
from gonogo.core.files import sha256_file, write_json
from gonogo.core.seeds import generator
from gonogo.data.files.manifest import check_replaceable, write_manifest
from gonogo.data.next_vector.bank import Bank, derived_from, open_bank
from gonogo.data.next_vector.sequences import Pairs, open_pairs
from gonogo.data.preflight.findings import Finding, Problem, Status, problem, problems, worst
from gonogo.data.preflight.preflight_curriculum import Schedule, check_curriculum, check_filters
from gonogo.data.preflight.preflight_leakage import check_leakage
from gonogo.data.preflight.preflight_remedies import whiten_command
from gonogo.data.preflight.preflight_sanity import Sound, check_sanity
from gonogo.data.preflight.preflight_windows import Neighbourhood, measure
from gonogo.spec.next_vector.curriculum import Curriculum, WindowUnit

REPORT = "preflight.json"
_SAMPLE = 20_000  # bank rows for the mean cosine: its error is far below the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightSettings:
    """What the checks compare with.

    Attributes:
        curriculum: that training will follow.
        window: what low and high of the curriculum are.
        epochs: that training will run; None if that is not known.
        more: schedules of further trainings on the same data.
        near_positive: cosine to the positive above which a row is no negative.
        near_duplicate: cosine of a validation to a training target that is told.
        most_aligned: mean cosine of different bank rows above which whitening is advised.
    """

    curriculum: Curriculum
    window: WindowUnit = "cosine"
    epochs: int | None = None
    more: tuple[Schedule, ...] = ()
    near_positive: float = 0.98
    near_duplicate: float = 0.98
    most_aligned: float = 0.10

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Return the schedules of all trainings."""
        return (Schedule(self.curriculum, self.window, self.epochs), *self.more)


@dataclass(frozen=True, slots=True)
class Preflight:
    """The outcome of all checks."""

    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """Return the worst status."""
        return worst(finding.status for finding in self.findings)


def run_preflight(
    path: Path, settings: PreflightSettings, *, bank: Path | None = None, out: Path | None = None
) -> Preflight:
    """Check pairs and their bank; write ``preflight.json`` and ``manifest.json``.

    Args:
        path: folder of pairs.
        settings: what to compare with.
        bank: where the bank lies now; by default where it lay when the pairs were made.
        out: folder of the two files; by default ``preflight`` in the folder of pairs.

    Raises:
        UserError: if pairs or bank cannot be read at all.
    """
    out = out or path / "preflight"
    check_replaceable(out, "preflight")
    pairs = open_pairs(path, bank=bank, check=False)
    if not pairs.bank_path.exists():
        raise UserError(
            "no such bank", file=pairs.bank_path, hint="say where it lies now with `bank`"
        )
    opened = open_bank(pairs.bank_path)
    sanity, sound = check_sanity(opened, pairs)
    done = Preflight(
        (
            sanity,
            check_leakage(opened, pairs, sound, near_duplicate=settings.near_duplicate),
            check_alignment(opened, sound, settings.most_aligned),
            *_check_schedules(settings, measure(opened, pairs, sound)),
            check_manifests(opened, pairs, copies=bank is not None),
        )
    )
    _write(out, opened, pairs, settings, done)
    return done


def _check_schedules(settings: PreflightSettings, near: Neighbourhood | None) -> Iterator[Finding]:
    """Make checks 4 and 5 for every schedule."""
    for schedule in settings.schedules:
        yield check_curriculum(schedule, near, settings.near_positive)
        yield check_filters(schedule, near, settings.near_positive)


def check_alignment(bank: Bank, sound: Sound, most: float = 0.10) -> Finding:
    """Check 3: the mean cosine of different bank rows, 0 where no direction is preferred."""
    rows = sample_rows(np.flatnonzero(sound.rows))
    if len(rows) < 2:
        text = "fewer than two sound bank rows"
        return Finding("alignment", text, (Problem("blocker", text),))
    mean = mean_cosine(bank.take(rows))
    found: tuple[Problem, ...] = ()
    if abs(mean) > most:
        text = (
            f"the mean cosine of different bank rows is {mean:+.3f}, beyond {most:g}: vectors share"
            f" a direction that tells nothing; whiten them ({whiten_command(bank.path)})"
        )
        found = (Problem("warning", text),)
    facts = {"mean_cosine": mean, "sample": len(rows), "limit": most}
    summary = f"mean cosine of {len(rows):,} different bank rows {mean:+.3f}"
    return Finding("alignment", summary, found, facts)


def sample_rows(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most so many rows that their mean cosine is quick and still exact enough."""
    if len(rows) <= _SAMPLE:
        return rows
    draws = generator(0, "preflight", "alignment")
    return np.sort(draws.choice(rows, size=_SAMPLE, replace=False))


def check_manifests(bank: Bank, pairs: Pairs, *, copies: bool = False) -> Finding:
    """Check 6: sha256 of every file of bank and pairs against what their manifests tell.

    ``copies`` takes a copy of the bank row for row, such as a whitened one, for the bank.
    """
    now = {name: sha256_file(file) for name, file in bank.files.items()}
    of_bank = _changed(bank.manifest.get("outputs", now), now)
    of_source = _changed(pairs.manifest["inputs"], now)
    if copies and derived_from(bank.manifest) == pairs.manifest["inputs"]:
        of_source = []
    recorded = pairs.manifest["outputs"]
    own = {
        name: sha256_file(pairs.path / name) for name in recorded if (pairs.path / name).exists()
    }
    of_pairs = _changed(recorded, own)
    found = problems(
        problem("blocker", "files of the bank differ from its manifest", of_bank),
        problem(
            "blocker", "files of the bank are not those that the pairs were cut from", of_source
        )
        if not of_bank
        else None,
        problem("blocker", "files of the pairs differ from their manifest", of_pairs),
        problem(
            "warning",
            "bank without a manifest: nothing tells what its vectors were made from",
            [] if bank.manifest else [bank.path],
        ),
    )
    differ = any(one.status == "blocker" for one in found)
    outcome = "differ" if differ else "are as recorded"
    summary = f"{len(now) + len(own)} files hashed; pairs and bank {outcome}"
    return Finding("manifest", summary, found, {"bank": now, "pairs": own})


def _changed(recorded: dict[str, str], now: dict[str, str]) -> list[str]:
    return [name for name, digest in recorded.items() if now.get(name) != digest]


def _write(
    out: Path, bank: Bank, pairs: Pairs, settings: PreflightSettings, done: Preflight
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {
        "status": done.status,
        "checks": [finding.as_json() for finding in done.findings],
    }
    write_json(out / REPORT, report)
    inputs = {f"bank/{name}": file for name, file in bank.files.items()}
    inputs |= {f"pairs/{name}": pairs.path / name for name in pairs.manifest["outputs"]}
    write_manifest(
        out,
        "preflight",
        inputs={name: file for name, file in inputs.items() if file.is_file()},
        outputs=(REPORT,),
        settings={
            "schedules": [schedule.as_json() for schedule in settings.schedules],
            "near_positive": settings.near_positive,
            "near_duplicate": settings.near_duplicate,
            "most_aligned": settings.most_aligned,
        },
    )
