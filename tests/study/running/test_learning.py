"""gonogo learn from file to figure: one training an arm, honest budgets, resumable."""

from __future__ import annotations

from pathlib import Path

import pytest

import gonogo
from gonogo.core.files import read_json_lines
from gonogo.study.running import trial as trials


@pytest.fixture
def opened(tiny_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gonogo.Study:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    return gonogo.study(tiny_study, tier="quick", out=tmp_path / "out")


def test_every_arm_is_trained_once_and_looked_at_by_budget(opened: gonogo.Study) -> None:
    found = opened.learn()
    assert not found.failed
    curves = {curve.arm: curve for curve in found.record.curves}
    assert list(curves) == ["emb_only", "rank_only", "joint_single"]
    # the quick tier's budget is 2 steps a task, so 4 of a specialist and 8 of the joint arm
    steps = {arm: [point.step for point in curve.points] for arm, curve in curves.items()}
    assert steps == {
        "emb_only": [0, 1, 1, 2, 4],
        "rank_only": [0, 1, 1, 2, 4],
        "joint_single": [0, 1, 2, 4, 8],
    }
    joint = curves["joint_single"].points
    # two batches a step, of 4 queries or 8 pairs; at 1 x what the study's own joint arm sees
    assert joint[3].examples == {"embed": 2 * 2 * 4, "rerank": 2 * 2 * 8}
    assert joint[0].examples == {}
    assert joint[-1].rate is not None
    assert joint[-1].rate < joint[2].rate <= 1.0  # type: ignore[operator]
    assert [point.seconds for point in joint] == sorted(point.seconds or 0.0 for point in joint)
    assert set(joint[0].figures) == {
        *("embed/nDCG@10", "embed/BM25 nDCG@10", "rerank/nDCG@10", "rerank/BM25 nDCG@10")
    }
    # before its first step every arm is the same model
    start = curves["emb_only"].points[0].figures["nDCG@10"]
    assert start == joint[0].figures["embed/nDCG@10"]

    names = {path.name for path in found.folder.iterdir() if path.suffix}
    assert {"learning.md", "learning.csv", "learning.json", "learning.svg", "learning.png"} <= names
    assert "would have brought it down by then" in (found.folder / "learning.md").read_text()
    assert len(found.to_frame()) == 5 * (2 + 2 + 4)
    assert "best at" in str(found) or "never above" in str(found)
    assert not list(found.folder.rglob("scores.parquet"))


def test_a_second_call_reads_and_an_interrupted_one_goes_on(
    opened: gonogo.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = opened.learn(only="emb_only")
    assert [curve.arm for curve in found.record.curves] == ["emb_only"]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    with monkeypatch.context() as patched:
        patched.setattr(trials, "_train", refuse)
        assert opened.learn(only="emb_only").record == found.record
    # another budget is another training; the old one is kept
    other = opened.learn(only="emb_only", budgets=[1.0])
    assert [point.share for point in other.record.curves[0].points] == [0.0, 1.0]
    assert (found.folder / "stale" / "emb_only").is_dir()
    log = found.folder / "trials" / "emb_only" / "seed_1" / "logs" / "validation.jsonl"
    assert [line["step"] for line in read_json_lines(log)] == [0, 2]
