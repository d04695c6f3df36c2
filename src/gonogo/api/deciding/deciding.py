"""From scores or rankings, in whatever form, and a gate to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gonogo.api.deciding.clusters import in_clusters
from gonogo.api.deciding.gates import Gate, as_gate
from gonogo.api.deciding.given_systems import places_of
from gonogo.api.deciding.systems import scored_runs, usual_metrics
from gonogo.api.deciding.verdict import Verdict
from gonogo.core.errors import UserError
from gonogo.spec.reading.python_values import Settings, as_overrides

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.promised.expected import Expected
    from gonogo.spec.rule.gates import GateSpec
    from gonogo.study.deciding.run_files import ScoredRuns

COMMAND = "gonogo.decide(...) in Python"
Say = Callable[[str], object]


@dataclass(frozen=True)
class _Reading:
    """How rankings are read."""

    pattern: str | None
    empty_is_zero: bool
    condensed: bool


def decide(
    scores: object = None,
    gate: object = None,
    *,
    runs: object = None,
    qrels: object = None,
    metrics: Sequence[str] = (),
    pattern: str | None = None,
    empty_is_zero: bool = False,
    condensed: bool = False,
    model_qrels: object = None,
    clusters: object = None,
    name: str = "decision",
    tier: str | None = None,
    set: Settings | None = None,  # noqa: A002  (what the command line and study files call it)
    say: Say | None = None,
    command: str = COMMAND,
) -> Verdict:
    """Judge scores, or rankings, by a gate.

    Args:
        scores: a frame (polars, pandas, pyarrow), a dict of columns, a list of dicts, or the path
            of a parquet or CSV file, with the columns arm, metric, query_id, value, and, where
            there are several, seed, task, dataset; queries that share a value of the column
            cluster hang together.
        gate: what `improvement`, `interference` or `bands` returned, a dict as in a gate file, the
            path of a gate file, or a study by name, path or object.
        runs: rankings in place of scores: for each arm a ranking, or a dict of them by seed (whole
            numbers) or data set or both; or a folder of TREC runs.
        qrels: judgements for ``runs``: one for all data sets, or a dict by data set.
        metrics: measures to compute from ``runs`` beside the gate's; the usual ones if not given.
        pattern: how paths below a folder of runs name arm, seed, task and data set, such as
            ``{arm}_seed{seed}_{dataset}.res.gz``; ``<arm>/seed_<n>/<task>/<dataset>.trec`` if not
            given.
        empty_is_zero: a judged query without a ranking was searched, and nothing was found; else
            what rests on it is missing.
        condensed: leave documents that nobody judged out of every ranking.
        model_qrels: a model's judgements of all queries, where ``qrels`` are people's of some of
            them, drawn at random: the word stays that of people's queries, and each judged
            difference by both kinds of judgements stands beside it.
        clusters: which queries hang together, such as those on one document: a table, or the path
            of a TSV, with the columns query_id, cluster, and perhaps dataset.
        name: what the verdict is called, if neither a file nor a study names the gate.
        tier: the tier of a study whose gate is used.
        set: keys to override of a gate's or study's file, such as ``{"gate.untrained": "base"}``.
        say: told how far each ranking meets its judgements, and how a table was read.
        command: makes the verdict again; it stands in the report.

    Raises:
        UserError: for wrong input of any kind.
    """
    if model_qrels is not None and runs is None:
        raise UserError("only rankings are judged anew", place="model_qrels", hint="give `runs`")
    reading = _Reading(pattern, empty_is_zero, condensed)
    _refuse_contradictions(scores, gate, runs, qrels, reading, clusters)
    rule, known = read_rule(gate, name, tier, as_overrides(set))
    tell = say or _silently
    notes: tuple[str, ...] = ()
    evidence = None
    if runs is None:
        table = _scores(scores, tell)
    else:
        scored = _runs(runs, qrels, rule, metrics, reading)
        if model_qrels is not None:
            from gonogo.study.deciding.decision import pairs_of
            from gonogo.study.deciding.model_judgements import with_model_judgements

            by_model = _runs(runs, model_qrels, rule, metrics, reading, "model_qrels")
            pairs = pairs_of(rule.spec() if isinstance(rule, Gate) else rule)
            scored = with_model_judgements(scored, by_model, pairs)
        table, notes, evidence = scored.scores, scored.notes, scored.evidence
        for run, found in scored.coverage.items():
            tell(f"{run}: {found}")
    if clusters is not None:
        table = in_clusters(table, clusters)
    from gonogo.study.deciding.decision import judge_scores

    spec = rule.spec(table) if isinstance(rule, Gate) else rule
    return Verdict(judge_scores(table, spec, known, command, notes, evidence))


def _silently(_: str) -> None:
    """Say nothing."""


def _refuse_contradictions(
    scores: object,
    gate: object,
    runs: object,
    qrels: object,
    reading: _Reading,
    clusters: object,
) -> None:
    if gate is None:
        hint = 'such as gonogo.improvement("nDCG@10", "new", over="old")'
        raise UserError("a verdict needs a gate", place="gate", hint=hint)
    if scores is not None and runs is not None:
        hint = "give one of them"
        raise UserError("both scores and runs are given", place="scores", hint=hint)
    if (runs is None) != (qrels is None):
        raise UserError("runs and qrels belong together", place="qrels", hint="give both")
    if clusters is not None and scores is None and runs is None:
        hint = "`cluster` of a data set in the study file names those of its own scores"
        raise UserError("`clusters` belongs to `scores` or `runs`", hint=hint)
    if scores is None and runs is None:
        hint = "give one of them"
        raise UserError("neither scores nor runs are given", place="scores", hint=hint)
    for key, value in vars(reading).items():
        if runs is None and value:
            raise UserError("only rankings are read so", place=key, hint="give `runs`")


def read_rule(
    gate: object, name: str, tier: str | None = None, overrides: tuple[str, ...] = ()
) -> tuple[Gate | GateSpec, Expected]:
    """Return the rule, and what its study promised, if it is a study's.

    Args:
        gate: as `decide` takes it.
        name: what its verdict is called, where no file names it.
        tier: of a study.
        overrides: of a file.

    Raises:
        UserError: for no gate, or a tier or overrides that it cannot have.
    """
    from gonogo.analysis.promised.expected import Expected
    from gonogo.study.deciding.decision import expected_of, read_gate

    study = getattr(gate, "resolved", None)
    found = as_gate(gate) if study is None else ""
    if found and isinstance(found, str):
        return read_gate(found, tier, overrides)
    if tier is not None and (study is None or tier != study.tier):
        what = "this gate" if study is None else f"a study that was opened at {study.tier!r}"
        raise UserError(f"{what} has no tier {tier!r}", place="tier", value=tier)
    if overrides:
        hint = "write them into the gate, or open the study with them"
        raise UserError("only keys of a file are overridden", place="set", hint=hint)
    if study is not None:
        return study.gate, expected_of(study)
    assert not isinstance(found, str)  # noqa: S101  (read above)
    return found, Expected(study=name)


def _scores(scores: object, say: Say) -> pl.DataFrame:
    from gonogo.api.deciding.frames import score_table
    from gonogo.data.files.score_table import separator
    from gonogo.study.deciding.decision import read_score_table

    if not isinstance(scores, str | Path):
        return score_table(scores)
    table = read_score_table(Path(scores))
    if (mark := separator(Path(scores))) != ",":
        say(f"{Path(scores).name}: read with the separator {mark!r}")
    return table


def wanted_metrics(rule: Gate | GateSpec, metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the measures to compute from rankings: the gate's, then those asked for."""
    from gonogo.study.deciding.decision import gate_metrics

    spec = rule.spec() if isinstance(rule, Gate) else rule
    return tuple(dict.fromkeys((*gate_metrics(spec), *(metrics or usual_metrics()))))


def _runs(
    runs: object,
    qrels: object,
    rule: Gate | GateSpec,
    metrics: Sequence[str],
    reading: _Reading,
    place: str = "qrels",
) -> ScoredRuns:
    """Score rankings by the gate's measure, the task being the gate's."""
    from gonogo.study.deciding.decision import pairs_of
    from gonogo.study.deciding.run_files import score_runs

    spec = rule.spec() if isinstance(rule, Gate) else rule
    wanted, task = wanted_metrics(rule, metrics), spec.tasks[0] if len(spec.tasks) == 1 else "run"
    if isinstance(runs, str | Path):
        judged = places_of(qrels, place)
        if judged is None:
            raise UserError("a folder of runs needs judgements", place=place)
        return score_runs(
            Path(runs),
            judged,
            wanted,
            pattern=reading.pattern,
            task=task,
            empty_is_zero=reading.empty_is_zero,
            without_unjudged=reading.condensed,
            pairs=pairs_of(spec),
        )
    if not isinstance(runs, Mapping):
        hint = "a dict of rankings by arm, or a folder"
        raise UserError(f"{type(runs).__name__} names no arms", place="runs", hint=hint)
    if reading.pattern is not None:
        raise UserError("only paths below a folder are read so", place="pattern")
    return scored_runs(
        runs,
        qrels,
        wanted,
        task=task,
        empty_is_zero=reading.empty_is_zero,
        condensed=reading.condensed,
        pairs=pairs_of(spec),
    )
