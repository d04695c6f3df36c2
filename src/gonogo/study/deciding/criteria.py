"""Success levels of a study, answered line by line from its files: met, not met, or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

from gonogo.analysis.records.verdict import VerdictFile, read_verdict
from gonogo.core.errors import UserError
from gonogo.spec.rule.criteria import (
    AllSets,
    AnyOf,
    AverageAbove,
    Criterion,
    FileThere,
    Finished,
    Gain,
    IsotropyHigher,
    StudyDone,
)
from gonogo.spec.study import ResolvedStudy
from gonogo.study.deciding.criteria_figures import Answer, Facts
from gonogo.study.deciding.registration import changed_criteria
from gonogo.study.folder.layout import StudyFolder

Status = Literal["met", "not met", "unknown"]


@dataclass(frozen=True)
class AnsweredLine:
    """One line of a level."""

    level: str
    line: str
    """What is asked, in words."""
    status: Status
    found: str
    """What was found, or what is missing."""


@dataclass(frozen=True)
class Criteria:
    """All lines, and how far the study has come."""

    lines: tuple[AnsweredLine, ...]
    levels: dict[str, Status]
    """A level is met when its lines and those of all levels before it are."""
    changes: tuple[str, ...] = ()
    """Lines added or dropped since the study's first trial started."""
    preliminary: bool = False
    """Whether the tier was a rehearsal, whose levels are none of the study's."""

    @property
    def reached(self) -> str | None:
        """Return the highest level that is met."""
        return next((name for name, s in reversed(self.levels.items()) if s == "met"), None)


def check_study(study: ResolvedStudy, folder: StudyFolder, beside: Path) -> Criteria:
    """Answer every line.

    Args:
        study: resolved at the tier that is asked about.
        folder: where its results lie; they may be missing.
        beside: folder of the study file.

    Raises:
        UserError: if the study has no criteria, or its verdict is broken.
    """
    if not study.criteria:
        raise UserError("the study names no criteria", place="criteria", hint="see gonogo schema")
    verdict = read_verdict(folder.verdict) if folder.verdict.exists() else None
    reader = _Reader(study, folder, beside, verdict)
    lines, levels, below = [], {}, list[Status]()
    for name, asked in study.criteria.items():
        for line in asked:
            status, found = reader.answer(line)
            lines.append(AnsweredLine(name, _words(line, reader), status, found))
            below.append(status)
        levels[name] = _all(below)
    return Criteria(tuple(lines), levels, changed_criteria(study, folder), study.preliminary)


def _all(statuses: Iterable[Status]) -> Status:
    known = set(statuses)
    return "not met" if "not met" in known else "unknown" if "unknown" in known else "met"


def _any(statuses: Iterable[Status]) -> Status:
    known = set(statuses)
    return "met" if "met" in known else "unknown" if "unknown" in known else "not met"


@dataclass(frozen=True)
class _Reader:
    study: ResolvedStudy
    folder: StudyFolder
    beside: Path
    verdict: VerdictFile | None

    @property
    def facts(self) -> Facts:
        return Facts(self.study, self.verdict)

    def answer(self, line: Criterion) -> Answer:
        match line:
            case Gain():
                return self.facts.gain(line)
            case AverageAbove():
                return self.facts.average(line)
            case IsotropyHigher():
                return self.facts.isotropy(line)
            case Finished():
                return self.facts.finished(line)
            case AllSets():
                return self.facts.all_sets(line)
            case StudyDone():
                return self._study_done(line)
            case FileThere():
                return self._file(line)
            case AnyOf():
                answers = [self.answer(one) for one in line.lines]
                return _any(status for status, _ in answers), "; ".join(w for _, w in answers)
            case _:
                assert_never(line)

    def _study_done(self, line: StudyDone) -> Answer:
        out = self.folder.path.parent.parent
        other = StudyFolder.under(out, line.study, line.tier or self.study.tier)
        if not other.verdict.exists():
            return "unknown", f"no verdict in {other.path}"
        word = read_verdict(other.verdict).decision.verdict
        return ("not met" if word == "INCOMPLETE" else "met"), f"{line.study}: {word}"

    def _file(self, line: FileThere) -> Answer:
        for root in (self.folder.path, self.beside):
            path = root / line.path
            if path.is_file() and path.stat().st_size:
                return "met", str(path)
        return "not met", f"no {self.folder.path / line.path}"


def _words(line: Criterion, reader: _Reader) -> str:
    """Write a line as a person would ask it."""
    note = f" ({line.note})" if line.note else ""
    facts = reader.facts
    match line:
        case Gain():
            candidate, baseline = facts.pair(line)
            over = "" if line.over == "all" else f", {line.over}"
            asked = f"{candidate} gains {line.least:+g} or more over {baseline}{over}"
        case AverageAbove():
            over = "" if line.over == "all" else f", {line.over}"
            least = f" of at least {line.least_sets} data sets" if line.least_sets > 1 else ""
            asked = f"{line.arm or facts.candidate}: average{least} above {line.above:g}{over}"
        case IsotropyHigher():
            candidate, baseline = facts.pair(line)
            asked = f"{candidate}: higher {line.figure} than {baseline}"
        case Finished():
            asked = f"all trials of {', '.join(line.arms) or 'all arms'} are finished"
        case AllSets():
            least = f" of at least {line.least_sets}" if line.least_sets > 1 else ""
            sets = ", ".join(line.datasets) or f"every data set{least}"
            asked = f"{', '.join(line.arms) or 'all arms'} scored on {sets}"
        case StudyDone():
            asked = f"the study {line.study} is decided"
        case FileThere():
            asked = f"a file {line.path} is there, whatever it says"
        case AnyOf():
            asked = " or ".join(_words(one, reader) for one in line.lines)
        case _:
            assert_never(line)
    return asked + note
