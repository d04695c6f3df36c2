"""Start ``gonogo run two_tower`` in the background, once its data are found to be in order.

Options are those of ``gonogo run``. Help, wrong options and dry runs are answered by it alone.
"""

from __future__ import annotations

import math
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import alias
import psutil

from gonogo.cli import run
from gonogo.cli.main import end_well
from gonogo.cli.shared import options
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_text
from gonogo.data.files.manifest import changed_files, read_manifest
from gonogo.data.files.places import find_folder
from gonogo.data.next_vector.bank import bank_files, find_bank
from gonogo.data.next_vector.next_vectors import open_next_vectors
from gonogo.data.next_vector.sequences import Pairs
from gonogo.data.preflight.preflight_curriculum import Schedule
from gonogo.spec.data.vector_data import PairsData
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.study import ResolvedStudy
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.lock import sole_runner
from gonogo.study.folder.shipped import find_study
from gonogo.study.next_vector.preflight import REPORT
from gonogo.study.planning.plan import Plan

ABOUT = """Start the two-tower study in the background, once its data are found to be in order.

The same as gonogo run two_tower: pairs and bank are compared with their manifests, a preflight of
them must be there; then it prints the process, the log to follow, and how to stop it.
"""
STUDY = "two_tower"
GONOGO = (sys.executable, "-m", "gonogo")


def launch(given: Sequence[str], gonogo: Sequence[str] = GONOGO) -> None:
    """Read the options as ``gonogo run`` does, check what it needs, and start it.

    Args:
        given: the options.
        gonogo: the command that is started.

    Raises:
        UserError: if the study could not run.
        SystemExit: when all is said.
    """
    arguments = ["run", STUDY, *given]

    def start(**values: Any) -> None:
        plan = None if values["dry_run"] else _ready(values)
        if plan is None or plan.is_finished:
            alias.gonogo(*arguments)
        else:
            print("\n".join(_start([*gonogo, *arguments], plan.folder)))

    alias.alias("launch_v4_overnight.sh", run.run, ABOUT, start)(given)


def _ready(values: Mapping[str, Any]) -> Plan:
    """Return the plan of the study after looking at everything that it needs.

    Raises:
        UserError: for the first thing that is not in order.
    """
    opened = options.open_study(
        STUDY, **{name: values[name] for name in ("tier", "quick", "out", "sets")}
    )
    for data in _pairs_of(opened.resolved):
        check_data(data, schedules_on(opened.resolved, data), opened.beside)
    return opened.look(only=values["only"], force=values["force"])


def _pairs_of(study: ResolvedStudy) -> list[PairsData]:
    """Return the pairs, each with its bank, that a study trains and scores on."""
    arms = study.arms.values()
    data = [getattr(task, "data", None) for arm in arms for task in arm.tasks.values()]
    data += [part for _, _, part in study.evaluation.parts]
    named = {(one.folder, one.bank): one for one in data if isinstance(one, PairsData)}
    return list(named.values())


def schedules_on(study: ResolvedStudy, data: PairsData) -> list[Schedule]:
    """Return what the arms of a study mine on these pairs, each schedule once."""
    found = [
        Schedule(parse_curriculum(task.curriculum), task.window, math.ceil(arm.training.epochs))
        for arm in study.arms.values()
        for task in arm.tasks.values()
        if isinstance(task, NextVectorTask) and task.data == data
    ]
    return list(dict.fromkeys(found))


def check_data(data: PairsData, schedules: Sequence[Schedule], beside: Path) -> None:
    """Make sure that pairs and bank are there, are what was recorded, and passed the preflight.

    Args:
        data: pairs and bank, as the study names them.
        schedules: that arms of the study follow on them.
        beside: folder of the study file.

    Raises:
        UserError: if not; with the commands that make the data only where they are missing.
    """
    try:
        path = find_folder(data.folder, beside=beside)
        if data.bank is not None:
            find_bank(data.bank, beside=beside)
        else:
            bank = Path(os.path.normpath(path / read_manifest(path, "pairs")["bank"]))
            if not bank.exists():
                raise UserError("no such bank", file=bank)
    except UserError as error:
        checked = _preflight(data.folder, data.bank, schedules)
        raise UserError(f"{error}\nmake the data first:\n{_recipe(checked)}") from error
    pairs = open_next_vectors(str(path), bank=data.bank, beside=beside).pairs
    named = None if data.bank is None else str(pairs.bank_path)
    _check_preflight(pairs, schedules, _preflight(str(pairs.path), named, schedules))


def _preflight(pairs: str, bank: str | None, schedules: Sequence[Schedule]) -> str:
    """Return the command with which a preflight looks at pairs and at what will be mined."""
    given = ["gonogo", "data", "preflight", pairs]
    given += [] if bank is None else ["--bank", bank]
    for schedule in schedules:
        given += ["--schedule", str(schedule.curriculum), "--window", schedule.window]
    epochs = [str(schedule.epochs) for schedule in schedules]
    each = epochs[:1] if len(set(epochs)) == 1 else epochs
    return shlex.join(given + [part for count in each for part in ("--epochs", count)])


def _recipe(preflight: str) -> str:
    """Return the commands that make the data, from the head of the study file, and check them."""
    lines = find_study(STUDY).read_text(encoding="utf-8").splitlines()
    commands = [line[line.index("gonogo data") :] for line in lines if "gonogo data" in line]
    made = [command for command in commands if "data preflight" not in command]
    return "\n".join(f"  {command}" for command in [*made, preflight])


def _check_preflight(pairs: Pairs, schedules: Sequence[Schedule], again: str) -> None:
    """Refuse pairs that no preflight has seen as they are now, or that it has found unfit.

    Args:
        pairs: with the bank that the study names.
        schedules: that the preflight must have looked at.
        again: the command that looks at them anew.

    Raises:
        UserError: naming what it has found.
    """
    folder = pairs.path / "preflight"
    if not (folder / REPORT).is_file():
        raise UserError("no preflight of these pairs", file=pairs.path, hint=again)
    files = {f"bank/{name}": file for name, file in bank_files(pairs.bank_path).items()}
    files |= {f"pairs/{name}": pairs.path / name for name in pairs.manifest["outputs"]}
    manifest = read_manifest(folder, "preflight")
    changed = changed_files(manifest["inputs"], files)
    if changed:
        told = f"was of other data: {', '.join(changed)} have changed since"
        raise UserError(told, file=folder / REPORT, hint=again)
    seen = manifest["settings"].get("schedules", [])
    unseen = [str(one.curriculum) for one in schedules if not _is_among(one, seen)]
    if unseen:
        told = f"has not looked at what will be mined: {', '.join(unseen)}"
        raise UserError(told, file=folder / REPORT, hint=again)
    report = read_json(folder / REPORT)
    if report["status"] == "blocker":
        problems = [problem for check in report["checks"] for problem in check["problems"]]
        blockers = [problem["text"] for problem in problems if problem["status"] == "blocker"]
        raise UserError(f"blockers: {'; '.join(blockers)}", file=folder / REPORT)


def _is_among(schedule: Schedule, seen: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a preflight has looked at a schedule, for as many epochs or for more."""
    wanted = schedule.as_json()
    return any(
        all(one[key] == wanted[key] for key in ("curriculum", "window"))
        and (schedule.epochs is None or (one["epochs"] or 0) >= schedule.epochs)
        for one in seen
    )


def _start(command: Sequence[str], folder: StudyFolder) -> list[str]:
    """Start a command that outlives this one; return what to tell.

    Raises:
        UserError: if it is running already.
    """
    pid_file, log = folder.path / f"{STUDY}.pid", folder.path / "overnight.log"
    if pid_file.is_file() and _is_running(pid_file.read_text(encoding="utf-8")):
        told = f"process {pid_file.read_text(encoding='utf-8')} is running already"
        raise UserError(told, file=pid_file, hint="wait for it, or stop it with kill")
    with sole_runner(folder.lock):
        pass  # nobody works here, in the foreground either
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # closing the terminal does not end it
        )
    write_text(pid_file, str(process.pid))
    logs = folder.path / "trials" / "*" / "*" / "logs" / "*.log"
    return [
        f"started, process {process.pid} ({pid_file})",
        f"watch   tail -f {log}",
        f'        grep -E "Epoch|Recall@500|Separation" {logs}',
        f"stop    kill {process.pid}    a checkpoint is kept; the same command goes on",
    ]


def _is_running(pid: str) -> bool:
    """Tell whether a process is still the study: numbers are given anew after a while."""
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and STUDY in process.cmdline()
    except (psutil.Error, ValueError):
        return False


if __name__ == "__main__":
    end_well(lambda: launch(sys.argv[1:]))
