from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from study_values import TRIO

from gonogo.analysis.deciding.decide import decide
from gonogo.analysis.gates.freezing import (
    GateRecord,
    compare_gate,
    freeze_gate,
    frozen_gate,
    read_gate,
    write_gate_once,
)
from gonogo.analysis.promised.expected import Expected
from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint
from gonogo.spec.rule.gates import InterferenceGate

ARMS = {"emb_only": ("embed",), "rank_only": ("rerank",), "joint_single": ("embed", "rerank")}
DATA = {"embed": ("ants", "bees"), "rerank": ("ants", "bees")}


def record(seeds=(1, 2, 3), arms=ARMS, data=DATA, now=None, **gate) -> GateRecord:
    return freeze_gate(InterferenceGate.model_validate(TRIO | gate), arms, seeds, data, now=now)


@pytest.mark.parametrize(
    ("change", "key", "old", "new"),
    [
        ({"pass": 0.03}, "gate.pass", "0.02", "0.03"),
        ({"metric": "R@100"}, "metric", "nDCG@10", "R@100"),
        ({"joint": "other"}, "gate.joint", "joint_single", "other"),
        ({"seeds": (1, 2)}, "seeds", "[1, 2, 3]", "[1, 2]"),
        ({"data": DATA | {"embed": ("ants",)}}, "datasets.embed", '["ants", "bees"]', '["ants"]'),
        (
            {"arms": {"emb_only": ("embed",)}},
            "arms.joint_single",
            '["embed", "rerank"]',
            "(not there)",
        ),
    ],
)
def test_every_part_of_the_gate_is_frozen(change, key, old, new):
    before, after = record(), record(**change)
    assert before.fingerprint != after.fingerprint
    changes = {c.key: (c.frozen, c.now) for c in compare_gate(before, after)}
    assert changes[key] == (old, new)


def test_orders_time_and_next_actions_decide_nothing():
    other = record(
        seeds=(3, 1, 2),
        arms=dict(reversed(ARMS.items())),
        data={"rerank": ("bees", "ants"), "embed": ("ants", "bees")},
        now=datetime(2020, 1, 1, tzinfo=UTC),
        next_actions={"PASS": ["celebrate"]},
    )
    assert other.fingerprint == record().fingerprint
    assert compare_gate(record(), other) == ()


def test_the_first_record_wins(tmp_path):
    path = tmp_path / "gate.json"
    first = write_gate_once(path, record())
    assert write_gate_once(path, record(seeds=(9,))) == first
    assert read_gate(path) == first
    assert [file.name for file in tmp_path.iterdir()] == ["gate.json"]


def test_trials_that_start_together_agree_on_one_record(tmp_path):
    path = tmp_path / "gate.json"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: write_gate_once(path, record(seeds=(n,))), range(16)))
    assert len({one.fingerprint for one in found}) == 1


def test_an_edited_record_is_refused(tmp_path):
    path = tmp_path / "gate.json"
    write_gate_once(path, record())
    raw = json.loads(path.read_text())
    raw["gate"]["pass"] = 0.001
    path.write_text(json.dumps(raw))
    with pytest.raises(UserError, match="edited"):
        read_gate(path)
    path.write_text("{}")
    with pytest.raises(UserError, match="not a gate record"):
        read_gate(path)
    with pytest.raises(UserError, match="no such file"):
        read_gate(tmp_path / "none.json")


def test_a_record_of_an_earlier_version_that_lacks_a_key_is_not_edited(tmp_path):
    path = tmp_path / "gate.json"
    first = write_gate_once(path, record())
    raw = json.loads(path.read_text())
    del raw["gate"]["stopping_alpha"]
    content = {key: raw[key] for key in ("gate", "arms", "seeds", "datasets", "metric")}
    words = ("next_actions", "answers")
    content["gate"] = {key: value for key, value in raw["gate"].items() if key not in words}
    content["arms"] = {arm: sorted(tasks) for arm, tasks in content["arms"].items()}
    raw["fingerprint"] = fingerprint(content)
    path.write_text(json.dumps(raw))
    assert compare_gate(read_gate(path), first) == ()


def test_a_gate_moved_after_the_fact_is_followed_and_told(interference):
    frozen, now = record(), record(**{"pass": 0.04})
    gate = frozen_gate(frozen, now)
    plan = Expected(arms=ARMS, seeds=(1, 2, 3), tasks=DATA)
    found = decide(interference(0.03, 0.001), gate, plan)
    assert found.decision.verdict == "MARGINAL"
    assert found.gate.fingerprint == frozen.fingerprint
    assert found.gate.original == frozen.gate
    warnings = found.decision.warnings
    assert any("gate.pass" in line and "frozen 0.02, now 0.04" in line for line in warnings)
    assert "the gate as frozen says PASS, not MARGINAL" in warnings


def test_a_dropped_seed_is_told_with_what_it_changed(interference):
    frame = interference(0.03, 0.001)
    frozen, now = record(seeds=(1, 2, 3, 4)), record()
    plan = Expected(arms=ARMS, seeds=(1, 2, 3), tasks=DATA)
    found = decide(frame, frozen_gate(frozen, now), plan)
    assert found.decision.verdict == "PASS"
    assert "the gate as frozen says INCOMPLETE, not PASS" in found.decision.warnings


def test_an_unchanged_gate_is_not_remarked_on(interference):
    plan = Expected(arms=ARMS, seeds=(1, 2, 3), tasks=DATA)
    found = decide(interference(), frozen_gate(record(), record()), plan)
    assert found.gate.original is None
    assert not any("changed" in line or "frozen" in line for line in found.decision.warnings)


def test_nothing_frozen_is_said(interference):
    found = decide(interference(), frozen_gate(None, record()), Expected())
    assert found.gate.frozen_at is None
    assert any("not frozen" in line for line in found.decision.warnings)


def test_a_record_from_before_a_verdict_was_a_test_decided_by_the_point_estimate(tmp_path):
    path = tmp_path / "gate.json"
    first = write_gate_once(path, record())
    raw = json.loads(path.read_text())
    for key in ("decide_by", "answers"):
        del raw["gate"][key]
    content = {key: raw[key] for key in ("gate", "arms", "seeds", "datasets", "metric")}
    content["gate"] = {key: value for key, value in raw["gate"].items() if key != "next_actions"}
    content["arms"] = {arm: sorted(tasks) for arm, tasks in content["arms"].items()}
    raw["fingerprint"] = fingerprint(content)
    path.write_text(json.dumps(raw))
    (change,) = compare_gate(read_gate(path), first)
    assert (change.key, change.frozen, change.now) == ("gate.decide_by", "point", "support")
