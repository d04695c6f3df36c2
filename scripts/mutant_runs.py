"""Run tests on mutants in processes that share what they import: one costs what its tests cost.

All tests of a floor are collected once. Each mutant of a function's body is one fork of that
process, in which the function's code is exchanged: whoever imported it holds the same function.
What runs when a file is imported (constants, fields, decorators) is one fork of a process that has
imported third-party packages alone, and reads the mutant in place of the file.

Tests that start a Python of their own see the file as it is on disk: they notice no mutant.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import importlib.machinery
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from mutant_changes import Mutant

HEAVY = (
    "hypothesis",
    "beartype",
    "jaxtyping",
    "numpy",
    "polars",
    "scipy.stats",
    "pydantic",
    "yaml",
)
HEAVY_TOO = ("torch", "narwhals", "ir_measures", "rich.console", "matplotlib.figure")
KILLED, SURVIVED, FALLBACK, FAILS = "killed", "survived", "fallback", "fails"
REWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"  # plugins are imported before pytest asks
ARGUMENTS = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", REWRITTEN)


@dataclass(frozen=True)
class Target:
    """Mutants of a file, and the tests that should notice.

    Attributes:
        file: The file.
        mutants: Its mutants.
        tests: Test files.
        seconds: How long these may take on the file as it is.
    """

    file: Path
    mutants: Sequence[Mutant]
    tests: tuple[Path, ...]
    seconds: float = 300

    @property
    def module(self) -> str:
        """Return its dotted name."""
        parts = self.file.with_suffix("").parts
        return ".".join(parts[len(parts) - parts[::-1].index("gonogo") - 1 :])


def preload() -> None:
    """Import what many tests import, but nothing of the package itself."""
    for name in (*HEAVY, *HEAVY_TOO):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from hypothesis import Phase, settings

    # No shrinking: that a property fails is all that is asked.
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", phases=phases, derandomize=True, database=None)
    settings.load_profile("mutants")
    sys.dont_write_bytecode = True
    gc.freeze()


def forked(work: Callable[[], int], seconds: float) -> int | None:
    """Return how a fork of this process ends; None if it takes too long."""
    pid = os.fork()
    if pid == 0:
        code = 70
        with contextlib.suppress(BaseException):
            os.setsid()
            code = work()
        os._exit(code)
    watched = os.pidfd_open(pid)
    done, _, _ = select.select([watched], [], [], seconds)
    os.close(watched)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)  # and what it has started
    status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status) if done else None


def read_instead(file: Path, source: str) -> None:
    """Have this process import a source in place of a file."""
    loader, wanted = importlib.machinery.SourceFileLoader, str(file)
    stats, data = loader.path_stats, loader.get_data

    def no_stats(self: importlib.machinery.SourceFileLoader, path: str) -> object:
        if path == wanted:
            raise OSError  # no kept bytecode
        return stats(self, path)

    def changed(self: importlib.machinery.SourceFileLoader, path: str) -> bytes:
        return source.encode() if path == wanted else data(self, path)

    loader.path_stats = no_stats  # type: ignore[method-assign, assignment]
    loader.get_data = changed  # type: ignore[method-assign, assignment]


def quiet() -> None:
    """Write what tests print nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def codes(source: str, file: Path) -> dict[tuple[str, int], CodeType]:
    """Return the code of every function in a source by its qualified name and first line."""
    found: dict[tuple[str, int], CodeType] = {}

    def walk(code: CodeType) -> None:
        for each in code.co_consts:
            if isinstance(each, CodeType):
                found[each.co_qualname, each.co_firstlineno] = each
                walk(each)

    walk(compile(source, str(file), "exec", dont_inherit=True))
    return found


def exchange(target: Target, mutant: Mutant, living: Sequence[FunctionType]) -> bool:
    """Give functions in memory their mutant's code; return whether that is all of the mutant."""
    if target.module not in sys.modules:
        read_instead(target.file, mutant.source)
        return True
    if not mutant.inside:
        return False
    before = target.file.read_text(encoding="utf-8")
    old, new = codes(before, target.file), codes(mutant.source, target.file)
    if old.keys() != new.keys():
        return False
    changed = {key for key in old if old[key] != new[key]}
    exchanged = 0
    for function in living:
        key = function.__code__.co_qualname, function.__code__.co_firstlineno
        if key in changed:
            if function.__code__.co_freevars != new[key].co_freevars:
                return False
            function.__code__ = new[key]
            exchanged += 1
    return exchanged > 0


class Loop:
    """A plugin for pytest that runs collected tests once a mutant, each time in a fork."""

    def __init__(self, targets: Sequence[Target], pipe: int, folder: Path) -> None:
        self.targets, self.pipe, self.folder = targets, pipe, folder

    def tell(self, place: int, number: int, word: str) -> None:
        """Write what became of a target's mutant into the pipe."""
        os.write(self.pipe, json.dumps([place, number, word]).encode() + b"\n")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests of each file on it as it is, then on each of its mutants."""
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        gc.freeze()
        for place, target in enumerate(self.targets):
            tests = {str(path) for path in target.tests}
            items = [item for item in session.items if str(item.path) in tests]
            name = str(target.file)
            living = [each for each in functions if each.__code__.co_filename == name]
            started = time.monotonic()
            first = self.run(session, items, lambda: True, target.seconds)
            limit = 3 + 5 * (time.monotonic() - started)
            if first != 0 or not items:
                self.tell(place, -1, FAILS)
                continue
            for number, mutant in enumerate(target.mutants):
                change = functools.partial(exchange, target, mutant, living)
                code = self.run(session, items, change, limit)
                word = {0: SURVIVED, 64: FALLBACK}.get(-1 if code is None else code, KILLED)
                self.tell(place, number, word)
        return True

    def run(
        self,
        session: pytest.Session,
        items: Sequence[pytest.Item],
        change: Callable[[], bool],
        seconds: float,
    ) -> int | None:
        """Return how tests end in a fork that was changed first."""
        place = Path(tempfile.mkdtemp(dir=self.folder))

        def work() -> int:
            if not change():
                return 64
            session.config._tmp_path_factory._given_basetemp = place / "tests"  # type: ignore[attr-defined]
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    return 1
            return 0

        try:
            return forked(work, seconds)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def outcomes(targets: Sequence[Target]) -> Iterator[tuple[int, int, str]]:
    """Yield what became of each mutant: its target's place, its number, a word.

    Number -1 with ``fails``: the tests say nothing, since they fail on the file as it is.
    """
    paths = sorted({str(path) for target in targets for path in target.tests})
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            with contextlib.suppress(BaseException):
                quiet()
                loop = Loop(targets, writing, folder)
                pytest.main(
                    [*ARGUMENTS, "--basetemp", str(folder / "base"), *paths], plugins=[loop]
                )
            os._exit(0)
        os.close(writing)
        missing = {place for place, target in enumerate(targets) if target.mutants}
        left: dict[int, list[int]] = {}
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                place, number, word = json.loads(line)
                missing.discard(place)
                if word == FALLBACK:
                    left.setdefault(place, []).append(number)
                else:
                    yield place, number, word
        os.waitpid(pid, 0)
        for place in missing:  # the tests cannot be collected, or took the whole process with them
            yield place, -1, FAILS
        for place, numbers in left.items():
            for number, word in imported_anew(targets[place], numbers, folder):
                yield place, number, word


def imported_anew(
    target: Target, numbers: Sequence[int], folder: Path
) -> Iterator[tuple[int, str]]:
    """Yield what became of mutants of what runs at import."""
    limit = 30 + 2 * target.seconds  # it collects, too

    def work(source: str | None, place: Path) -> int:
        quiet()
        if source is not None:
            read_instead(target.file, source)
        paths = [str(path) for path in target.tests]
        return int(pytest.main([*ARGUMENTS, "--basetemp", str(place / "tests"), *paths]))

    for number in (-1, *numbers):
        source = None if number == -1 else target.mutants[number].source
        place = Path(tempfile.mkdtemp(dir=folder))
        started = time.monotonic()
        code = forked(functools.partial(work, source, place), limit)
        taken = time.monotonic() - started
        shutil.rmtree(place, ignore_errors=True)
        if number >= 0:
            yield number, SURVIVED if code == 0 else KILLED
        elif code != 0:
            yield -1, FAILS
            return
        else:
            limit = 3 + 5 * taken
