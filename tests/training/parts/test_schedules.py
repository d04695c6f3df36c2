from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.core.errors import UserError
from gonogo.spec.training import Alternating, Mixed, Staged, TrainingSpec
from gonogo.training.parts.schedules import Part, plan_steps

BUDGETS = st.dictionaries(
    st.sampled_from(["embed", "rerank", "distill"]), st.integers(1, 30), min_size=1, max_size=3
)
SCHEDULES = st.one_of(
    st.builds(Alternating, every=st.sampled_from(["step", "micro_batch"])),
    st.just(Mixed()),
    st.builds(Staged, first_share=st.sampled_from([0.0, 0.3, 0.5, 1.0])),
)
SIZES = st.integers(1, 5)


def spec(accumulation=1, **settings):
    return TrainingSpec(accumulation=accumulation, **settings)


def turns(steps):
    """The tasks of each step, one letter each."""
    return ["".join(part.task[0] for part in step.parts) for step in steps]


def batches_of(steps):
    """Every batch number of each task, in the order of the plan."""
    seen = {}
    for step in steps:
        for part in step.parts:
            seen.setdefault(part.task, []).extend(part.batches)
    return seen


@settings(deadline=None, max_examples=200)
@given(schedule=SCHEDULES, budgets=BUDGETS, size=SIZES)
def test_exposure_is_matched_exactly_on_the_batches_of_the_specialist(schedule, budgets, size):
    joint = batches_of(plan_steps(schedule, budgets, spec(size)))
    for task, budget in budgets.items():
        alone = batches_of(plan_steps(schedule, {task: budget}, spec(size)))
        assert joint[task] == alone[task] == list(range(budget * size))


@settings(deadline=None, max_examples=100)
@given(schedule=SCHEDULES, budgets=BUDGETS, size=SIZES)
def test_no_step_or_part_is_empty_and_no_task_stands_twice_in_one(schedule, budgets, size):
    for step in plan_steps(schedule, budgets, spec(size)):
        tasks = [part.task for part in step.parts]
        assert tasks
        assert len(set(tasks)) == len(tasks)
        assert tasks == [task for task in budgets if task in tasks]
        assert all(len(part.batches) > 0 and part.batches.step == 1 for part in step.parts)


@settings(deadline=None, max_examples=100)
@given(schedule=SCHEDULES, budgets=BUDGETS, size=SIZES)
def test_tasks_meet_in_one_update_only_where_the_schedule_says_so(schedule, budgets, size):
    steps = plan_steps(schedule, budgets, spec(size))
    together = isinstance(schedule, Mixed) or (
        isinstance(schedule, Alternating) and schedule.every == "micro_batch"
    )
    if not together:
        assert all(len(step.parts) == 1 and step.parts[0].weight == 1.0 for step in steps)
        assert all(len(step.parts[0].batches) == size for step in steps)
        assert len(steps) == sum(budgets.values())


@given(budget=st.integers(1, 20), size=SIZES)
def test_odd_steps_are_the_first_task_and_even_ones_the_second(budget, size):
    steps = plan_steps(Alternating(), {"embed": budget, "rerank": budget}, spec(size))
    assert turns(steps) == ["e", "r"] * budget


@settings(deadline=None, max_examples=100)
@given(first=st.integers(1, 40), second=st.integers(1, 40))
def test_unequal_tasks_stay_in_proportion_all_along(first, second):
    steps = plan_steps(Alternating(), {"embed": first, "rerank": second}, spec())
    taken = Counter()
    for number, turn in enumerate(turns(steps), start=1):
        taken[turn] += 1
        assert abs(taken["e"] - number * first / (first + second)) <= 1


def test_unequal_tasks_by_hand():
    steps = plan_steps(Alternating(), {"embed": 4, "rerank": 2}, spec())
    assert turns(steps) == ["e", "r", "e", "e", "r", "e"]


def test_micro_batches_alternate_within_a_step_when_asked():
    steps = plan_steps(Alternating(every="micro_batch"), {"embed": 2, "rerank": 2}, spec(4))
    assert len(steps) == 4
    assert [step.parts for step in steps[:2]] == [
        (Part("embed", 0.5, range(0, 2)), Part("rerank", 0.5, range(0, 2))),
        (Part("embed", 0.5, range(2, 4)), Part("rerank", 0.5, range(2, 4))),
    ]


@settings(deadline=None, max_examples=50)
@given(budgets=BUDGETS, size=SIZES)
def test_every_micro_batch_weighs_the_same(budgets, size):
    for step in plan_steps(Alternating(every="micro_batch"), budgets, spec(size)):
        assert sum(len(part.batches) for part in step.parts) == size
        for part in step.parts:
            assert part.weight / len(part.batches) == pytest.approx(1 / size)


def test_mixed_steps_add_the_weighted_losses():
    steps = plan_steps(Mixed(), {"embed": 2, "rerank": 2, "distill": 2}, spec(4))
    assert len(steps) == 2
    assert steps[1].parts == (
        Part("embed", 1.0, range(4, 8)),
        Part("rerank", 2.0, range(4, 8)),
        Part("distill", 2.0, range(4, 8)),
    )
    weighted = plan_steps(Mixed(weights={"embed": 3.0}), {"embed": 1, "rerank": 1}, spec())
    assert [part.weight for part in weighted[0].parts] == [3.0, 2.0]


def test_mixed_steps_spread_the_shorter_task_evenly():
    steps = plan_steps(Mixed(), {"embed": 4, "rerank": 2}, spec(4))
    assert [[len(part.batches) for part in step.parts] for step in steps] == [[4, 2]] * 4
    sparse = plan_steps(Mixed(), {"embed": 6, "rerank": 2}, spec(1))
    assert turns(sparse) == ["e", "e", "er", "e", "e", "er"]


@settings(deadline=None, max_examples=50)
@given(budgets=BUDGETS, size=SIZES)
def test_mixed_steps_hold_nearly_equal_shares_of_a_task(budgets, size):
    steps = plan_steps(Mixed(), budgets, spec(size))
    assert len(steps) == max(budgets.values())
    for task, budget in budgets.items():
        even = budget * size / len(steps)
        held = [sum(len(p.batches) for p in step.parts if p.task == task) for step in steps]
        assert all(abs(count - even) < 1 for count in held)


def test_staged_teaches_one_task_alone_and_then_all_in_turns():
    steps = plan_steps(Staged(), {"embed": 4, "rerank": 2}, spec(2))
    assert turns(steps) == ["e", "e", "e", "r", "e", "r"]
    assert [step.learning_rate for step in steps] == [1e-4] * 2 + [5e-5] * 4
    assert batches_of(steps) == {"embed": list(range(8)), "rerank": list(range(4))}


def test_staged_may_start_with_another_task_and_any_share():
    budgets = {"embed": 2, "rerank": 2}
    other = plan_steps(Staged(first="rerank", first_share=1.0), budgets, spec())
    assert turns(other) == ["r", "r", "e", "e"]
    none = plan_steps(Staged(first_share=0.0), budgets, spec())
    assert turns(none) == ["e", "r", "e", "r"]
    assert {step.learning_rate for step in none} == {5e-5}


@pytest.mark.parametrize(("head", "expected"), [(None, [1e-4, 5e-5]), (1e-3, [1e-3, 5e-4])])
def test_heads_keep_their_proportion_over_the_stages(head, expected):
    training = spec(head_learning_rate=head)
    steps = plan_steps(Staged(first_share=1.0), {"embed": 1, "rerank": 1}, training)
    assert [step.head_learning_rate for step in steps] == pytest.approx(expected)


@pytest.mark.parametrize("kind", [Alternating, Mixed, Staged])
def test_compute_matched_arms_take_as_many_batches_as_the_longest_task(kind):
    schedule = kind(match="compute")
    seen = batches_of(plan_steps(schedule, {"embed": 12, "rerank": 6}, spec(4)))
    assert {task: len(numbers) for task, numbers in seen.items()} == {"embed": 32, "rerank": 16}


@pytest.mark.parametrize(
    "schedule",
    [
        Alternating(match="updates"),
        Alternating(match="updates", every="micro_batch"),
        Staged(match="updates"),
    ],
)
def test_update_matched_arms_take_as_many_steps_as_the_longest_task(schedule):
    steps = plan_steps(schedule, {"embed": 12, "rerank": 6}, spec(4))
    assert len(steps) == 12
    seen = batches_of(steps)
    assert {task: len(numbers) for task, numbers in seen.items()} == {"embed": 32, "rerank": 16}


def test_mixed_updates_serve_all_tasks_so_that_matching_them_costs_no_task_an_example():
    budgets = {"embed": 12, "rerank": 6}
    mixed = plan_steps(Mixed(match="updates"), budgets, spec(4))
    assert mixed == plan_steps(Mixed(), budgets, spec(4))
    assert len(mixed) == 12


@pytest.mark.parametrize("match", ["exposure", "updates", "compute"])
def test_a_specialist_is_the_same_whatever_is_matched(match):
    alone = plan_steps(Alternating(match=match), {"embed": 7}, spec(2))
    assert alone == plan_steps(Alternating(), {"embed": 7}, spec(2))


@pytest.mark.parametrize(
    ("schedule", "place"),
    [
        (Mixed(weights={"embd": 1.0}), "schedule.weights.embd"),
        (Staged(first="embd"), "schedule.first"),
    ],
)
def test_a_task_that_the_arm_has_not_is_named(schedule, place):
    with pytest.raises(UserError, match=rf"{place}.*'embd'.*'embed'"):
        plan_steps(schedule, {"embed": 1, "rerank": 1}, spec())


def test_batches_go_on_where_the_step_before_left_off():
    # A resumed training reads the batch numbers off the plan, so they follow from the step alone.
    steps = plan_steps(Alternating(), {"embed": 5, "rerank": 3}, spec(3))
    embed = [step.parts[0].batches for step in steps if step.parts[0].task == "embed"]
    assert all(after.start == before.stop for before, after in pairwise(embed))
