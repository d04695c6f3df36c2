"""Lines of success levels against verdicts with known numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gonogo.analysis.geometry.geometry_record import GeometryRecord, TextsRecord
from gonogo.analysis.records.effects import (
    ArmScore,
    DatasetEffect,
    Effect,
    Estimate,
    GroupMean,
    Interval,
    PairTest,
)
from gonogo.analysis.records.evidence import Evidence, TrialRecord
from gonogo.analysis.records.verdict import Decision, FrozenGate, VerdictFile, write_verdict
from gonogo.core.errors import UserError
from gonogo.report.words.criteria_table import criteria_table
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.data.beir_sets import BEIR_PUBLIC
from gonogo.spec.rule.criteria import AllSets, AnyOf, AverageAbove, FileThere, Finished
from gonogo.spec.rule.gates import ImprovementGate
from gonogo.spec.study import ResolvedStudy
from gonogo.study.deciding.criteria import Criteria, check_study
from gonogo.study.deciding.registration import register_criteria
from gonogo.study.folder.layout import StudyFolder
from gonogo.study.folder.shipped import find_study
from gonogo.study.planning.plan import Plan

SEEDS = (1, 2)


def values(criteria: dict[str, Any]) -> dict[str, Any]:
    return {
        "study": "s",
        "seeds": list(SEEDS),
        "defaults": {
            "model": {"backbone": "minilm"},
            "tasks": {"embed": {"kind": "retrieval", "data": ["x"]}},
        },
        "arms": {"plain": {}, "shaped": {"training": {"epochs": 2}}},
        "evaluation": {"datasets": ["x", "y"], "tasks": {"embed": {"kind": "retrieval"}}},
        "gate": {
            "kind": "improvement",
            "task": "embed",
            "candidate": "shaped",
            "baseline": "plain",
        },
        "criteria": criteria,
    }


def resolved(tmp_path: Path, criteria: dict[str, Any]) -> ResolvedStudy:
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(values(criteria), sort_keys=False))
    return resolve(tmp_path / "s.yaml")


def mean(arm: str, value: float, group: Any = "all") -> GroupMean:
    return GroupMean(
        arm=arm,
        task="embed",
        dataset=None,
        metric="nDCG@10",
        mean=value,
        std=None,
        seeds=2,
        queries=10,
        group=group,
        datasets=("x", "y"),
    )


def geometry(arm: str, seed: int, score: float, **changes: Any) -> GeometryRecord:
    fields: dict[str, Any] = {
        "model": arm,
        "seed": seed,
        "texts": TextsRecord(name="t", count=100, fingerprint=changes.pop("texts", "same")),
        "dimension": 4,
        "isotropy": score,
        "gaussian": 0.8,
        "isoscore_star": score,
        "mean_cosine": 0.0,
        "effective_rank": 2.0,
        "participation_ratio": 2.0,
        "spectrum": (1.0,),
        **{f"norm_{n}": 1.0 for n in ("mean", "std", "minimum", "median", "maximum")},
    }
    return GeometryRecord(**fields | changes)


def answer(
    tmp_path: Path,
    line: dict[str, Any],
    *,
    means: tuple[GroupMean, ...] = (),
    records: tuple[GeometryRecord, ...] = (),
    states: dict[tuple[str, int], str] | None = None,
    scores: tuple[ArmScore, ...] = (),
    effects: tuple[Effect, ...] = (),
    word: Any = "FAIL",
) -> tuple[str, str]:
    study = resolved(tmp_path, {"minimum": [line]})
    trials = {(arm, seed): "finished" for arm in ("plain", "shaped") for seed in SEEDS}
    gate = study.gate
    assert isinstance(gate, ImprovementGate)
    verdict = VerdictFile(
        gonogo="0",
        created="now",
        study="s",
        gate=FrozenGate(spec=gate, fingerprint="f"),
        decision=Decision(verdict=word, support="", sentence=""),
        scores=scores,
        groups=means,
        effects=effects,
        evidence=Evidence(
            trials=tuple(
                TrialRecord(arm=arm, seed=seed, state=state)
                for (arm, seed), state in (trials | (states or {})).items()
            ),
            geometry=records,
        ),
    )
    folder = StudyFolder.under(tmp_path / "out", "s", "full")
    write_verdict(folder.verdict, verdict)
    [found] = check_study(study, folder, tmp_path).lines
    return found.status, found.found


TWO = (mean("shaped", 0.49), mean("plain", 0.48))


def estimate(value: float, low: float, high: float, seeds: int = 2) -> Estimate:
    ends = Interval(method="seeds x queries", low=low, high=high)
    return Estimate(value=value, seeds=seeds, queries=10, interval=ends)


def gained(*parts: tuple[float, float, float], seeds: int = 2) -> Effect:
    """Return the gain whose first figures are of all data sets, the others of x, y, ..."""
    whole, *own = (estimate(*part, seeds) for part in parts)
    level = estimate(0.48, 0.4, 0.5)
    test = PairTest(p_permutation=0.5, wins=6, losses=4)
    return Effect(
        task="embed",
        metric="nDCG@10",
        reference="plain",
        candidate="shaped",
        difference=whole,
        per_seed=(),
        datasets=tuple(
            DatasetEffect(dataset=name, reference=level, candidate=level, difference=d, test=test)
            for name, d in zip("xyz", own, strict=False)
        ),
        test=test,
        verdict="PASS",
    )


@pytest.mark.parametrize(
    ("least", "status"),
    [(0.01, "met"), (0.0100001, "unknown"), (0.02, "unknown"), (0.03, "not met")],
)
def test_a_gain_is_judged_by_its_interval_in_points(
    tmp_path: Path, least: float, status: str
) -> None:
    """+1 means one point, 0.01 of nDCG; the line is met from the interval's lower end on."""
    line = {"kind": "gain", "least": least}
    assert answer(tmp_path, line, effects=(gained((0.015, 0.01, 0.02)),))[0] == status


def test_a_gain_over_some_data_sets_has_the_mean_of_their_ends(tmp_path: Path) -> None:
    effect = gained((0.5, 0.4, 0.6), (0.02, 0.01, 0.03), (0.04, 0.02, 0.06), (0.9, 0.8, 1.0))
    means = tuple(mean(one.arm, one.mean, "out of domain") for one in TWO)
    line = {"kind": "gain", "least": 0.015, "over": "out of domain"}
    found = answer(tmp_path, line, means=means, effects=(effect,))
    assert found[0] == "met"
    assert "95 % interval +0.0150 to +0.0450, over 2 data sets" in found[1]


def test_a_gain_without_an_interval_is_not_known(tmp_path: Path) -> None:
    line = {"kind": "gain", "least": 0.005}
    found = answer(tmp_path, line, means=TWO)
    assert found == (
        "unknown",
        "+0.0100, over 2 data sets that all rows share (x, y), by the point estimate; "
        "the gate does not compare shaped with plain",
    )
    one = answer(tmp_path, line, effects=(gained((0.5, 0.4, 0.6), seeds=1),))
    assert one[0] == "unknown"
    assert one[1].endswith("one seed: its interval is blind to seed noise")


def test_above_is_above(tmp_path: Path) -> None:
    line = {"kind": "average_above", "above": 0.49}
    assert answer(tmp_path, line, means=TWO)[0] == "not met"
    found = answer(tmp_path, line | {"above": 0.48999}, means=TWO)
    assert found == ("met", "0.4900 over 2 data sets that all rows share (x, y)")
    out = {**line, "over": "out of domain"}
    assert answer(tmp_path, out, means=TWO)[0] == "unknown"
    beyond = (*TWO, mean("shaped", 0.6, "out of domain"))
    assert answer(tmp_path, out, means=beyond)[0] == "met"


def test_a_benchmarks_value_is_not_held_against_a_few_sets(tmp_path: Path) -> None:
    line = {"kind": "average_above", "above": 0.48, "least_sets": 3}
    status, found = answer(tmp_path, line, means=TWO)
    assert status == "unknown"
    assert found == (
        "0.4900 over only 2 data sets that all rows share (x, y), and at least 3 are asked for"
    )
    assert answer(tmp_path, {**line, "least_sets": 2}, means=TWO)[0] == "met"


def test_the_shipped_study_asks_for_beir_without_what_was_trained_on() -> None:
    study = resolve(find_study("isotropy"), "cpu")
    lines = [line for lines in study.criteria.values() for line in lines]
    asked = [line for line in lines if isinstance(line, AverageAbove)]
    assert [(line.above, line.over, line.least_sets) for line in asked] == [
        (0.48, "out of domain", 13),
        (0.49, "out of domain", 13),
    ]
    assert [line.least_sets for line in lines if isinstance(line, AllSets)] == [13]


def shipped_files() -> list[str]:
    """Return the files that levels of shipped studies ask for."""
    studies = (resolve(find_study(name)) for name in ("isotropy",))
    lines = [one for study in studies for level in study.criteria.values() for one in level]
    lines += [one for line in lines if isinstance(line, AnyOf) for one in line.lines]
    return [line.path for line in lines if isinstance(line, FileThere)]


@pytest.mark.parametrize("tier", ["full", "cpu", "smoke"])
def test_the_shipped_study_asks_for_no_data_set_that_no_tier_scores(tier: str) -> None:
    """Such a line could never be met: KILT is scored apart, and its file is asked for."""
    study = resolve(find_study("isotropy"), tier)
    [top] = [line.lines for line in study.criteria["top"] if isinstance(line, AnyOf)]
    assert "evidence/kilt.json" in {line.path for line in top if isinstance(line, FileThere)}
    every = [*(line for lines in study.criteria.values() for line in lines), *top]
    assert not [line for line in every if isinstance(line, AllSets) and line.datasets]


def test_the_lowest_level_asks_for_the_three_registered_experiments() -> None:
    study = resolve(find_study("isotropy"))
    [line] = [line for line in study.criteria["minimum"] if isinstance(line, Finished)]
    assert line.arms == ("baseline", "with_isotropy", "frozen_efficient")
    assert set(study.arms) - set(line.arms) == {"variance_only"}


@pytest.mark.parametrize("kind", ["finished", "all_sets"])
def test_a_line_on_arms_that_the_tier_leaves_out_is_unknown(tmp_path: Path, kind: str) -> None:
    study = values({"minimum": [{"kind": kind, "arms": ["plain", "shaped"]}]})
    study["tiers"] = {"small": {"arms": ["shaped", "plain"]}, "less": {"arms": ["plain", "third"]}}
    study["arms"]["third"] = {}
    study["gate"] = {**study["gate"], "candidate": "third"}
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(study))
    less = resolve(path, "less")
    [line] = check_study(less, StudyFolder.under(tmp_path, "s", "less"), tmp_path).lines
    assert (line.status, line.found) == ("unknown", "this tier does not train shaped")
    with pytest.raises(UserError, match="no arm 'shape'"):
        resolved(tmp_path, {"minimum": [{"kind": kind, "arms": ["shape"]}]})


def written_by_gonogo() -> set[str]:
    """Return every file name of the table of hand-overs."""
    table = Path(__file__).parents[3] / "docs" / "architecture.md"
    names = re.findall(r"`([\w./<>*-]+\.[a-z]+)`", table.read_text(encoding="utf-8"))
    return {name.replace("<", "").replace(">", "") for name in names} | {
        *(
            "calibration.json",
            "verdict.json",
            "report.html",
            "summary.csv",
            "kilt.parts/m/kilt.json",
        )
    }


def test_no_file_that_gonogo_itself_writes_meets_a_line(tmp_path: Path) -> None:
    asked = shipped_files()
    assert len(asked) >= 4
    lines = [{"kind": "file", "path": path} for path in asked]
    study = resolved(tmp_path, {"minimum": lines})
    folder = StudyFolder.under(tmp_path / "out", "s", "full")
    written = written_by_gonogo() - {"verdict.json", "criteria.frozen.json"}  # are read as such
    assert len(written) > 20
    for name in written:
        for root in (folder.path, tmp_path):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
    assert {line.status for line in check_study(study, folder, tmp_path).lines} == {"not met"}
    for path in asked:
        (folder.path / path).parent.mkdir(parents=True, exist_ok=True)
        (folder.path / path).write_text("proof")
    assert check_study(study, folder, tmp_path).reached == "minimum"


@pytest.mark.parametrize(
    "path", ["calibration.json", "evidence", "evidence/*.pdf", "evidence/../verdict.json", "/a/b"]
)
def test_a_file_is_named_in_full_and_lies_apart(tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError, match="name one file in full, below evidence/"):
        resolved(tmp_path, {"minimum": [{"kind": "file", "path": path}]})


def test_a_line_that_only_asks_for_a_file_says_so(tmp_path: Path) -> None:
    study = resolved(tmp_path, {"minimum": [{"kind": "file", "path": "evidence/a.pdf"}]})
    found = check_study(study, StudyFolder.under(tmp_path, "s", "full"), tmp_path)
    assert found.lines[0].line == "a file evidence/a.pdf is there, whatever it says"


def score(arm: str, dataset: str) -> ArmScore:
    return ArmScore(
        arm=arm,
        task="embed",
        dataset=dataset,
        metric="nDCG@10",
        mean=0.5,
        std=None,
        seeds=2,
        queries=10,
    )


ALL = tuple(score(arm, dataset) for arm in ("plain", "shaped") for dataset in ("x", "y"))


def test_every_set_of_a_small_tier_is_not_every_set_of_a_benchmark(tmp_path: Path) -> None:
    line = {"kind": "all_sets"}
    assert answer(tmp_path, line, scores=ALL) == ("met", "2 data sets")
    assert answer(tmp_path, {**line, "least_sets": 2}, scores=ALL)[0] == "met"
    found = answer(tmp_path, {**line, "least_sets": 13}, scores=ALL)
    assert found == ("unknown", "this tier scores 2 data sets, and at least 13 are asked for")
    status, found = answer(tmp_path, {**line, "least_sets": 2}, scores=ALL[:-1])
    assert (status, found) == ("not met", "no score: shaped on y")


def test_a_set_that_the_tier_does_not_score_leaves_a_line_unknown(tmp_path: Path) -> None:
    line = {"kind": "all_sets", "datasets": ["x", "kilt"]}
    status, found = answer(tmp_path, line, scores=ALL)
    assert status == "unknown"
    assert found == "this tier does not score kilt; evaluation.datasets names those it does"
    # what is known to be missing counts for more than what is not known
    assert answer(tmp_path, line, scores=ALL[1:]) == ("not met", "no score: plain on x")
    # a table that was scored elsewhere may have more sets than the study evaluates
    more = (*ALL, score("plain", "kilt"), score("shaped", "kilt"))
    assert answer(tmp_path, line, scores=more) == ("met", "2 data sets")
    assert answer(tmp_path, line, scores=more[:-1]) == ("not met", "no score: shaped on kilt")


def test_a_misspelt_set_is_asked_about(tmp_path: Path) -> None:
    line = {"kind": "all_sets", "datasets": ["scifcat"]}
    found = answer(tmp_path, line, scores=(score("plain", "scifact"), score("shaped", "scifact")))
    assert found == ("unknown", "this tier does not score scifcat; did you mean 'scifact'?")


def test_more_sets_than_a_line_names_are_refused(tmp_path: Path) -> None:
    line = {"kind": "all_sets", "datasets": ["x"], "least_sets": 2}
    with pytest.raises(UserError, match="least_sets asks for 2 data sets, of which 1 are named"):
        resolved(tmp_path, {"minimum": [line]})


def test_a_study_that_never_ran_is_unknown_and_an_undecided_one_is_not_done(
    tmp_path: Path,
) -> None:
    line = {"kind": "study_done", "study": "s", "tier": "full"}
    study = resolved(tmp_path, {"minimum": [line]})
    before = check_study(study, StudyFolder.under(tmp_path / "none", "s", "full"), tmp_path)
    assert before.levels == {"minimum": "unknown"}
    assert "no verdict in" in before.lines[0].found
    # the study asks about itself: `answer` writes the verdict that it reads
    assert answer(tmp_path, line) == ("met", "s: FAIL")
    assert answer(tmp_path, line, word="INCOMPLETE") == ("not met", "s: INCOMPLETE")


def test_levels_of_a_preliminary_tier_come_with_a_caution(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir(exist_ok=True)
    (tmp_path / "evidence" / "there").write_text("x")
    study = values({"minimum": [{"kind": "file", "path": "evidence/there"}]})
    study["tiers"] = {"smoke": {}, "cpu": {"preliminary": False}}
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(study))
    cautions = {}
    for tier in ("full", "cpu", "smoke"):
        folder = StudyFolder.under(tmp_path / "none", "s", tier)
        found = check_study(resolve(path, tier), folder, tmp_path)
        assert found.levels == {"minimum": "met"}
        table = criteria_table("s", [], found.levels, preliminary=found.preliminary)
        cautions[tier] = "This tier is preliminary" in table.caption
    assert cautions == {"full": False, "cpu": False, "smoke": True}


@pytest.mark.parametrize(("sets", "told"), [(13, True), (7, False)])
def test_an_average_of_beir_says_what_it_cannot_be_over(
    tmp_path: Path, sets: int, told: bool
) -> None:
    names = tuple(one.hub[0] for one in BEIR_PUBLIC if one.name not in ("msmarco", "cqadupstack"))
    mean = TWO[0].model_copy(update={"datasets": names[:sets]})
    line = {"kind": "average_above", "above": 0.1, "arm": mean.arm}
    status, found = answer(tmp_path, line, means=(mean,))
    assert status == "met"
    assert "BeIR/scifact" in answer(tmp_path, line, means=(mean,))[1] or sets < 13
    words = "of BEIR's 18 beside MS MARCO bioasq, signal1m, trec-news, robust04 are not public"
    assert (words in found) == told


def test_a_trial_that_is_missing_leaves_a_figure_unknown(tmp_path: Path) -> None:
    states = {("plain", 2): "failed"}
    for kind in ({"kind": "gain", "least": 0.0}, {"kind": "isotropy_higher"}):
        status, found = answer(tmp_path, kind, means=TWO, states=states)
        assert (status, found) == ("unknown", "plain seed 2 is failed")
    status, found = answer(tmp_path, {"kind": "finished"}, states=states)
    assert (status, found) == ("not met", "plain seed 2 is failed")
    line = {"kind": "finished", "arms": ["shaped"]}
    assert answer(tmp_path, line, states=states)[0] == "met"


def records(*scores: float, **changes: Any) -> tuple[GeometryRecord, ...]:
    places = [("plain", 1), ("plain", 2), ("shaped", 1), ("shaped", 2)]
    return tuple(
        geometry(arm, seed, score, **(changes if arm == "shaped" else {}))
        for (arm, seed), score in zip(places, scores, strict=True)
    )


def test_isotropy_is_compared_by_its_mean_over_seeds(tmp_path: Path) -> None:
    line = {"kind": "isotropy_higher"}
    assert answer(tmp_path, line, records=records(0.1, 0.5, 0.3, 0.4))[0] == "met"
    assert answer(tmp_path, line, records=records(0.1, 0.5, 0.1, 0.5))[0] == "not met"


def test_isotropy_on_other_texts_or_dimensions_is_no_comparison(tmp_path: Path) -> None:
    bounded, unbounded = ({"kind": "isotropy_higher", "figure": f} for f in
                          ("isoscore_star", "isotropy"))  # fmt: skip
    other = records(0.1, 0.1, 0.9, 0.9, texts="other")
    assert answer(tmp_path, bounded, records=other) == ("unknown", "not the same texts")
    wide = records(0.1, 0.1, 0.9, 0.9, dimension=8)
    assert answer(tmp_path, bounded, records=wide)[0] == "met"
    status, found = answer(tmp_path, unbounded, records=wide)
    assert status == "unknown"
    assert "dimensions [4, 8] differ" in found


def test_isotropy_that_is_undefined_or_not_measured_is_unknown(tmp_path: Path) -> None:
    line = {"kind": "isotropy_higher"}
    collapsed = records(0.1, 0.1, 0.9, float("nan"))
    assert answer(tmp_path, line, records=collapsed)[0] == "unknown"
    assert answer(tmp_path, line)[0] == "unknown"


def levels(tmp_path: Path, **lines: str) -> Criteria:
    """Answer levels of one file line each: ``there`` is met, ``gone`` is not."""
    (tmp_path / "evidence").mkdir(exist_ok=True)
    (tmp_path / "evidence" / "there").write_text("x")
    criteria = {
        name: [{"kind": "file", "path": f"evidence/{path}"}] for name, path in lines.items()
    }
    study = resolved(tmp_path, criteria)
    return check_study(study, StudyFolder.under(tmp_path / "none", "s", "full"), tmp_path)


def test_a_level_needs_all_levels_below_it(tmp_path: Path) -> None:
    found = levels(tmp_path, minimum="there", strong="gone", top="there")
    assert found.levels == {"minimum": "met", "strong": "not met", "top": "not met"}
    assert found.reached == "minimum"
    assert levels(tmp_path, minimum="gone", strong="there").reached is None


def test_unknown_is_neither_met_nor_not_met(tmp_path: Path) -> None:
    study = resolved(
        tmp_path,
        {
            "minimum": [{"kind": "finished"}],
            "strong": [
                {
                    "kind": "any_of",
                    "lines": [{"kind": "finished"}, {"kind": "file", "path": "evidence/gone"}],
                }
            ],
        },
    )
    found = check_study(study, StudyFolder.under(tmp_path / "none", "s", "full"), tmp_path)
    assert [line.status for line in found.lines] == ["unknown", "unknown"]
    assert found.levels == {"minimum": "unknown", "strong": "unknown"}


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ({"kind": "gain", "least": 0.1, "candidate": "shape"}, r"minimum\[0\]\.candidate"),
        ({"kind": "finished", "arms": ["plan"]}, r"minimum\[0\]\.arms"),
        (
            {"kind": "any_of", "lines": [{"kind": "average_above", "above": 0, "arm": "z"}]},
            r"minimum\[0\]\.lines\[0\]\.arm",
        ),
    ],
)
def test_names_of_no_arm_are_refused_when_the_study_is_read(
    tmp_path: Path, line: dict[str, Any], place: str
) -> None:
    with pytest.raises(UserError, match=place):
        resolved(tmp_path, {"minimum": [line]})


def test_reference_rows_may_be_a_baseline(tmp_path: Path) -> None:
    line = {"kind": "gain", "least": 0.0, "baseline": "bm25"}
    found = answer(tmp_path, line, means=(*TWO, mean("bm25", 0.3)))
    assert found[0] == "unknown"
    assert found[1].startswith("+0.1900, over 2 data sets")


def test_of_several_baselines_a_line_names_its_own(tmp_path: Path) -> None:
    line = {"kind": "gain", "least": 0.0}
    study = values({"minimum": [line]})
    study["gate"]["baseline"] = ["plain", "bm25"]
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(study))
    refused = r"criteria.minimum\[0\].baseline: the gate names no single baseline"
    with pytest.raises(UserError, match=refused):
        resolve(path)
    study["criteria"]["minimum"] = [line | {"baseline": "bm25"}]
    path.write_text(yaml.safe_dump(study))
    assert resolve(path).criteria


def test_a_line_changed_after_the_start_is_told(tmp_path: Path) -> None:
    first = {"minimum": [{"kind": "gain", "least": 0.01}, {"kind": "finished"}]}
    study = resolved(tmp_path, first)
    folder = StudyFolder.under(tmp_path / "out", study.study, study.tier)
    folder.path.mkdir(parents=True)
    register_criteria(Plan(study, folder, tmp_path, (), ()))
    assert check_study(study, folder, tmp_path).changes == ()
    softer = {"minimum": [{"kind": "gain", "least": 0.001}, {"kind": "finished"}]}
    changed = resolved(tmp_path, softer)
    register_criteria(Plan(changed, folder, tmp_path, (), ()))  # a later run keeps the first ones
    assert check_study(changed, folder, tmp_path).changes == (
        'minimum: dropped {"least": 0.01, "kind": "gain"}',
        'minimum: added {"least": 0.001, "kind": "gain"}',
    )
    caption = criteria_table("s", [], {}, check_study(changed, folder, tmp_path).changes).caption
    assert "Changed since the study started: minimum: dropped" in caption
