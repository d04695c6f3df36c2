"""What planning and stopping see of a score table, for every kind of gate."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from study_values import TRIO

from gonogo.analysis.estimates.estimates import ratio_pseudo_values
from gonogo.analysis.estimates.sequential import stop_when_decided
from gonogo.analysis.gates.build import build_gate
from gonogo.analysis.gates.gate_values import judged_values, pilot_components, stop_early
from gonogo.analysis.promised.expected import Expected
from gonogo.analysis.statistics.power import TIR_DEFAULTS, Components
from gonogo.spec.rule.gates import Band, BandsGate, ImprovementGate, InterferenceGate

INTERFERENCE = InterferenceGate(**TRIO)
GAIN = ImprovementGate(task="embed", candidate="joint_single", baseline="emb_only")
BANDS = BandsGate(
    task="embed",
    metric="nDCG@10",
    arm="emb_only",
    bands=(
        Band(name="low", least=0.0, verdict="FAIL"),
        Band(name="high", least=0.3, verdict="PASS"),
    ),
)


def arrays(frame: pl.DataFrame, arm: str, task: str) -> list[np.ndarray]:
    """Return (seeds, queries) of each data set, by plain filtering."""
    part = frame.filter(arm=arm, task=task).sort("dataset", "seed", "query_id")
    return [
        sets["value"].to_numpy().reshape(sets["seed"].n_unique(), -1)
        for sets in part.partition_by("dataset", maintain_order=True)
    ]


def noisy(interference, **options) -> pl.DataFrame:
    return interference(0.03, 0.01, seed_noise=0.01, query_noise=0.05, **options)


def test_interference_has_one_entry_a_task_of_ratio_pseudo_values(interference) -> None:
    frame = noisy(interference)
    found = judged_values(frame, INTERFERENCE, Expected())
    joint = {task: arrays(frame, "joint_single", task) for task in ("embed", "rerank")}
    alone = {"embed": arrays(frame, "emb_only", "embed")}
    alone["rerank"] = arrays(frame, "rank_only", "rerank")
    for values, task in zip(found, ("embed", "rerank"), strict=True):
        wanted = ratio_pseudo_values(list(zip(alone[task], joint[task], strict=True)))
        for one, other in zip(values, wanted, strict=True):
            np.testing.assert_allclose(one, other)


def test_improvement_has_differences_and_bands_have_levels(interference) -> None:
    frame = noisy(interference)
    joint, alone = (arrays(frame, arm, "embed") for arm in ("joint_single", "emb_only"))
    (gains,) = judged_values(frame, GAIN, Expected())
    (levels,) = judged_values(frame, BANDS, Expected())
    for gain, level, candidate, baseline in zip(gains, levels, joint, alone, strict=True):
        np.testing.assert_allclose(gain, candidate - baseline)
        np.testing.assert_allclose(level, baseline)


@pytest.mark.parametrize("gate", [INTERFERENCE, GAIN])
def test_over_a_hole_nothing_is_computed(interference, gate) -> None:
    frame = noisy(interference)
    odd = (pl.col("arm") == "joint_single") & (pl.col("query_id") == "q3") & (pl.col("seed") == 2)
    assert judged_values(frame.filter(~odd), gate, Expected()) is None
    assert pilot_components(frame.filter(~odd), gate) is None
    assert stop_early(frame.filter(~odd), gate, Expected(), 5) is None


def test_a_specialist_at_zero_leaves_interference_undefined_alone(interference) -> None:
    zero = pl.when(pl.col("arm") == "emb_only").then(0.0).otherwise("value").alias("value")
    frame = noisy(interference).with_columns(zero)
    assert judged_values(frame, INTERFERENCE, Expected()) is None
    assert judged_values(frame, GAIN, Expected()) is not None


def test_a_pilot_gives_each_task_the_components_of_its_own_values(interference) -> None:
    frame = noisy(interference)
    found = pilot_components(frame, INTERFERENCE)
    assert list(found) == ["embed", "rerank"]
    values = judged_values(frame, INTERFERENCE, Expected())
    assert found["rerank"] == Components.from_pilot(values[1])


def test_a_pilot_of_one_seed_takes_seed_noise_in_the_units_of_its_gate(interference) -> None:
    frame = noisy(interference, seeds=[1])
    ratio = pilot_components(frame, INTERFERENCE)["embed"]
    gain = pilot_components(frame, GAIN)["embed"]
    assert not ratio.seed_measured
    assert ratio.seed == TIR_DEFAULTS.seed
    assert gain.seed == build_gate(GAIN).noise.seed == pytest.approx(TIR_DEFAULTS.seed / 4)


@pytest.mark.parametrize("planned", [3, 4, 5, 10])
@pytest.mark.parametrize("loss", [0.0, 0.012, 0.03, 0.2])
def test_a_study_stops_exactly_when_the_rule_says_so(interference, planned, loss) -> None:
    frame = interference(loss, loss / 2, seed_noise=0.002, query_noise=0.01)

    def band(effect: float) -> str:
        return "PASS" if effect >= 0.02 else "FAIL" if effect < 0.01 else "MARGINAL"

    wanted = stop_when_decided(
        judged_values(frame, INTERFERENCE, Expected()),
        band,
        planned=planned,
        bounds=(float("-inf"), 1.0),
    )
    assert stop_early(frame, INTERFERENCE, Expected(), planned) == wanted


def test_the_alpha_that_looks_may_spend_is_the_gates(interference) -> None:
    frame = interference(0.2, 0.0, seed_noise=0.005, query_noise=0.05)
    stops = [
        stop_early(frame, InterferenceGate(**TRIO, stopping_alpha=alpha), Expected(), 5)
        for alpha in (0.01, 0.05)
    ]
    assert stops[0] is None
    assert stops[1] is not None


def test_bands_stop_by_name_once_the_remaining_seeds_cannot_leave_them(interference) -> None:
    """Three of four seeds above 0.5: even a last one at zero leaves the mean above 0.3."""
    frame = interference(0.0, 0.0, seeds=[1, 2, 3])
    mean = frame.filter(arm="emb_only", task="embed")["value"].mean()
    assert 0.75 * mean > 0.3
    stop = stop_early(frame, BANDS, Expected(), 4)
    assert (stop.verdict, stop.reason, stop.done, stop.planned) == ("high", "certain", 3, 4)


def test_a_gain_is_certain_when_even_the_worst_seed_keeps_it(interference) -> None:
    """One seed of two gains nearly everything: the other can lose one point at most."""
    frame = interference(0.0, 0.0, seeds=[1]).with_columns(
        pl.when(pl.col("arm") == "joint_single").then(1.0).otherwise(0.0).alias("value")
    )
    assert stop_early(frame, GAIN, Expected(), 2) is None
    easy = ImprovementGate.model_validate(
        {**GAIN.model_dump(by_alias=True), "pass": -0.0, "fail": -0.5}
    )
    stop = stop_early(frame, easy, Expected(), 2)
    assert (stop.verdict, stop.reason) == ("PASS", "certain")
