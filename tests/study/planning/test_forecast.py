"""Time, disk and sensitivity of what is left, from planted costs and scores."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from planted_trials import QUERIES, finish, plan_of, planted_scores

from gonogo.analysis.statistics.error_rates import verdict_rates
from gonogo.analysis.statistics.power import (
    TIR_DEFAULTS,
    Components,
    minimum_detectable,
    seeds_needed,
)
from gonogo.core.errors import UserError
from gonogo.core.files import write_json
from gonogo.data.files.score_table import write_scores
from gonogo.evaluation.encoding.corpus_vectors import CorpusVectors
from gonogo.evaluation.neighbours.neighbours import asked_rows
from gonogo.spec.evaluation.evaluation_tasks import NeighbourEvaluation
from gonogo.study.planning import sensitivity
from gonogo.study.planning.forecast import Forecast, calibration_path, forecast_cost
from gonogo.study.planning.plan import Plan
from gonogo.study.planning.sensitivity import find_pilot, forecast_sensitivity

NO_ROWS = "evaluation.references=[]"
SECONDS = {"emb_only": 100.0, "rank_only": 200.0, "joint_single": 300.0}


def same(arm: str, seed: int, task: str) -> float:
    return 1.0


def finish_first_seed(path: Path, out: Path, *sets: str) -> Plan:
    for trial in plan_of(path, out, *sets).trials:
        if trial.seed == 1:
            cost = {
                "preparation_seconds": 5.0,
                "train_seconds": SECONDS[trial.arm] - 5.0,
                "evaluation_seconds": 10.0,
                "total_steps": 8,
            }
            finish(trial, planted_scores(trial, same), cost)
    return plan_of(path, out, *sets)


def cost_of(plan: Plan) -> Forecast:
    found = forecast_cost(plan)
    assert found is not None
    return found


def test_nothing_is_known_before_anything_was_measured(tiny_study: Path, tmp_path: Path) -> None:
    assert forecast_cost(plan_of(tiny_study, tmp_path)) is None


def test_whole_trials_cost_what_finished_ones_of_their_arm_did(
    tiny_study: Path, tmp_path: Path
) -> None:
    cost = cost_of(finish_first_seed(tiny_study, tmp_path, NO_ROWS))
    assert cost.seconds == (110.0, 210.0, 310.0)
    assert cost.source == "3 finished trials"
    sizes = sum(p.stat().st_size for p in (tmp_path / "tiny").rglob("*") if p.is_file())
    assert cost.disk_mb == pytest.approx(sizes / 2**20)
    assert cost.free_mb > 0


def test_the_untrained_row_costs_an_evaluation_and_bm25_nothing(
    tiny_study: Path, tmp_path: Path
) -> None:
    assert cost_of(finish_first_seed(tiny_study, tmp_path)).seconds == (10.0, 110.0, 210.0, 310.0)


def test_evaluating_alone_and_resuming_cost_less(tiny_study: Path, tmp_path: Path) -> None:
    plan = finish_first_seed(tiny_study, tmp_path, NO_ROWS)
    trained, resumed, _ = plan.to_do
    write_json(trained.folder.inputs, trained.training)
    write_json(trained.folder.final / "state.json", {"complete": True})
    write_json(resumed.folder.inputs, resumed.training)
    write_json(resumed.folder.path / "checkpoints" / "step_000006" / "state.json", {})
    again = plan_of(tiny_study, tmp_path, NO_ROWS)
    assert [trial.action for trial in again.to_do] == ["evaluate", "resume", "run"]
    assert cost_of(again).seconds == pytest.approx((10.0, 0.25 * 200.0 + 10.0, 310.0))


def test_an_arm_without_measurements_is_taken_as_the_mean_of_the_others(
    tiny_study: Path, tmp_path: Path
) -> None:
    plan = finish_first_seed(tiny_study, tmp_path, NO_ROWS)
    shutil.rmtree(plan.folder.trial("joint_single", 1).path)
    assert cost_of(plan_of(tiny_study, tmp_path, NO_ROWS)).seconds[0] == pytest.approx(160.0)


def test_stale_trials_measure_nothing(tiny_study: Path, tmp_path: Path) -> None:
    finish_first_seed(tiny_study, tmp_path)
    assert forecast_cost(plan_of(tiny_study, tmp_path, "model.adapter.rank=3")) is None


def test_workers_take_the_next_job_as_they_come_free() -> None:
    cost = Forecast((3.0, 1.0, 1.0, 4.0), 0.0, 1.0, "")
    assert cost.elapsed(1) == 9.0
    assert cost.elapsed(2) == 6.0  # 3, then 1 + 1 beside it, then 4 on the one free at 2
    assert cost.elapsed(9) == 4.0


def test_defaults_are_named_and_queries_counted(tiny_study: Path, tmp_path: Path) -> None:
    """75 and 55 queries, every second of which is in the test split."""
    found = forecast_sensitivity(plan_of(tiny_study, tmp_path), None)
    assert (found.seeds, found.queries, found.uncounted) == (2, 37 + 27, ())
    assert "assumed noise" in found.source
    weight = round(4 / (1 / 37 + 1 / 27))
    assert found.detectable == pytest.approx(minimum_detectable(TIR_DEFAULTS, 2, weight))
    assert found.needed == {t: seeds_needed(t, TIR_DEFAULTS, weight) for t in (0.01, 0.02)}
    rates = verdict_rates(0.0, TIR_DEFAULTS, seeds=2, queries=weight, tasks=2, draws=20_000)
    assert found.rates[0.0] == rates
    assert list(found.rates) == pytest.approx([0.0, 0.01, 0.015, 0.02, 0.04])


def test_a_cap_on_queries_counts(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path, "evaluation.max_queries=30")
    assert forecast_sensitivity(plan, None).queries == 30 + 27


def test_data_that_are_not_here_are_assumed_and_never_fetched(
    tiny_study: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_study, tmp_path, "evaluation.datasets=[left, hub:nobody/nowhere]")
    found = forecast_sensitivity(plan, None)
    assert found.uncounted == ("nobody/nowhere",)
    assert found.queries == 37 + sensitivity.ASSUMED_QUERIES


def test_the_quick_tier_is_the_pilot_of_the_full_one(tiny_study: Path, tmp_path: Path) -> None:
    plan = plan_of(tiny_study, tmp_path)
    assert find_pilot(plan, tmp_path) is None
    quick = plan_of(tiny_study, tmp_path, tier="quick")
    noisy = [planted_scores(trial, same, noise=0.02) for trial in quick.trials]
    write_scores(quick.folder.scores, noisy[0].vstack(noisy[1]).vstack(noisy[2]))
    pilot = find_pilot(plan, tmp_path)
    assert pilot is not None
    assert find_pilot(quick, tmp_path) is None
    found = forecast_sensitivity(plan, pilot)
    assert found.source.startswith("variances from the quick tier's scores (one seed; seed noise")
    # Both arms carry noise of 0.02 on scores around 0.5.
    spread = Components(seed=0.01**2, query=(0.02 * 2**0.5 / 0.5) ** 2, residual=0.0)
    weight = round(4 / (1 / 37 + 1 / 27))
    assert found.detectable == pytest.approx(minimum_detectable(spread, 2, weight), rel=0.25)
    assert found.detectable < forecast_sensitivity(plan, None).detectable


def test_an_incomplete_pilot_is_passed_over_unless_it_was_asked_for(
    tiny_study: Path, tmp_path: Path
) -> None:
    plan = plan_of(tiny_study, tmp_path)
    quick = plan_of(tiny_study, tmp_path, tier="quick")
    write_scores(quick.folder.scores, planted_scores(quick.trials[0], same))
    found = forecast_sensitivity(plan, find_pilot(plan, tmp_path))
    assert "no pilot" in found.source
    with pytest.raises(UserError, match="no pilot"):
        forecast_sensitivity(plan, find_pilot(plan, tmp_path, quick.folder.scores))


def test_gates_of_differences_and_levels_have_noise_of_their_own(
    tiny_study: Path, tmp_path: Path
) -> None:
    base = plan_of(tiny_study, tmp_path)
    ratio = forecast_sensitivity(base, None)
    gain = "gate={kind: improvement, task: embed, candidate: joint_single, baseline: emb_only}"
    points = forecast_sensitivity(plan_of(tiny_study, tmp_path, gain), None)
    assert points.detectable == pytest.approx(0.5 * ratio.detectable)
    assert list(points.rates) == pytest.approx([0.0, 0.005, 0.01, 0.02])
    bands = "[{name: low, least: 0, verdict: FAIL}, {name: high, least: 0.5, verdict: PASS}]"
    level = f"gate={{kind: bands, task: embed, metric: R@100, arm: emb_only, bands: {bands}}}"
    found = forecast_sensitivity(plan_of(tiny_study, tmp_path, level), None)
    components = Components(seed=0.005**2, query=0.30**2, residual=0.10**2)
    weight = round(4 / (1 / 37 + 1 / 27))
    assert found.detectable == pytest.approx(minimum_detectable(components, 2, weight))
    assert found.rates == {}


def test_planted_trials_hold_what_they_say(tiny_study: Path, tmp_path: Path) -> None:
    trial = plan_of(tiny_study, tmp_path).trials[0]
    table = planted_scores(trial, lambda arm, seed, task: 0.5)
    assert table.height == QUERIES * 2 * 2 * 4
    assert 0.15 <= table["value"].min() <= table["value"].max() <= 0.35  # type: ignore[operator]


@pytest.mark.parametrize(
    "raw", ["[]", "{", '{"arms": {"emb_only": []}}', '{"arms": 3}', "9" * 6000]
)
def test_a_broken_calibration_is_one_line(tiny_study: Path, tmp_path: Path, raw: str) -> None:
    plan = plan_of(tiny_study, tmp_path, NO_ROWS)
    path = calibration_path(plan)
    path.parent.mkdir(parents=True)
    path.write_text(raw)
    with pytest.raises(UserError, match=r"calibration\.json.*not what is kept.*measure again"):
        forecast_cost(plan)


@pytest.mark.parametrize(
    ("queries", "held_out", "most", "asked"),
    [("held_out", 9, 1000, 5), ("held_out", 9, 3, 3), ("anchors", 9, 1000, 31)],
)
def test_documents_asked_for_their_neighbours_are_counted(
    tmp_path: Path, queries: str, held_out: int, most: int, asked: int
) -> None:
    """Of 9 held out, 4 validate while training and 5 are asked; of 40 rows, 31 are anchors."""
    file = tmp_path / "corpus.npy"
    np.save(file, np.eye(40, dtype=np.float32))
    task = NeighbourEvaluation.model_validate(
        {"data": [str(file)], "queries": queries, "held_out": held_out, "most_queries": most}
    )
    assert task.documents_asked(lambda: sensitivity._rows(task.data[0], tmp_path)) == asked
    corpus = CorpusVectors("corpus", ids=[str(n) for n in range(40)], base=np.load(file), key="k")
    assert len(asked_rows(corpus, task)) == asked  # what the evaluation itself asks
