"""Mutation testing: change one thing in a file, and see whether its tests notice.

    python scripts/mutants.py                     # the files that differ from main
    python scripts/mutants.py src/gonogo/analysis # these
    python scripts/mutants.py --named             # the changes listed in mutants.yaml alone
    python scripts/mutants.py --again R.json      # what survived in an earlier record

A mutant is tested by the test files of the module's name, then by up to --most-tests others of its
floor that import it (or lie in its room), if these take no longer than --most-seconds. --most draws
so many of a file's mutants, by --seed. Those that mutants.yaml calls equivalent are counted apart.
--record writes what came of each. Ends with 1 if one survives.

Why no mutation tool: one mutant is to be run against few test files, picked by the rule by which
tests mirror ``src`` here, in a process that has imported everything already.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from mutant_changes import Mutant, is_inside, mutants, sites
from mutant_runs import FAILS, KILLED, Target, outcomes, preload

ROOT = Path(__file__).parents[1]
LISTS = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Job:
    """Mutants of one file.

    Attributes:
        file: The file.
        possible: How many mutants it has.
        chosen: Those to run.
        tests: The tests to run, if not those of its name and of its floor.
    """

    file: Path
    possible: int
    chosen: Sequence[Mutant]
    tests: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """Return where the file lies in the repository."""
        return str(self.file.relative_to(ROOT))


@dataclass(frozen=True)
class Told:
    """What became of a file's mutants.

    Attributes:
        file: Where it lies in the repository.
        possible: How many it has.
        run: How many were run.
        killed: How many its tests noticed.
        equivalent: Those that survived and are listed as equivalent.
        survived: Those that survived and are not.
        problem: Why they say nothing.
    """

    file: str
    possible: int
    run: int
    killed: int
    equivalent: list[str]
    survived: list[str]
    problem: str


def named_tests(file: Path) -> list[Path]:
    """Return the test files of a module's name."""
    inside = file.relative_to(ROOT / "src" / "gonogo")
    return sorted((ROOT / "tests" / inside.parent).glob(f"test_{inside.stem}*.py"))


def neighbouring_tests(file: Path, most: int) -> list[Path]:
    """Return other test files of a module's floor: those that import it, or those of its room."""
    parts = file.relative_to(ROOT / "src").with_suffix("").parts
    module, package = ".".join(parts), ".".join(parts[:-1])
    needles = (f"from {module} import", f"import {module}", f"from {package} import {parts[-1]}")
    floor = sorted((ROOT / "tests" / parts[1]).rglob("test_*.py"))
    found = [p for p in floor if any(each in p.read_text(encoding="utf-8") for each in needles)]
    room = ROOT.joinpath("tests", *parts[1:-1])
    known = set(named_tests(file))
    return [path for path in found or sorted(room.glob("test_*.py")) if path not in known][:most]


def changed_files() -> list[Path]:
    """Return the files of the package that differ from main."""
    wanted = ["git", "diff", "--name-only", "--diff-filter=d", "main", "--", "src/gonogo"]
    listed = subprocess.run(wanted, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split() if name.endswith(".py")]


def rounds(job: Job, most_tests: int, most_seconds: float) -> list[Target]:
    """Return the tests of a file: those of its name, then what else may notice what survives."""
    if job.tests:
        return [Target(job.file, job.chosen, job.tests)]
    named = named_tests(job.file)
    others = neighbouring_tests(job.file, most_tests)
    seconds = most_seconds if named else 10 * most_seconds
    found = [Target(job.file, job.chosen, tuple(named))] if named else []
    return found + ([Target(job.file, job.chosen, tuple(others), seconds)] if others else [])


def run_jobs(wanted: Sequence[Job], options: argparse.Namespace, same: set[str]) -> list[Told]:
    """Run the mutants of a room, against one set of tests after the other."""
    planned = [rounds(job, options.most_tests, options.most_seconds) for job in wanted]
    left = [dict(enumerate(job.chosen)) for job in wanted]
    said: set[int] = set()
    for turn in range(2):
        places = [at for at, each in enumerate(planned) if len(each) > turn and left[at]]
        numbers = {at: list(left[at]) for at in places}
        targets = [replace(planned[at][turn], mutants=list(left[at].values())) for at in places]
        for place, number, word in outcomes(targets) if targets else ():
            at = places[place]
            if word != FAILS:
                said.add(at)
            if word == KILLED:
                del left[at][numbers[at][number]]
    return [told(job, list(left[at].values()), at in said, same) for at, job in enumerate(wanted)]


def told(job: Job, left: Sequence[Mutant], said: bool, same: set[str]) -> Told:
    """Return what became of a job's mutants, from those that are left."""
    names = [f"{mutant.line}: {mutant.told}" for mutant in left]
    listed = [f"{job.name}: {mutant.told}" in same for mutant in left]
    return Told(
        file=job.name,
        possible=job.possible,
        run=len(job.chosen),
        killed=len(job.chosen) - len(left),
        equivalent=[name for name, known in zip(names, listed, strict=True) if known],
        survived=[name for name, known in zip(names, listed, strict=True) if not known],
        problem="" if said or not job.chosen else "no test of its floor runs on it",
    )


def listed_jobs(listed: Sequence[Mapping[str, Any]]) -> Iterator[Job]:
    """Yield the mutants that are listed one by one."""
    for each in listed:
        file = ROOT / each["file"]
        text = file.read_text(encoding="utf-8")
        if text.count(each["old"]) != 1:
            sys.exit(f"{LISTS.name}: {each['file']} does not hold once: {each['old']}")
        line = text[: text.index(each["old"])].count("\n") + 1
        source = text.replace(each["old"], each["new"])
        tests = tuple(ROOT / test for test in each.get("tests", ()))
        yield Job(file, 1, [Mutant(line, each["why"], source, is_inside(text, line))], tests)


def drawn_job(file: Path, most: int | None, seed: int) -> Job:
    """Return a file's mutants, or a sample of them."""
    source = file.read_text(encoding="utf-8")
    found = sites(source)
    if most is None or len(found) <= most:
        return Job(file, len(found), mutants(source, found))
    stream = np.random.default_rng([seed, *str(file.relative_to(ROOT)).encode()])
    drawn = sorted(stream.choice(len(found), most, replace=False).tolist())
    return Job(file, len(found), mutants(source, [found[number] for number in drawn]))


def survivors(record: Sequence[Mapping[str, Any]]) -> Iterator[Job]:
    """Yield the mutants that survived before; where a file has changed, those told alike."""
    for each in record:
        told = {name.partition(": ")[2] for name in each["survived"]}
        file = ROOT / each["file"]
        source = file.read_text(encoding="utf-8") if told else ""
        every = mutants(source, sites(source)) if told else []
        exact = [one for one in every if f"{one.line}: {one.told}" in each["survived"]]
        found = exact or [one for one in every if one.told in told]
        if found:
            yield Job(file, len(found), found)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    shape = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shape)
    add = parser.add_argument
    add("files", nargs="*", type=Path, help="files or folders of the package")
    add("--named", action="store_true", help="the listed mutants alone")
    add("--most", type=int, help="mutants of a file, drawn by the seed")
    add("--seed", type=int, default=0, help="of the draw (0)")
    add("--most-tests", type=int, default=8, help="other test files of a floor (8)")
    add("--most-seconds", type=float, default=6, help="that those may take (6)")
    add("--again", type=Path, help="what survived in such a record alone")
    add("--record", type=Path, help="a JSON file of what came of each")
    return parser.parse_args()


def jobs(options: argparse.Namespace, listed: Sequence[Mapping[str, Any]]) -> list[Job]:
    """Return what the command line asks for."""
    if options.named:
        return list(listed_jobs(listed))
    if options.again:
        return list(survivors(json.loads(options.again.read_text(encoding="utf-8"))))
    given = [path.resolve() for path in options.files]
    parts = [sorted(path.rglob("*.py")) if path.is_dir() else [path] for path in given]
    files = [file for part in parts for file in part] if given else changed_files()
    files = [file for file in files if file.name != "__init__.py"]
    return [drawn_job(file, options.most, options.seed) for file in files]


def main() -> None:
    """Run what the command line names."""
    options = arguments()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT / "src"))
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    )
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    lists = yaml.safe_load(LISTS.read_text(encoding="utf-8"))
    wanted = jobs(options, lists["named"])
    preload()
    same = {f"{each['file']}: {each['told']}" for each in lists["equivalent"]}
    kept: list[Told] = []
    started = time.monotonic()
    for _, room in itertools.groupby(wanted, key=lambda job: job.file.parent):
        kept += (found := run_jobs(list(room), options, same))
        for each in found:
            for survivor in each.survived:
                print(f"{each.file}:{survivor}")
            print(f"{each.file}: {each.killed} of {each.run} killed {each.problem}", flush=True)
        if options.record:
            text = json.dumps([asdict(each) for each in kept], indent=1)
            options.record.write_text(text + "\n", encoding="utf-8")
    counts = {word: sum(getattr(t, word) for t in kept) for word in ("possible", "run", "killed")}
    for word in ("equivalent", "survived"):
        counts[word] = sum(len(getattr(each, word)) for each in kept)
    counted = ", ".join(f"{count} {word}" for word, count in counts.items())
    print(f"all: {counted}, in {time.monotonic() - started:.0f} s")
    sys.exit(counts["survived"] > 0)


if __name__ == "__main__":
    main()
