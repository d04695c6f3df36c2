"""From scores or rankings, in whatever form, and a gate to a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.api.deciding.gates import Gate, as_gate
from gonogo.api.deciding.systems import scored_runs, usual_metrics
from gonogo.api.deciding.verdict import Verdict
from gonogo.core.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.promised.expected import Expected
    from gonogo.spec.rule.gates import GateSpec
    from gonogo.study.deciding.run_files import ScoredRuns

COMMAND = "gonogo.decide(...) in Python"


def decide(
    scores: object = None,
    gate: object = None,
    *,
    runs: object = None,
    qrels: object = None,
    metrics: Sequence[str] = (),
    name: str = "decision",
    tier: str | None = None,
    empty_is_zero: bool = False,
    command: str = COMMAND,
) -> Verdict:
    """Judge scores, or rankings, by a gate.

    Args:
        scores: a frame (polars, pandas, pyarrow), a dict of columns, a list of dicts, or the path
            of a parquet or CSV file, with the columns arm, metric, query_id, value, and, where
            there are several, seed, task, dataset.
        gate: what `improvement`, `interference` or `bands` returned, a dict as in a gate file, the
            path of a gate file, or a study by name, path or object.
        runs: rankings in place of scores: for each arm a ranking, or a dict of them by seed (whole
            numbers) or data set or both; or a folder of TREC runs.
        qrels: judgements for ``runs``: one for all data sets, or a dict by data set.
        metrics: measures to compute from ``runs`` beside the gate's; the usual ones if not given.
        name: what the verdict is called.
        tier: the tier of a study whose gate is used.
        empty_is_zero: a judged query without a ranking was searched, and nothing was found; else
            what rests on it is missing.
        command: makes the verdict again; it stands in the report.

    Raises:
        UserError: for wrong input of any kind.
    """
    if gate is None:
        hint = 'such as gonogo.improvement("nDCG@10", "new", over="old")'
        raise UserError("a verdict needs a gate", place="gate", hint=hint)
    if (scores is None) == (runs is None):
        what = "neither scores nor runs" if scores is None else "both scores and runs"
        raise UserError(f"{what} are given", place="scores", hint="give one of them")
    if (runs is None) != (qrels is None):
        raise UserError("runs and qrels belong together", place="qrels", hint="give both")
    rule, known = _rule(gate, name, tier)
    notes: tuple[str, ...] = ()
    evidence = None
    if runs is None:
        table = _scores(scores)
    else:
        scored = _runs(runs, qrels, rule, metrics, empty_is_zero)
        table, notes, evidence = scored.scores, scored.notes, scored.evidence
    from gonogo.study.deciding.decision import judge_scores

    spec = rule.spec(table) if isinstance(rule, Gate) else rule
    return Verdict(judge_scores(table, spec, known, command, notes, evidence))


def _rule(gate: object, name: str, tier: str | None) -> tuple[Gate | GateSpec, Expected]:
    """Return the rule, and what its study promised, if it is a study's."""
    from gonogo.analysis.promised.expected import Expected
    from gonogo.study.deciding.decision import expected_of, read_gate

    study = getattr(gate, "resolved", None)
    if study is not None:
        return study.gate, expected_of(study)
    found = as_gate(gate)
    if isinstance(found, str):
        return read_gate(found, tier)
    if tier is not None:
        raise UserError(f"this gate has no tier {tier!r}", place="tier", value=tier)
    return found, Expected(study=name)


def _scores(scores: object) -> pl.DataFrame:
    from gonogo.api.deciding.frames import score_table
    from gonogo.study.deciding.decision import read_score_table

    if isinstance(scores, str | Path):
        return read_score_table(Path(scores))
    return score_table(scores)


def _runs(
    runs: object,
    qrels: object,
    rule: Gate | GateSpec,
    metrics: Sequence[str],
    empty_is_zero: bool,
) -> ScoredRuns:
    """Score rankings by the gate's measure, the task being the gate's."""
    from gonogo.study.deciding.decision import gate_metrics, pairs_of
    from gonogo.study.deciding.run_files import score_runs

    spec = rule.spec() if isinstance(rule, Gate) else rule
    wanted = tuple(dict.fromkeys((*gate_metrics(spec), *(metrics or usual_metrics()))))
    pairs = pairs_of(spec)
    if isinstance(runs, str | Path):
        if not isinstance(qrels, str | Path):
            raise UserError(
                "a folder of runs needs judgements in a file or folder",
                place="qrels",
                hint="read the runs first, and give them as a dict",
            )
        return score_runs(
            Path(runs),
            str(qrels),
            wanted,
            task=_task(spec),
            empty_is_zero=empty_is_zero,
            pairs=pairs,
        )
    if not isinstance(runs, Mapping):
        hint = "a dict of rankings by arm, or a folder"
        raise UserError(f"{type(runs).__name__} names no arms", place="runs", hint=hint)
    return scored_runs(
        runs, qrels, wanted, task=_task(spec), empty_is_zero=empty_is_zero, pairs=pairs
    )


def _task(spec: GateSpec) -> str:
    """Return the task of runs that name none."""
    return spec.tasks[0] if len(spec.tasks) == 1 else "run"
