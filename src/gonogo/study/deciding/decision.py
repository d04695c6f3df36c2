"""From a study's folder, or from anyone's scores or rankings, to verdict.json."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.gates.freezing import freeze_gate, frozen_gate
from gonogo.analysis.promised.expected import Expected, expected_from_scores
from gonogo.analysis.records.evidence import Evidence
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.analysis.tables.measures import canonical
from gonogo.core.errors import UserError, did_you_mean
from gonogo.data.files.score_table import read_scores
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.reading.overrides import Layers, parse_override
from gonogo.spec.reading.problems import validate
from gonogo.spec.reading.reading import read_mapping
from gonogo.spec.rule.gates import GateSpec
from gonogo.spec.study import GateFile, ResolvedStudy
from gonogo.study.deciding.domains import in_domain
from gonogo.study.deciding.gathering import gather_evidence, gather_scores
from gonogo.study.deciding.pair_bounds import Pair
from gonogo.study.deciding.query_groups import query_groups
from gonogo.study.deciding.registration import registered_gate
from gonogo.study.deciding.stopping import expected_scores, read_looks, read_stop
from gonogo.study.folder.shipped import find_study
from gonogo.study.planning.plan import Plan
from gonogo.study.tracking.experiments import gather_runs


def decide_plan(plan: Plan, command: str) -> VerdictFile:
    """Judge what a study's folder holds now."""
    stop = read_stop(plan)
    seeds = stop.seeds if stop else plan.study.seeds
    looked = (len(seeds), len(plan.study.seeds)) if stop or read_looks(plan) else None
    table = gather_scores(plan)
    verdict = decide(
        table,
        registered_gate(plan),
        replace(expected_scores(plan, seeds), looked=looked),
        evidence=gather_evidence(plan),
        command=command,
        in_domain=in_domain(plan.study),
    ).model_copy(update={"runs": gather_runs(plan)})
    verdict = _advise(verdict, "finish the missing parts: gonogo run continues where it stopped")
    if not table.is_empty():
        for note in query_groups(plan).notes(table):
            verdict = _warn(verdict, note)
    return verdict if stop is None else _warn(verdict, stop.sentence)


def _warn(verdict: VerdictFile, warning: str) -> VerdictFile:
    """Add what a reader must know to a verdict."""
    warnings = (*verdict.decision.warnings, warning)
    decision = verdict.decision.model_copy(update={"warnings": warnings})
    return verdict.model_copy(update={"decision": decision})


def _advise(verdict: VerdictFile, *actions: str) -> VerdictFile:
    """Say what to do where parts are missing, unless the gate has words of its own for that."""
    if verdict.decision.verdict != "INCOMPLETE" or verdict.decision.next_actions:
        return verdict
    decision = verdict.decision.model_copy(update={"next_actions": actions})
    return verdict.model_copy(update={"decision": decision})


def read_gate(
    name: str, tier: str | None = None, overrides: tuple[str, ...] = ()
) -> tuple[GateSpec, Expected]:
    """Read the gate of a study at a tier, or a file that holds nothing but a gate.

    Raises:
        UserError: if the file is neither, or an override or the tier does not apply to it.
    """
    path = find_study(name)
    raw = read_mapping(path)
    if not {"arms", "extends"} & set(raw):
        return _lone_gate(path, raw, tier, overrides), Expected(study=path.stem)
    study = resolve(path, tier or "full", overrides)
    return study.gate, expected_of(study)


def expected_of(study: ResolvedStudy) -> Expected:
    """Return what a study says about scores that were made elsewhere."""
    return Expected(
        study=study.study,
        question=study.question,
        tier=study.tier,
        preliminary=study.preliminary,
        seeds=study.seeds,
        untrained=study.evaluation.untrained,
    )


def _lone_gate(
    path: Path, raw: dict[str, Any], tier: str | None, overrides: tuple[str, ...]
) -> GateSpec:
    if tier is not None:
        raise UserError(
            f"a file with nothing but a gate has no tier {tier!r}",
            file=path,
            hint="leave out `tier`, or name the study",
        )
    layers = Layers(GateFile)
    layers.add(raw if "gate" in raw else {"gate": raw}, "")
    for text in overrides:
        key, value = parse_override(text)
        layers.set(key, value, f"set {key}")
    return validate(GateFile, layers.values, path, layers.locate).gate


def decide_scores(
    name: str,
    scores: pl.DataFrame,
    command: str,
    tier: str | None = None,
    overrides: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    evidence: Evidence | None = None,
) -> VerdictFile:
    """Judge a score table that any trainer made by the gate of a study or a gate file.

    The table is taken at its word about seeds and data sets; seeds that the study planned
    otherwise are told in a warning, and so are ``notes`` of whoever made the table; ``evidence`` is
    what is known of the rankings behind it.
    """
    return judge_scores(scores, *read_gate(name, tier, overrides), command, notes, evidence)


def judge_scores(
    scores: pl.DataFrame,
    gate: GateSpec,
    known: Expected,
    command: str,
    notes: tuple[str, ...] = (),
    evidence: Evidence | None = None,
) -> VerdictFile:
    """Judge a score table by a gate; ``known`` is what its study promised, if it has one."""
    if len(gate.tasks) == 1 and set(scores["task"].unique()) == {"run"}:  # the table names none
        scores = scores.with_columns(pl.lit(gate.tasks[0]).alias("task"))
        evidence = None if evidence is None else _as_task(evidence, gate.tasks[0])
    found = expected_from_scores(scores, gate)
    expected = replace(known, seeds=found.seeds, tasks=found.tasks, references=found.references)
    now = freeze_gate(gate, known.arms, found.seeds, found.tasks)
    verdict = decide(scores, frozen_gate(None, now), expected, evidence=evidence, command=command)
    for note in notes:
        verdict = _warn(verdict, note)
    again = "add the missing scores, or name in the gate what the scores hold, and decide again"
    verdict = _advise(verdict, *_unknown(gate, scores), again)
    if not known.seeds or set(known.seeds) == set(found.seeds):
        return verdict
    planned, given = (", ".join(map(str, seeds)) or "none" for seeds in (known.seeds, found.seeds))
    return _warn(verdict, f"the study planned seeds {planned}; the scores have {given}")


def _as_task(evidence: Evidence, task: str) -> Evidence:
    """Return what is known of runs under the one task that they are judged on."""
    runs = (
        run.model_copy(update={"task": task}) if run.task == "run" else run
        for run in evidence.judged_runs
    )
    return evidence.model_copy(update={"judged_runs": tuple(runs)})


def _unknown(gate: GateSpec, scores: pl.DataFrame) -> Iterator[str]:
    """Say what the gate looks at and no score has, beside what the scores do have."""
    metrics = {canonical(name) for name in scores["metric"].unique()}
    yield from _absent("arm", gate.arms, set(scores["arm"].unique()))
    yield from _absent("task", gate.tasks, set(scores["task"].unique()))
    yield from _absent("metric", (canonical(gate.metric),), metrics)


def _absent(kind: str, names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            there = f"{kind}s there: {', '.join(sorted(known)) or 'none'}"
            parts = [f"the scores have no {kind} {name!r}", there, did_you_mean(name, known)]
            yield "; ".join(filter(None, parts))


def read_score_table(path: Path) -> pl.DataFrame:
    """Read a score table from elsewhere."""
    return read_scores(path).drop("study", strict=False)


def lone_task(name: str, tier: str | None = None, overrides: tuple[str, ...] = ()) -> str:
    """Return the one task that a gate looks at, which runs need not name; else ``run``."""
    gate, _ = read_gate(name, tier, overrides)
    return gate.tasks[0] if len(gate.tasks) == 1 else "run"


def metrics_of(
    name: str, tier: str | None = None, overrides: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the measures to compute: the gate's, its guardrails', then the usual ones."""
    gate, _ = read_gate(name, tier, overrides)
    usual = EvaluationSpec.model_fields["metrics"].default
    return tuple(dict.fromkeys((*gate_metrics(gate), *usual)))


def gate_metrics(gate: GateSpec) -> tuple[str, ...]:
    """Return the measures that a gate and its guardrails look at."""
    return (gate.metric, *(rail.metric for rail in gate.rails if rail.metric))


def judged_pairs(
    name: str, tier: str | None = None, overrides: tuple[str, ...] = ()
) -> tuple[Pair, ...]:
    """Return the differences that the gate of a study or gate file judges."""
    return pairs_of(read_gate(name, tier, overrides)[0])


def pairs_of(gate: GateSpec) -> tuple[Pair, ...]:
    """Return the differences that a gate judges."""
    return tuple(
        Pair(pair.task, canonical(gate.metric), pair.reference, pair.candidate)
        for pair in gate.contrasts
        if pair.reference is not None
    )
