import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gonogo.training.parts.task import TaskLoss
from gonogo.training.watching.gradient_conflict import (
    GradientConflictMonitor,
    compare_gradients,
    layer_name,
    task_gradients,
)
from gonogo.training.watching.monitor import Monitor, StepRecord


class Net(torch.nn.Module):
    """Two layers with dropout, and a head that only one task uses."""

    def __init__(self, dropout):
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Linear(6, 6) for _ in range(2)])
        self.head = torch.nn.Linear(6, 1)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, rows):
        for layer in self.layers:
            rows = self.dropout(layer(rows).tanh())
        return rows

    def parameters_by_name(self):
        return dict(self.named_parameters())


class ToyTask:
    """Pushes a batch of random rows towards a target; every loss changes what it remembers."""

    batch_size = 4
    examples_per_epoch = 40
    head = "embedding"

    def __init__(self, name, net, target, head=False):
        self.name, self.memory = name, 0
        self._net, self._target, self._head = net, target, head

    def batch(self, index):
        draws = torch.Generator().manual_seed(index)
        return torch.randn(4, 6, generator=draws)

    def loss(self, batch):
        self.memory += 1
        output = self._net(batch)
        output = self._net.head(output) if self._head else output
        return TaskLoss(((output - self._target) ** 2).mean(), 4, 4, 4)

    def start_epoch(self, epoch):
        pass

    def state_dict(self):
        return {"memory": self.memory}

    def load_state_dict(self, state):
        self.memory = state["memory"]


def make_net(dropout=0.3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Net(dropout)


def make_tasks(net, *names):
    tasks = {"embed": ToyTask("embed", net, 1.0), "rerank": ToyTask("rerank", net, -1.0, head=True)}
    return {name: tasks[name] for name in names or tasks}


@pytest.fixture
def model():
    return make_net()


def record(step):
    return StepRecord(step, 10, 1e-3, 1.0, {}, {}, {})


def monitor_of(model, tasks, folder, **changes):
    options = {"seed": 1, "every": 2, "path": folder / "gradient_conflicts.jsonl"} | changes
    return GradientConflictMonitor(tasks, model.parameters_by_name(), **options)


@pytest.mark.parametrize(
    ("parameter", "layer"),
    [
        ("base_model.model.model.layers.7.self_attn.q_proj.lora_A.default.weight", "layers.7"),
        ("encoder.layer.11.attention.self.query.lora_B.weight", "layers.11"),
        ("transformer.h.0.mlp.c_fc.weight", "layers.0"),
        ("embed_tokens.weight", "other"),
        ("head.0.weight", "other"),
        ("layernorm.3.weight", "other"),
    ],
)
def test_layers_are_read_off_parameter_names(parameter, layer):
    assert layer_name(parameter) == layer


def test_values_by_hand():
    first = {"layers.10.a": torch.tensor([3.0, 0.0]), "layers.2.a": torch.tensor([[0.0, 4.0]])}
    second = {"layers.10.a": torch.tensor([-1.0, 0.0]), "layers.2.a": torch.tensor([[0.0, 0.5]])}
    found = compare_gradients(first, second)
    assert list(found.layers.items()) == [("layers.2", 1.0), ("layers.10", -1.0)]
    assert found.mean_cosine == 0.0
    assert found.fraction_negative == 0.5
    length = 1.25**0.5
    assert found.cosine == pytest.approx((-3 + 2) / (5 * length))
    assert found.norm_ratio == pytest.approx(5 / length)
    assert found.projection_magnitude == pytest.approx((1 / length, 1 / 5))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 999))
def test_the_projection_is_what_pcgrad_removes(seed):
    draws = torch.Generator().manual_seed(seed)
    g, h = (torch.randn(6, generator=draws) for _ in range(2))
    found = compare_gradients({"w": g}, {"w": h})
    projected = g - (g @ h) / (h @ h) * h if g @ h < 0 else g
    assert found.projection_magnitude[0] == pytest.approx((g - projected).norm().item(), abs=1e-6)
    turned = compare_gradients({"w": h}, {"w": g})
    assert turned.projection_magnitude == found.projection_magnitude[::-1]
    assert turned.cosine == found.cosine
    assert turned.norm_ratio == pytest.approx(1 / found.norm_ratio)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999), scale=st.floats(1e-3, 1e3))
def test_cosines_do_not_depend_on_the_size_of_a_loss(seed, scale):
    draws = torch.Generator().manual_seed(seed)
    g, h = ({f"layers.{i}.w": torch.randn(4, generator=draws) for i in range(3)} for _ in range(2))
    found = compare_gradients(g, h)
    scaled = compare_gradients({name: scale * part for name, part in g.items()}, h)
    assert scaled.mean_cosine == pytest.approx(found.mean_cosine, abs=1e-5)
    assert scaled.norm_ratio == pytest.approx(scale * found.norm_ratio, rel=1e-4)
    assert all(-1 <= cosine <= 1 for cosine in found.layers.values())


def test_a_zero_gradient_has_no_direction():
    # LoRA's A before the first step: B is zero, so no gradient reaches it.
    zero, some = torch.zeros(2, 3), torch.ones(2, 3)
    first = {"layers.0.lora_A": zero, "layers.1.lora_A": zero, "layers.1.lora_B": some}
    second = {"layers.0.lora_A": some, "layers.1.lora_A": zero, "layers.1.lora_B": -some}
    found = compare_gradients(first, second)
    assert found.layers == {"layers.0": None, "layers.1": pytest.approx(-1.0)}
    assert found.mean_cosine == pytest.approx(-1.0)
    nothing = compare_gradients({"w": zero}, {"w": some})
    assert (nothing.cosine, nothing.mean_cosine, nothing.fraction_negative) == (None, None, None)
    assert nothing.norm_ratio == 0.0
    assert compare_gradients({"w": some}, {"w": zero}).norm_ratio is None
    assert nothing.projection_magnitude == (0.0, None)


def test_gradients_without_a_common_parameter_are_not_comparable():
    found = compare_gradients({"a": torch.ones(2)}, {"b": torch.ones(2)})
    assert found.layers == {}
    assert (found.cosine, found.norm_ratio) == (None, None)


def test_gradients_that_are_not_finite_give_null_and_valid_json():
    found = compare_gradients({"w": torch.tensor([float("nan")])}, {"w": torch.ones(1)})
    values = (found.cosine, found.mean_cosine, found.norm_ratio, *found.projection_magnitude)
    assert all(value is None for value in values[:3])
    json.dumps([found.layers, values], allow_nan=False)


def test_task_gradients_leave_grad_alone_and_skip_unused_parameters():
    used, unused = torch.nn.Parameter(torch.tensor([2.0])), torch.nn.Parameter(torch.ones(1))
    used.grad = torch.tensor([7.0])
    found = task_gradients((used**2).sum(), {"used": used, "unused": unused})
    assert found == {"used": torch.tensor([4.0])}
    assert used.grad == torch.tensor([7.0])
    assert unused.grad is None


def test_lines_hold_what_the_report_reads(model, tmp_path):
    monitor = monitor_of(model, make_tasks(model), tmp_path)
    assert isinstance(monitor, Monitor)
    for step in (1, 2):
        assert monitor.wants(step)
        assert monitor.after_step(record(step)) is None
    lines = [json.loads(line) for line in monitor._path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    for line in lines:
        assert line["tasks"] == ["embed", "rerank"]
        assert set(line["projection_magnitude"]) == {"embed", "rerank"}
        assert -1 <= line["mean_cosine"] <= 1
        assert line["norm_ratio"] > 0
        assert list(line["layers"]) == ["layers.0", "layers.1"]  # the head belongs to one task
    assert lines[0]["mean_cosine"] != lines[1]["mean_cosine"]  # batches of their own


def test_it_measures_the_first_step_and_every_so_many_of_a_joint_arm(model, tmp_path):
    joint = monitor_of(model, make_tasks(model), tmp_path, every=3)
    assert [step for step in range(1, 10) if joint.wants(step)] == [1, 3, 6, 9]
    alone = monitor_of(model, make_tasks(model, "embed"), tmp_path, every=3)
    assert not any(alone.wants(step) for step in range(1, 10))


def test_a_measurement_depends_on_the_step_alone(model, tmp_path):
    tasks = make_tasks(model)
    first = monitor_of(model, tasks, tmp_path).measure(4)
    torch.manual_seed(99)
    again = monitor_of(model, tasks, tmp_path)
    again.load_state_dict(monitor_of(model, tasks, tmp_path).state_dict())
    again.measure(2)
    assert again.measure(4) == first


def test_more_batches_average_their_gradients(tmp_path):
    net = make_net(dropout=0.0)
    pair = [ToyTask("up", net, 1.0), ToyTask("down", net, -1.0)]  # they surely conflict
    tasks, parameters = {task.name: task for task in pair}, net.parameters_by_name()
    drawn = []
    for task in tasks.values():
        task.batch = lambda index, inner=task.batch: drawn.append(index) or inner(index)
    line = monitor_of(net, tasks, tmp_path, batches=3).measure(1)[0]
    assert len(drawn) == 6
    assert all(0 <= index < 10 for index in drawn)
    assert len(set(drawn)) > 1
    means = []
    for task, numbers in zip(pair, (drawn[:3], drawn[3:]), strict=True):
        each = [task_gradients(task.loss(task.batch(i)).loss, parameters) for i in numbers]
        means.append({name: sum(one[name] for one in each) / 3 for name in each[0]})
    expected = compare_gradients(*means)
    assert line["cosine"] == pytest.approx(expected.cosine)
    assert line["norm_ratio"] == pytest.approx(expected.norm_ratio)
    magnitudes = tuple(line["projection_magnitude"].values())
    assert magnitudes == pytest.approx(expected.projection_magnitude)
    assert magnitudes[0] > 0


def test_every_measurement_draws_dropout_of_its_own(model, tmp_path):
    monitor, drawn = monitor_of(model, make_tasks(model), tmp_path), []

    def draw(task):
        drawn.append(torch.rand(1).item())
        return {"w": torch.ones(1)}

    for step in (1, 2, 1):
        monitor.measure(step, draw)
    assert drawn[:2] == drawn[4:]
    assert len(set(drawn)) == 4


def test_given_gradients_are_compared_for_every_pair(model, tmp_path):
    tasks = make_tasks(model)
    monitor = monitor_of(model, {**tasks, "third": tasks["embed"]}, tmp_path)
    gradients = {"embed": 1.0, "rerank": -2.0, "third": 3.0}
    lines = monitor.measure(1, lambda task: {"w": torch.tensor([gradients[task]])})
    assert [(*line["tasks"], line["cosine"]) for line in lines] == [
        ("embed", "rerank", -1.0), ("embed", "third", 1.0), ("rerank", "third", -1.0),
    ]  # fmt: skip


def _train(folder, watched):
    """Six steps with dropout in which the tasks take turns."""
    net = make_net()
    tasks = make_tasks(net)
    monitor = monitor_of(net, tasks, folder, every=1)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    torch.manual_seed(5)  # drawn from on and on: a measurement that draws would be seen
    states = []
    for step in range(1, 7):
        task = tasks["embed" if step % 2 else "rerank"]
        task.loss(task.batch(step)).loss.backward()
        if watched:
            monitor.after_step(record(step))  # while .grad is full
        optimizer.step()
        optimizer.zero_grad()
        states.append(torch.get_rng_state())
    return list(net.parameters()), states, [task.memory for task in tasks.values()]


def test_training_is_bit_equal_with_and_without_it(tmp_path):
    weights, states, memory = _train(tmp_path, watched=False)
    watched_weights, watched_states, watched_memory = _train(tmp_path, watched=True)
    assert (tmp_path / "gradient_conflicts.jsonl").read_text().count("\n") == 6
    assert all(map(torch.equal, weights, watched_weights))
    assert all(map(torch.equal, states, watched_states))
    assert memory == watched_memory
