"""Hours before anything ran: from stated throughput by hand, and data that lie nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import gonogo
from gonogo.core.errors import UserError
from gonogo.study.planning.stated import stated_seconds

STATED = "{gpu: NVIDIA X, tiers: [full], queries_per_second: {embed: 50, rerank: 25}, %s}"
THROUGHPUT = "throughput=" + STATED % "evaluation_hours: 0.5, basis: by hand"


def planned(tmp_path: Path, *sets: str, tier: str = "full") -> gonogo.api.studies.plan.Plan:
    return gonogo.study("interference", tier=tier, set=sets, out=tmp_path).plan()


def test_hours_of_the_full_tier_by_hand(tmp_path: Path) -> None:
    """500,000 queries: embed 10,000 s, rerank 20,000 s, joint both; half an hour to score each."""
    only = "*_only"
    plan = gonogo.study("interference", set=(THROUGHPUT,), out=tmp_path).plan(only=only)
    assert stated_seconds(plan.planned) == pytest.approx(3 * (10_000 + 20_000) + 6 * 1800)
    told = str(plan)
    assert "time left   about 28 h 00 min with 1 x NVIDIA X, as the study states" in told
    assert "stated: by hand" in told
    joint = gonogo.study("interference", set=(THROUGHPUT, "training.epochs=2"), out=tmp_path)
    alone = joint.plan(only="joint_single/seed_42")
    assert stated_seconds(alone.planned) == pytest.approx(2 * 30_000 + 1800)


def test_the_shipped_study_tells_hours_for_the_tiers_that_it_speaks_of(tmp_path: Path) -> None:
    hours = stated_seconds(planned(tmp_path).planned)
    rehearsal = stated_seconds(planned(tmp_path, tier="rehearsal").planned)
    assert hours is not None
    assert rehearsal == pytest.approx(hours / 3)  # one seed of three
    assert "NVIDIA A100" in str(planned(tmp_path))
    assert stated_seconds(planned(tmp_path, tier="beir").planned) is None
    assert "time left   unknown" in str(planned(tmp_path, tier="beir"))


@pytest.mark.parametrize("unknown", ["tasks.embed.data=[hub:BeIR/fiqa]", "throughput.tiers=[beir]"])
def test_what_is_not_known_tells_no_hours(tmp_path: Path, unknown: str) -> None:
    assert stated_seconds(planned(tmp_path, unknown).planned) is None


def test_the_rehearsal_is_the_full_tier_with_rank_eight_and_one_seed(tmp_path: Path) -> None:
    full = gonogo.study("interference", out=tmp_path).resolved
    other = gonogo.study("interference", tier="rehearsal", out=tmp_path)
    assert other.folder == tmp_path / "interference" / "rehearsal"
    assert other.resolved.seeds == (42,)
    assert other.resolved.evaluation == full.evaluation
    for name, arm in full.arms.items():
        mine = other.resolved.arms[name].model_dump()
        assert mine["model"]["adapter"].pop("rank") == 8
        theirs = arm.model_dump()
        assert theirs["model"]["adapter"].pop("rank") == 16
        assert mine == theirs


def test_missing_folders_are_listed_with_where_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    study = gonogo.study("distillation", out=tmp_path)
    plan = study.plan()
    assert set(plan.missing) >= {"debian_descriptions", "scifact", "cranfield"}
    assert "apt-cache dumpavail" in plan.missing["debian_descriptions"]
    told = plan.trials_text()
    assert "not here yet: debian_descriptions: no data folder" in told
    assert told.count(" dry_run ") == 5
    with pytest.raises(UserError, match=r"distill.data\[0\]: no data folder .*apt-cache dumpavail"):
        study.look()
    assert not list(tmp_path.iterdir())
