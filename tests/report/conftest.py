"""Verdicts of every kind to write reports from; all numbers are made up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from study_values import TRIO

from gonogo.analysis.records.effects import (
    ArmScore,
    DatasetEffect,
    Effect,
    Estimate,
    Interval,
    Measurement,
    PairTest,
    SeedPoint,
)
from gonogo.analysis.records.evidence import Conflict, Curve, Evidence, LookCurve, TrialRecord
from gonogo.analysis.records.verdict import Decision, FrozenGate, GateChange, VerdictFile
from gonogo.core.seeds import generator
from gonogo.spec.rule.gates import Band, BandsGate, ImprovementGate, InterferenceGate

DATASETS = ("python-api/scipy", "python-api/torch", "scifact", "nfcorpus_preprocessed", "fiqa")
SEEDS = (42, 123, 456)
TASKS = {"embed": "emb_only", "rerank": "rank_only"}
METRICS = ("nDCG@10", "R@100", "RR@10", "AP")
NASTY = (
    "<script>alert('x')</script>",
    "quo\"te's & <b>bold</b> \\ 50 % $x_1$ {a}^~ #1 | `code`",
    "javascript:alert(1)",
    "very-long-data-set-name-" + "abcdefghij" * 6,
    "\x1b[31mred\u202e עברית 漢字 😀",
)


def estimate(
    value: float | None, half: float = 0.01, seeds: int = 3, queries: int = 300, std: float = 0.003
) -> Estimate:
    """An estimate with an interval of half-width ``half`` and two others."""
    if value is None:
        return Estimate(value=None, seeds=seeds, queries=queries)
    return Estimate(
        value=value,
        std=std if seeds > 1 else None,
        seeds=seeds,
        queries=queries,
        interval=Interval(
            method="seeds x queries",
            low=value - half,
            high=value + half,
            df=7.3 if seeds > 1 else None,
            note="" if seeds > 1 else "this one seed",
        ),
        others=(
            Interval(method="query bootstrap", low=value - 0.8 * half, high=value + 0.8 * half),
            Interval(
                method="t over seed means", low=value - 1.4 * half, high=value + 1.4 * half, df=2
            ),
        ),
    )


def pair_test(p: float) -> PairTest:
    return PairTest(
        p_permutation=p,
        p_t=p * 1.1,
        p_wilcoxon=p * 1.2,
        p_holm=min(1.0, p * 2),
        p_bonferroni=min(1.0, p * 5),
        effect_size=-0.14,
        wins=71,
        ties=157,
        losses=98,
        aso=0.314,
        note="",
    )


def effect(
    task: str,
    tir: float,
    *,
    half: float = 0.01,
    seeds: tuple[int, ...] = SEEDS,
    datasets: tuple[str, ...] = DATASETS,
    verdict: str = "PASS",
    absence: bool | None = None,
) -> Effect:
    """An interference effect of size ``tir`` with a spread over data sets."""
    rng = generator(7, "effect", task)
    rows = []
    for dataset in datasets:
        reference = float(rng.uniform(0.25, 0.75))
        ratio = float(tir + rng.normal(0, 0.012))
        rows.append(
            DatasetEffect(
                dataset=dataset,
                reference=estimate(reference, 0.02, len(seeds)),
                candidate=estimate(reference * (1 - ratio), 0.02, len(seeds)),
                difference=estimate(-reference * ratio, 0.5 * half + 0.006, len(seeds)),
                ratio=estimate(ratio, half + 0.011, len(seeds)),
                test=pair_test(float(rng.uniform(0.0001, 0.3))),
            )
        )
    points = tuple(
        SeedPoint(
            seed=seed,
            reference=0.45,
            candidate=0.45 * (1 - ratio),
            difference=-0.45 * ratio,
            ratio=ratio,
        )
        for seed in seeds
        for ratio in [float(tir + rng.normal(0, 0.004))]
    )
    tir = sum(point.ratio for point in points) / len(points)
    return Effect(
        task=task,
        metric="nDCG@10",
        reference=TASKS[task],
        candidate="joint_single",
        difference=estimate(-0.45 * tir, 0.5 * half, len(seeds), 1500),
        ratio=estimate(tir, half, len(seeds), 1500),
        per_seed=points,
        datasets=tuple(rows),
        test=pair_test(0.0004),
        lines={"fail": 0.01, "pass": 0.02},
        absence_shown=absence,
        verdict=verdict,
    )


def arm_scores(
    seeds: tuple[int, ...] = SEEDS, datasets: tuple[str, ...] = DATASETS
) -> tuple[ArmScore, ...]:
    """Scores of three arms and two reference rows on both tasks."""
    rng = generator(7, "scores")
    arms = {"emb_only": {"embed"}, "rank_only": {"rerank"}, "joint_single": {"embed", "rerank"}}
    found = []
    for task in TASKS:
        for metric in METRICS:
            base = rng.uniform(0.3, 0.7, len(datasets))
            for arm in (*arms, "bm25", "untrained"):
                reference = arm not in arms
                drop = 0.12 if reference else 0.0 if task in arms[arm] else 0.08
                means = base - drop + rng.normal(0, 0.015, len(datasets))
                for dataset, mean in zip((*datasets, None), (*means, means.mean()), strict=True):
                    found.append(
                        ArmScore(
                            arm=arm,
                            task=task,
                            dataset=dataset,
                            metric=metric,
                            mean=float(mean),
                            std=0.0041 if len(seeds) > 1 and not reference else None,
                            seeds=0 if reference else len(seeds),
                            queries=1500 if dataset is None else 300,
                            off_task=not reference and task not in arms[arm],
                            reference=reference,
                        )
                    )
    return tuple(found)


def conflict(seed: int, layers: int = 30, steps: int = 40) -> Conflict:
    """A conflict record whose first step is undefined, as with LoRA at step 0."""
    rng = generator(seed, "conflict")
    cosines = np.clip(rng.normal(0.05, 0.25, (layers, steps)), -1, 1)
    rows = tuple((None, *map(float, row[1:])) for row in cosines)
    return Conflict(
        arm="joint_single",
        seed=seed,
        tasks=("embed", "rerank"),
        steps=tuple(range(0, 50 * steps, 50)),
        mean_cosine=(None, *map(float, cosines.mean(0)[1:])),
        layers=tuple(f"layers.{index}" for index in range(layers)),
        layer_cosine=rows,
        fraction_negative=float((cosines[:, 1:] < 0).mean()),
    )


def curves(seeds: tuple[int, ...] = SEEDS) -> tuple[Curve, ...]:
    """Loss curves of every arm on its tasks, one with a hole."""
    found = []
    for task, specialist in TASKS.items():
        for arm in (specialist, "joint_single"):
            for seed in seeds:
                rng = generator(seed, "curve", arm, task)
                steps = np.arange(1, 2000, 10)
                loss = 2.4 * np.exp(-steps / 500) + 0.4 + rng.normal(0, 0.05, len(steps))
                found.append(
                    Curve(
                        arm=arm,
                        seed=seed,
                        task=task,
                        steps=tuple(int(step) for step in steps),
                        loss=(None, *(float(value) for value in loss[1:])),
                    )
                )
    return tuple(found)


def looks(seeds: tuple[int, ...] = SEEDS) -> tuple[LookCurve, ...]:
    """Looks of two arms, of which one alone has a figure of its own, with a hole."""
    return tuple(
        LookCurve(
            arm=arm,
            seed=seed,
            steps=(100, 200, 300),
            figures={"R@500": (0.7, 0.74, 0.75), **own},
        )
        for arm, own in {"emb_only": {}, "joint_single": {"margin": (0.3, None, 0.2)}}.items()
        for seed in seeds
    )


def evidence(seeds: tuple[int, ...] = SEEDS) -> Evidence:
    """What three finished arms leave."""
    trials = []
    for arm, tasks in {
        "emb_only": ["embed"],
        "rank_only": ["rerank"],
        "joint_single": list(TASKS),
    }.items():
        for place, seed in enumerate(seeds):
            trials.append(
                TrialRecord(
                    arm=arm,
                    seed=seed,
                    state="finished",
                    fingerprint="0123456789abcdef",
                    train_seconds=341.2 + 7 * place + 300 * (len(tasks) - 1),
                    evaluation_seconds=122.0 + place,
                    steps=1000 * len(tasks),
                    examples=dict.fromkeys(tasks, 32000),
                    trainable_parameters=2_442_240,
                    peak_memory_mb=2312.0 + place,
                    device="cpu",
                    precision="bf16",
                )
            )
    return Evidence(
        trials=tuple(trials),
        curves=curves(seeds),
        looks=looks(seeds),
        conflicts=tuple(conflict(seed) for seed in seeds),
        environment={
            "gonogo": "0.1.0",
            "python": "3.11.9",
            "torch": "2.13.0",
            "processor": "2 cores, AVX-512 with bf16",
            "memory": "16 GB",
        },
        files={"scores": "scores.parquet", "study": "study.yaml", "verdict": "verdict.json"},
    )


def build(word: str = "PASS", support: str = "supported", **changes: object) -> VerdictFile:
    """A complete interference verdict; ``changes`` replace fields."""
    gate = InterferenceGate(**TRIO)
    base: dict[str, object] = {
        "gonogo": "0.1.0",
        "created": "2025-01-31T12:34:56Z",
        "study": "interference",
        "question": "Does one LoRA adapter that learns embedding and reranking together lose "
        "against two specialists?",
        "tier": "full",
        "command": "gonogo run interference --out outputs/interference",
        "gate": FrozenGate(
            spec=gate, fingerprint="89abcdef01234567", frozen_at="2025-01-30T08:00:00Z"
        ),
        "decision": Decision(
            verdict=word,
            support=support,
            sentence=f"{word}, {support}: joint training costs the embed task 3.40 % of its "
            "nDCG@10 (95 % interval +2.40 to +4.40 %), on 3 seeds, 5 data sets and 1,500 queries.",
            reasons=(
                "embed: TIR +3.40 % reaches the 2 % line and so does its whole interval",
                "rerank: TIR +0.30 % stays below the 1 % line",
            ),
            warnings=("fiqa has only 300 of its 648 queries in the scores",),
            next_actions=gate.next_actions.get(word, ()),
        ),
        "effects": (
            effect("embed", 0.034),
            effect("rerank", 0.003, verdict="FAIL", absence=True),
        ),
        "scores": arm_scores(),
        "evidence": evidence(),
    }
    return VerdictFile(**(base | changes))


def passed() -> VerdictFile:
    return build()


def marginal() -> VerdictFile:
    return build(
        "MARGINAL",
        "interval reaches from below 1 % to above 2 %",
        effects=(
            effect("embed", 0.015, verdict="MARGINAL"),
            effect("rerank", 0.004, verdict="FAIL"),
        ),
    )


def failed() -> VerdictFile:
    return build(
        "FAIL",
        "absence not shown: interval reaches above 2 %",
        effects=(
            effect("embed", 0.004, half=0.03, verdict="FAIL", absence=False),
            effect("rerank", -0.012, half=0.025, verdict="FAIL", absence=True),
        ),
    )


def incomplete() -> VerdictFile:
    return build(
        "INCOMPLETE",
        "no verdict over a hole",
        effects=(),
        scores=(),
        evidence=Evidence(),
        decision=Decision(
            verdict="INCOMPLETE",
            support="no verdict over a hole",
            sentence="INCOMPLETE: 2 of 9 trials have no scores yet.",
            missing=(
                "rank_only, seed 456: not trained",
                "joint_single, seed 456, rerank: not evaluated",
            ),
            next_actions=("finish the missing parts: gonogo run continues where it stopped",),
        ),
    )


def one_seed() -> VerdictFile:
    seeds = (42,)
    return build(
        support="preliminary: one seed",
        preliminary=True,
        tier="quick",
        effects=(effect("embed", 0.034, seeds=seeds), effect("rerank", 0.003, seeds=seeds)),
        scores=arm_scores(seeds),
        evidence=evidence(seeds),
    )


def improvement() -> VerdictFile:
    gate = ImprovementGate(
        task="embed",
        candidate="joint_single",
        baseline="emb_only",
        levels={"minimum": 0.01, "strong": 0.015, "top": 0.02},
    )
    base = effect("embed", -0.03)
    lines = {"fail": 0.0, "pass": 0.01, "strong": 0.015, "top": 0.02}
    return build(
        gate=FrozenGate(spec=gate, fingerprint="00", frozen_at="2025-01-30T08:00:00Z"),
        effects=(
            base.model_copy(
                update={
                    "ratio": None,
                    "lines": lines,
                    "datasets": tuple(d.model_copy(update={"ratio": None}) for d in base.datasets),
                }
            ),
        ),
    )


def bands() -> VerdictFile:
    gate = BandsGate(
        task="embed",
        metric="R@500",
        arm="joint_single",
        bands=(
            Band(name="wall", least=0.0, verdict="FAIL"),
            Band(name="partial", least=0.4, verdict="MARGINAL"),
            Band(name="success", least=0.55, verdict="PASS"),
        ),
    )
    measured = Measurement(
        task="embed",
        metric="R@500",
        arm="joint_single",
        estimate=estimate(0.61, 0.03),
        band="success",
        bands={"wall": 0.0, "partial": 0.4, "success": 0.55},
    )
    return build(gate=FrozenGate(spec=gate, fingerprint="00"), effects=(), measurements=(measured,))


def nasty() -> VerdictFile:
    """Every text that data or users can set holds markup."""
    text = NASTY[1]
    return build(
        study=text,
        question=NASTY[0] + text,
        command="gonogo run '<script>' && echo \"$HOME\"",
        gate=FrozenGate(
            spec=InterferenceGate(**TRIO),
            fingerprint="x<y",
            changes=(GateChange(key="pass", frozen="0.02", now="0.015 <script>"),),
        ),
        decision=Decision(
            verdict="PASS",
            support=text,
            sentence=NASTY[0],
            reasons=NASTY,
            missing=NASTY,
            warnings=NASTY,
            next_actions=NASTY,
        ),
        effects=(effect("embed", 0.034, datasets=NASTY),),
        scores=arm_scores(datasets=NASTY),
        evidence=evidence().model_copy(
            update={
                "environment": dict(zip(NASTY, NASTY, strict=True)),
                "files": dict(
                    zip(
                        NASTY,
                        (
                            "javascript:alert(1)",
                            "//evil.example/x",
                            "../ok/a b.csv",
                            "/etc/passwd",
                            "https://evil.example",
                        ),
                        strict=True,
                    )
                ),
            }
        ),
    )


def unknown() -> VerdictFile:
    """None in every place that may hold it."""
    none = Estimate(value=None, seeds=0, queries=0)
    test = PairTest(p_permutation=None)
    row = DatasetEffect(
        dataset="scifact", reference=none, candidate=none, difference=none, test=test
    )
    one = effect("embed", 0.02).model_copy(
        update={
            "difference": none,
            "ratio": None,
            "datasets": (row, row.model_copy(update={"dataset": "fiqa", "ratio": none})),
            "per_seed": (
                SeedPoint(seed=1, reference=0.0, candidate=0.1, difference=0.1, ratio=None),
            ),
            "test": test,
            "lines": {},
        }
    )
    empty = Conflict(
        arm="joint_single",
        seed=1,
        tasks=("embed", "rerank"),
        steps=(0, 50),
        mean_cosine=(None, None),
        layers=("a",),
        layer_cosine=((None, None),),
        fraction_negative=None,
    )
    return build(
        effects=(one,),
        scores=(),
        evidence=Evidence(
            trials=(TrialRecord(arm="a", seed=1, state="missing"),),
            curves=(Curve(arm="a", seed=1, task="embed", steps=(1, 2), loss=(None, None)),),
            looks=(LookCurve(arm="a", seed=1, steps=(5,), figures={"R@500": (0.5,)}),),
            conflicts=(
                empty,
                empty.model_copy(update={"steps": (), "mean_cosine": (), "layer_cosine": ((),)}),
            ),
        ),
    )


def changed() -> VerdictFile:
    """A gate that was changed after training had started."""
    return build(
        gate=FrozenGate(
            spec=InterferenceGate(**TRIO, pass_=0.03),
            fingerprint="89abcdef01234567",
            frozen_at="2025-01-30T08:00:00Z",
            changes=(
                GateChange(key="pass", frozen="0.02", now="0.03"),
                GateChange(key="seeds", frozen="[42, 123, 456, 789]", now="[42, 123, 456]"),
            ),
        )
    )


VARIANTS: dict[str, Callable[[], VerdictFile]] = {
    "passed": passed,
    "marginal": marginal,
    "failed": failed,
    "incomplete": incomplete,
    "one_seed": one_seed,
    "improvement": improvement,
    "bands": bands,
    "nasty": nasty,
    "unknown": unknown,
    "changed": changed,
}


@pytest.fixture(params=list(VARIANTS))
def any_verdict(request: pytest.FixtureRequest) -> VerdictFile:
    return VARIANTS[request.param]()


@pytest.fixture
def verdict() -> VerdictFile:
    return passed()


@pytest.fixture
def variant() -> Callable[[str], VerdictFile]:
    """Make a variant by name."""
    return lambda name: VARIANTS[name]()
