from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from study_values import TRIO_GATE

from gonogo.core.errors import UserError
from gonogo.spec.checks.resolve import resolve

Write = Callable[..., Path]


def test_defaults_arm_tier_and_override_in_this_order(study: Write) -> None:
    path = study("joint_single: {", "joint_single: {model: {adapter: {rank: 4}}, ")
    assert {n: a.model.adapter.rank for n, a in resolve(path).arms.items()} == {  # type: ignore[union-attr]
        "emb_only": 16,
        "rank_only": 16,
        "joint_single": 4,
    }
    small = resolve(path, "small")
    assert {a.model.adapter.rank for a in small.arms.values()} == {8}  # type: ignore[union-attr]
    assert (small.seeds, small.preliminary) == ((7,), True)
    last = resolve(path, "small", ("model.adapter.rank=2", "seeds=[9]"))
    assert {a.model.adapter.rank for a in last.arms.values()} == {2}  # type: ignore[union-attr]
    assert last.seeds == (9,)
    assert last.overrides == ("model.adapter.rank=2", "seeds=[9]")


def test_an_override_can_name_one_arm(study: Write) -> None:
    arms = resolve(study(), overrides=("arms.emb_only.training.epochs=3",)).arms
    assert [arms[name].training.epochs for name in ("emb_only", "rank_only")] == [3, 1]


def test_full_always_exists_and_is_not_preliminary(study: Write) -> None:
    full = resolve(study())
    assert (full.tier, full.preliminary, full.seeds) == ("full", False, (1, 2))


def test_a_block_whose_kind_changes_is_replaced_as_a_whole(study: Write) -> None:
    arm = resolve(study(), overrides=("tasks.embed.negatives={kind: random}",)).arms["emb_only"]
    assert arm.tasks["embed"].negatives.model_dump() == {"kind": "random", "count": 1}
    arm = resolve(study(), overrides=("tasks.embed.negatives={count: 3}",)).arms["emb_only"]
    assert arm.tasks["embed"].negatives.model_dump(mode="json") == {
        "kind": "bm25",
        "count": 3,
        "ranks": [30, 100],
    }


@pytest.mark.parametrize(
    "override",
    [
        "model.adapter.rank=8",
        "tasks.embed.negatives.count=3",
        "tasks.embed.objective.temperature=1",
    ],
)
def test_an_override_of_a_default_block_keeps_its_kind(study: Write, override: str) -> None:
    path = study("    adapter: {kind: lora, rank: 16}\n", "")
    text = path.read_text().replace(
        "      negatives: {kind: bm25, count: 7, ranks: [30, 100]}\n", ""
    )
    path.write_text(text)
    arm = resolve(path, overrides=(override,)).arms["emb_only"].model_dump(mode="json")
    plain = resolve(path).arms["emb_only"].model_dump(mode="json")
    *above, last = override.partition("=")[0].split(".")
    for part in above:
        arm, plain = arm[part], plain[part]
    assert arm.pop(last) != plain.pop(last)
    assert arm == plain


def test_an_override_of_a_default_evaluation_task_keeps_the_rest(study: Write) -> None:
    tasks = resolve(study(), overrides=("evaluation.tasks.embed.depth=50",)).arms
    evaluation = tasks["emb_only"].evaluation
    assert {name: task.depth for name, task in evaluation.tasks.items()} == {
        "embed": 50,
        "rerank": 100,
    }


def test_numbers_in_scientific_notation_are_numbers(study: Write) -> None:
    path = study("  tasks:\n", "  training: {learning_rate: 1e-4}\n  tasks:\n")
    assert resolve(path).arms["emb_only"].training.learning_rate == 1e-4
    again = resolve(path, overrides=("training.learning_rate=2E-5",))
    assert again.arms["emb_only"].training.learning_rate == 2e-5


def test_unpicked_tasks_are_left_out(study: Write) -> None:
    assert list(resolve(study()).arms["rank_only"].tasks) == ["rerank"]
    with_all = resolve(study("emb_only: {tasks: [embed]}", "emb_only: {}"))
    assert list(with_all.arms["emb_only"].tasks) == ["embed", "rerank"]


WRONG = [
    # unknown keys, at every depth, with the nearest valid one
    ("study: toy", "study: toy\nsede: [1]", "toy.yaml: sede: unknown key 'sede' (did you mean 'se"),
    ("backbone:", "backbon:", "defaults.model.backbon: unknown key 'backbon'; 1 more after this"),
    ("rank: 16", "rnk: 16", "defaults.model.adapter.rnk: unknown key 'rnk' (did you mean 'rank'?)"),
    ("count: 7", "cuont: 7", "defaults.tasks.embed.negatives.cuont: unknown key"),
    ("set: {model.adapter.rank: 8}", "st: {}", "tiers.small.st: unknown key 'st'"),
    ("kind: interference", "kind: interference, passs: 1", "gate.passs: unknown key 'passs' (did"),
    ("{tasks: [rerank]}", "{modle: {}, tasks: [rerank]}", "arms.rank_only.modle: unknown key 'mod"),
    # wrong types and values
    ("rank: 16", "rank: many", "defaults.model.adapter.rank: 'many': input should be a valid int"),
    ("rank: 16", "rank: 0", "defaults.model.adapter.rank: 0: input should be greater than"),
    ("rank: 16", "rank: .nan", "defaults.model.adapter.rank: nan"),
    ("seeds: [1, 2]", "seeds: 1", "seeds: 1 is no list (write [1])"),
    ("seeds: [1, 2]", "seeds: [1, -2]", "seeds[1]: -2: input should be greater than or equal"),
    ("seeds: [1, 2]", "seeds: []", "seeds: []: at least 1 entry is needed"),
    ("study: toy", "study: ../toy", "study: '../toy' is not allowed here (a name: up"),
    ("kind: interference", "kind: interfrence", "gate: unknown kind 'interfrence' (did you mean"),
    (
        "{kind: interference",
        "{pass: 1",
        "gate: the key 'kind' is missing (valid: bands",
    ),
    ("data: [scifact]", "data: [{kind: hub}]", "defaults.tasks.rerank.data[0].repo: this key is"),
    ("ranks: [30, 100]", "ranks: [30]", "defaults.tasks.embed.negatives.ranks[1]: this key is mis"),
    ("    backbone: minilm\n", "", "model.backbone: this key is missing"),
    (TRIO_GATE, "3", "gate: 3 is no block of keys (write {key: value, ...})"),
    ("kind: alternating", "kind: alternatin", "arms.joint_single.schedule: unknown kind 'alternat"),
    ("seeds: [7]", "seeds: [a]", "tiers.small.seeds[0]: 'a': input should be a valid integer"),
    # contradictions
    ("seeds: [1, 2]", "seeds: [1, 2, 1]", "seeds lists 1 more than once"),
    ("seeds: [7]", "seeds: [7, 7]", "tiers.small: seeds lists 7 more than once"),
    (
        "kind: interference",
        "kind: interference, fail: 0.5",
        "gate: fail (0.5) must not exceed pass",
    ),
    ("ranks: [30, 100]", "ranks: [100, 30]", "embed.negatives: ranks [100, 30] is not a window"),
    ("count: 7, ranks: [30, 100]", "count: 7, ranks: [1, 5]", "count 7 does not fit the window"),
    ("{tasks: [embed]}", "{tasks: []}", "arms.emb_only.tasks: an arm needs at least one task"),
    ("{tasks: [embed]}", "{tasks: [embd]}", "arms.emb_only.tasks: no task 'embd' (did you mean 'e"),
    ("{tasks: [embed]}", "{tasks: [[embed]]}", "arms.emb_only.tasks: no task ['embed']"),
    ("{tasks: [embed]}", "{tasks: [embed, embed]}", "['embed', 'embed'] names a task twice"),
    (
        "[rerank]}",
        "[rerank], schedule: {kind: mixed}}",
        "arms.rank_only.schedule: a schedule needs",
    ),
    ("  emb_only:", "  other:", "gate.specialists.embed: no arm 'emb_only'"),
    ("joint: joint_single", "joint: bm25", "gate.joint: no arm 'bm25'"),
    (
        "kind: interference",
        "kind: interference, metric: nDCG@5",
        "gate.metric: 'nDCG@5' is not among",
    ),
    (
        TRIO_GATE,
        "{kind: interference, joint: joint_single, specialists: {emb: emb_only}}",
        "task 'emb' is n",
    ),
    (
        "api/numpy, scifact",
        "api/numpy, scifact, other/scifact",
        "evaluation: two data sets are called 'scifact'",
    ),
    ("data: [scifact]", "data: [{kind: hub, repo: a/b, limit: 3}]", "limit means nothing where"),
    ("arms:", "arms: {}\nrest:", "rest: unknown key"),
    # YAML itself
    ("study: toy", "study: toy\nstudy: again", "line 2: the key 'study' stands twice"),
    ("rank: 16", "rank: 16, rank: 8", "line 6: the key 'rank' stands twice"),
    ("study: toy", "study: [toy", "toy.yaml: line 2:"),
    (
        "study: toy",
        "study: !!python/object:os.system toy",
        "line 1: could not determine a construct",
    ),
    ("study: toy", "study: 2026-02-30", "not YAML: day is out of range"),
    ("embed:\n", "1: x\n    embed:\n", "the key 1 is not text; quote it"),
]


@pytest.mark.parametrize(("old", "new", "problem"), WRONG)
def test_wrong_input_names_file_place_value_and_way_out(
    study: Write, old: str, new: str, problem: str
) -> None:
    with pytest.raises(UserError) as caught:
        resolve(study(old, new))
    text = str(caught.value)
    assert problem in text
    assert "toy.yaml" in text


BANDS = "{kind: bands, task: embed, arm: emb_only, metric: AP, bands: "


@pytest.mark.parametrize(
    ("gate", "problem"),
    [
        (
            BANDS + "[{name: a, least: 1, verdict: FAIL}, {name: b, least: 0, verdict: PASS}]}",
            "asc",
        ),
        (BANDS + "[{name: a, least: x, verdict: FAIL}]}", "gate.bands[0].least: 'x'"),
        (
            "{kind: bands, bands: [], arm: emb_only, task: embed}",
            "gate.metric: this key is missing",
        ),
        (
            "{kind: improvement, task: embed, candidate: a, baseline: a}",
            "candidate and baseline are",
        ),
        (
            "{kind: improvement, task: embed, candidate: emb_only, baseline: bm52}",
            "gate.baseline: no",
        ),
    ],
)
def test_wrong_gates_of_other_kinds(study: Write, gate: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(study(TRIO_GATE, gate))
    assert problem in str(caught.value)


def test_a_baseline_may_be_a_reference(study: Write) -> None:
    gate = "{kind: improvement, task: embed, candidate: emb_only, baseline: bm25, metric: MRR@10}"
    assert resolve(study(TRIO_GATE, gate)).gate.metric == "RR@10"


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        (
            "tasks.rernk.batch_size=3",
            "set tasks.rernk.batch_size: no task 'rernk' (did you mean 're",
        ),
        ("tasks={rernk: {kind: relevance}}", "set tasks: no task 'rernk'"),
        (
            "evaluation.tasks.embd.depth=3",
            "set evaluation.tasks.embd.depth: no task 'embd' (did you",
        ),
        (
            "modle.backbone=x",
            "toy.yaml: set modle.backbone: unknown key 'modle' (did you mean 'model",
        ),
        ("model.adapter.rank=x", "set model.adapter.rank: 'x': input should be a valid integer"),
        (
            "training.precision=fp8",
            "set training.precision: 'fp8' is not allowed here (did you mean",
        ),
        ("defaults.model.backbone=x", "unknown key 'defaults' (write model.backbone)"),
        ("arms.joint.training.epochs=2", "no arm 'joint' (did you mean 'joint_single'?)"),
        (
            "arms.emb_only=3",
            "set arms.emb_only: an arm is no setting (write arms.emb_only.KEY, such as arms.emb_",
        ),
        ("tasks.embed=3", "set tasks.embed: 3 is no block of keys (write {key: value, ...})"),
        ("tasks=3", "set tasks: 3 is no block of keys (write {key: value, ...})"),
        ("arms.emb_only.tasks=[rerank]", "['rerank'] would pick tasks"),
        ("gate.pass=0.001", "gate, set gate.pass: fail (0.01) must not exceed pass (0.001)"),
        (
            "tasks.embed.negatives.count=90",
            "defaults.tasks.embed.negatives, set tasks.embed.negati",
        ),
        ("seeds=[3, 3]", "seeds lists 3 more than once"),
        ("model.adapter.rank", "'model.adapter.rank' is not an override (write key.path=value)"),
        ("=3", "is not an override"),
        ("model.adapter={", "set model.adapter: line 1:"),
    ],
)
def test_wrong_overrides_name_the_option(study: Write, override: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve(study(), overrides=(override,))
    assert problem in str(caught.value)


def test_wrong_settings_of_a_tier_name_the_tier(study: Write) -> None:
    path = study("model.adapter.rank: 8", "model.adapter.rank: -8")
    assert resolve(path).tier == "full"
    with pytest.raises(UserError, match=r"tiers\.small\.set\.model\.adapter\.rank: -8"):
        resolve(path, "small")
    path = study("model.adapter.rank: 8", "tasks.embd.batch_size: 8")
    with pytest.raises(UserError, match=r"tiers\.small\.set\.tasks\.embd.*no task 'embd'"):
        resolve(path, "small")


def test_a_tier_may_leave_arms_out_in_the_order_of_the_study(study: Write) -> None:
    more = ("  joint_single: {", "  untold: {tasks: [embed]}\n  joint_single: {")
    path = study(*more)
    path.write_text(
        path.read_text().replace(
            "seeds: [7]", "seeds: [7]\n    arms: [rank_only, joint_single, emb_only]"
        )
    )
    small = resolve(path, "small", ("arms.untold.training.epochs=3",))
    assert list(small.arms) == ["emb_only", "rank_only", "joint_single"]
    assert list(resolve(path).arms) == ["emb_only", "rank_only", "untold", "joint_single"]
    with pytest.raises(UserError, match="joint_single"):
        resolve(study("seeds: [7]", "seeds: [7]\n    arms: [rank_only, emb_only]"), "small")
    with pytest.raises(UserError, match=r"tiers\.small\.arms: no arm 'emb_onli'.*'emb_only'"):
        resolve(study("seeds: [7]", "seeds: [7]\n    arms: [emb_onli]"), "small")
    with pytest.raises(UserError, match=r"tiers\.small\.arms"):
        resolve(study("seeds: [7]", "seeds: [7]\n    arms: []"), "small")


def test_defaults_of_a_tier_lie_below_what_an_arm_says(study: Write) -> None:
    path = study("joint_single: {", "joint_single: {model: {adapter: {rank: 4}}, ")
    level = "defaults: {model: {adapter: {rank: 2}, similarity: euclidean}}"
    path.write_text(path.read_text().replace("set: {model.adapter.rank: 8}", level))
    arms = resolve(path, "small").arms
    assert [arm.model.adapter.rank for arm in arms.values()] == [2, 2, 4]  # type: ignore[union-attr]
    assert {arm.model.similarity for arm in arms.values()} == {"euclidean"}  # type: ignore[union-attr]
    path.write_text(path.read_text().replace(level, "defaults: {evaluation: {max_queries: 5}}"))
    with pytest.raises(UserError, match=r"tiers\.small\.defaults\.evaluation: no evaluation here"):
        resolve(path, "small")
    path.write_text(path.read_text().replace("{evaluation: {max_queries: 5}}", "{model: {rnk: 5}}"))
    with pytest.raises(UserError, match=r"tiers\.small\.defaults\.model\.rnk"):
        resolve(path, "small")


def test_an_unknown_tier_and_a_missing_file(study: Write, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tiers: no tier 'smal' \(did you mean 'small'\?\)"):
        resolve(study(), "smal")
    with pytest.raises(UserError, match=r"none\.yaml: no such file"):
        resolve(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        resolve(tmp_path)
    for text, problem in (("", "found NoneType"), ("- a", "found list"), ("\x00", "not YAML")):
        (tmp_path / "odd.yaml").write_text(text)
        with pytest.raises(UserError, match=problem):
            resolve(tmp_path / "odd.yaml")
