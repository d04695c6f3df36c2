"""Any two or more systems as score tables: TREC runs, tables from elsewhere, trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.judged_runs import JudgedRun
from gonogo.core.errors import UserError
from gonogo.data.files.cluster_table import stacked
from gonogo.data.files.lines import plain_suffix
from gonogo.data.files.score_table import read_scores
from gonogo.data.judged.coverage import Coverage
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.rule.gates import GateSpec
from gonogo.study.deciding.judgements import JudgedBy
from gonogo.study.deciding.named_systems import named_systems, split_name
from gonogo.study.deciding.run_files import score_run
from gonogo.study.folder.judged import judged_run

TABLES = {".parquet", ".csv"}
USUAL: tuple[str, ...] = EvaluationSpec.model_fields["metrics"].default
"""Measures that are computed where none are asked for."""


@dataclass(frozen=True)
class Systems:
    """Systems that were read."""

    frames: dict[str, pl.DataFrame]
    """The score table of each, by its label, in the order given."""
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    """How far each run meets its judgements."""
    notes: tuple[str, ...] = ()
    """What a reader must know of the runs."""
    tables: frozenset[str] = frozenset()
    """Those that were given as score tables, which cannot be judged anew."""
    judged: tuple[JudgedRun, ...] = ()
    """How far each run meets its judgements, as a verdict keeps it; ``arm`` is the label."""

    def judged_as(self, others: Systems) -> dict[str, pl.DataFrame]:
        """Return the tables of the same systems under other judgements, data sets named as here.

        Raises:
            UserError: if a system is a table.
        """
        if self.tables:
            raise UserError(
                f"{min(self.tables)} is a score table, which cannot be judged anew",
                place="model_qrels",
                hint="give TREC runs",
            )
        found = {}
        for label, frame in others.frames.items():
            names, own = frame["dataset"].unique(), self.frames[label]["dataset"].unique()
            if len(names) == len(own) == 1:  # each is called after its file of judgements
                frame = frame.with_columns(pl.lit(own[0]).alias("dataset"))
            found[label] = frame
        return found


def load_systems(
    names: list[Path], qrels: JudgedBy | None, metrics: tuple[str, ...] = ()
) -> Systems:
    """Read every system, labelled by the shortest part of its path that tells them apart.

    ``NAME=PATH`` names one, and may be repeated for its further files, seeds and data sets: see
    :func:`gonogo.study.deciding.named_systems.named_systems`.

    Raises:
        UserError: if a path is no run, table or trial, or a run comes without judgements.
    """
    split = [split_name(path) for path in names]
    if named := [(name, path) for name, path in split if name is not None]:
        if len(named) < len(names):
            raise UserError("name all systems or none", hint="NAME=PATH for each of them")
        return _named(named, qrels, metrics or USUAL)
    labels = _labels(names)
    if len(set(labels)) < len(names):
        raise UserError(f"{labels} names a system twice", hint="give each system once")
    if qrels is not None and not isinstance(qrels, str):
        if len(qrels) > 1:
            raise UserError("judgements by data set need systems by name", hint="NAME=PATH each")
        (qrels,) = qrels.values()
    frames: dict[str, pl.DataFrame] = {}
    covered: dict[str, Coverage] = {}
    judged = []
    for label, path in zip(labels, names, strict=True):
        frames[label], found = _load(path, qrels, metrics or USUAL)
        if found is not None:
            covered[label] = found
            judged.append(judged_run(found, label, None, "run", frames[label]["dataset"][0]))
    notes = tuple(f"{label}: {note}" for label, one in covered.items() for note in one.notes())
    tables = frozenset(frames.keys() - covered.keys())
    return Systems(frames, covered, notes, tables, tuple(judged))


def _named(
    given: list[tuple[str, Path]], qrels: JudgedBy | None, metrics: tuple[str, ...]
) -> Systems:
    frames, scored = named_systems(given, qrels, metrics)
    if scored is None:
        return Systems(frames, tables=frozenset(frames))
    judged = scored.evidence.judged_runs
    tables = frozenset(frames.keys() - {run.arm for run in judged})
    return Systems(frames, scored.coverage, scored.notes, tables, judged)


def as_arms(systems: Systems, gate: GateSpec) -> tuple[pl.DataFrame, Evidence]:
    """Return all systems in one score table, under the names that a gate has for them.

    What is known of the rankings behind them comes along: a verdict over rankings of which nothing
    is judged says nothing.

    Tables whose own arms the gate names keep these. Otherwise a system's label is its arm; of two
    systems under a gate with one baseline the first is the baseline, whatever they are called.

    Args:
        systems: in the order given.
        gate: the rule that is to judge them.

    Raises:
        UserError: if the gate names arms that no system can be.
    """
    frames, wanted = systems.frames, gate.arms
    own = {arm for frame in frames.values() for arm in frame["arm"].unique()}
    if set(wanted) <= own:
        names = {label: str(frame["arm"][0]) for label, frame in frames.items() if len(frame)}
        return stacked(frames.values()), _evidence(systems, names)
    names = {label: label for label in frames}
    baseline = gate.sole_baseline
    if not set(wanted) <= set(frames) and baseline is not None and len(frames) == 2:
        names = dict(zip(frames, (baseline, gate.candidate_arm), strict=True))
    if lacking := [arm for arm in wanted if arm not in names.values()]:
        raise UserError(
            f"the gate looks at {', '.join(wanted)}, and no system is called {lacking[0]}",
            hint=f"name files after arms (given: {', '.join(frames)}), or give the baseline and "
            "then the candidate to a gate with one baseline",
        )
    renamed = (
        frame.with_columns(pl.lit(names[label]).alias("arm")) for label, frame in frames.items()
    )
    return stacked(renamed), _evidence(systems, names)


def _evidence(systems: Systems, names: Mapping[str, str]) -> Evidence:
    renamed = (
        run.model_copy(update={"arm": names.get(run.arm, run.arm)}) for run in systems.judged
    )
    return Evidence(judged_runs=tuple(renamed))


def _labels(names: list[Path]) -> list[str]:
    parts = [path.resolve().with_suffix("").parts for path in names]
    longest = max(map(len, parts))
    for depth in range(1, longest + 1):
        labels = ["/".join(own[-depth:]) for own in parts]
        if len(set(labels)) == len(names):
            return labels
    return [str(path) for path in names]


def _load(
    path: Path, qrels: str | None, metrics: tuple[str, ...]
) -> tuple[pl.DataFrame, Coverage | None]:
    if path.is_dir():
        table = path / "scores.parquet"
        if not table.exists():
            raise UserError("no scores.parquet in this folder", file=path, hint="finish the trial")
        return read_scores(table).drop("study", strict=False), None
    if not path.exists():
        raise UserError("no such file", file=path)
    if plain_suffix(path) in TABLES:
        return read_scores(path).drop("study", strict=False), None
    if qrels is None:
        raise UserError("a TREC run needs judgements", file=path, hint="give `qrels`")
    return score_run(path, qrels, metrics)
