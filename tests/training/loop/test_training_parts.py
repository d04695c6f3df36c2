"""The trainer's parts one by one: checkpoints, logs, optimiser, trackers, token budget, scaler."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from training_toys import WIDTH, FakeModel, equal_bits, make_config, make_model, make_tasks

from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.spec.training import TrainingSpec
from gonogo.training.loop.checkpoints import (
    Checkpoint,
    Checkpoints,
    join_memory,
    load_weights,
    split_memory,
)
from gonogo.training.loop.logs import TrainLog
from gonogo.training.loop.optimizer import (
    build_optimizer,
    gradient_norm,
    load_optimizer_tensors,
    optimizer_tensors,
    set_learning_rates,
)
from gonogo.training.loop.states import RunState
from gonogo.training.loop.trainer import train
from gonogo.training.parts import scaler
from gonogo.training.parts.memory import peak_memory_mb
from gonogo.training.passes import token_budget
from gonogo.training.watching.monitors import build_monitors


def state(step: int) -> RunState:
    memory = {"embed": {"mined": [1, 0.1]}}
    return RunState(step=step, examples={"embed": 8 * step}, seconds=0.1 * step, tasks=memory)


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint({"weights": {"a": torch.full((2, 3), float(step))}}, state(step))


def test_checkpoint_round_trip(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path / "checkpoints", "mine")
    assert store.latest() is None
    for step in (3, 12, 7):
        store.save(checkpoint(step))
    found = store.latest()
    assert found is not None
    assert found.state.step == 12
    assert torch.equal(found.tensors["weights"]["a"], torch.full((2, 3), 12.0))
    assert {path.suffix for path in store.folder.glob("*/*")} == {".json", ".safetensors"}


@pytest.mark.parametrize(
    ("keep", "left"), [(2, [7, 12]), (1, [12]), (None, [3, 7, 12])], ids=["two", "one", "all"]
)
def test_as_many_checkpoints_stay_as_are_asked_for(
    tmp_path: Path, keep: int | None, left: list[int]
) -> None:
    store = Checkpoints(tmp_path, "mine", keep)
    for step in (3, 7, 12):
        store.save(checkpoint(step))
    assert sorted(int(path.name[5:]) for path in tmp_path.glob("step_*")) == left


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "state.json").unlink(),
        lambda folder: (folder / "state.json").write_text("{"),
        lambda folder: (folder / "state.json").write_text('{"fingerprint": "mine"}'),
        lambda folder: (folder / "weights.safetensors").unlink(),
        lambda folder: (folder / "weights.safetensors").write_bytes(b""),
        lambda folder: (folder / "weights.safetensors").write_bytes(b"\x08" + b"\x00" * 30),
    ],
)
def test_damaged_checkpoint_is_passed_over(tmp_path: Path, damage: Any) -> None:
    store = Checkpoints(tmp_path, "mine")
    store.save(checkpoint(3))
    store.save(checkpoint(6))
    damage(tmp_path / "step_000006")
    found = store.latest()
    assert found is not None
    assert found.state.step == 3


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path, "mine")
    store.save(checkpoint(3))
    found = store.latest()
    assert found is not None
    assert RunState(**{name: getattr(found.state, name) for name in RunState.model_fields}) == (
        state(3)
    )


def test_a_final_state_of_another_shape_is_one_line_that_names_it(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path, "mine")
    store.finish("final", lambda folder: None, {"step": 5, "examples": {"embed": 2}})
    found = store.finished()
    assert found is not None
    assert (found.step, found.examples) == (5, {"embed": 2})
    store.finish("final", lambda folder: None, {"step": "many"})
    with pytest.raises(UserError, match="not what is kept here: ") as told:
        store.finished()
    assert told.value.file == tmp_path / "final" / "state.json"
    assert told.value.place == "step"


def test_foreign_checkpoint_is_never_used(tmp_path: Path) -> None:
    foreign = Checkpoints(tmp_path, "foreign")
    foreign.save(checkpoint(99))
    foreign.finish("final", lambda folder: (folder / "model").touch(), {"step": 100})
    mine = Checkpoints(tmp_path, "mine")
    assert mine.latest() is None
    assert mine.finished() is None
    assert foreign.finished() is not None
    mine.save(checkpoint(2))
    assert [path.name for path in sorted(tmp_path.glob("step_*"))] == ["step_000002"]


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(UserError, match="1 parameters, the model trains 2"):
        load_weights({"a": torch.zeros(2), "b": torch.zeros(2)}, {"a": torch.zeros(2)})


def test_memories_round_trip() -> None:
    memories = {"embed": {"queue": torch.arange(4), "seen": [1, 2]}, "rerank": {}}
    tensors, plain = split_memory(memories)
    joined = join_memory(tensors, json.loads(json.dumps(plain)))
    assert joined["rerank"] == {}
    assert joined["embed"]["seen"] == [1, 2]
    assert torch.equal(joined["embed"]["queue"], torch.arange(4))


def test_log_drops_what_will_be_taken_again(tmp_path: Path) -> None:
    log = TrainLog(tmp_path)
    for step in (1, 2, 3):
        log.write({"step": step, "loss": 0.5 / step, "bad": float("nan")})
    other = tmp_path / "gradient_conflicts.jsonl"
    other.write_text('{"step": 1}\n{"step": 3}\n{"step": 4, "cos')
    log.drop_after(2)
    rows = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2]
    assert rows[1] == {"step": 2, "loss": 0.25, "bad": None}
    assert other.read_text() == '{"step": 1}\n'
    log.close()
    assert pl.read_parquet(tmp_path / "train.parquet")["loss"].to_list() == [0.5, 0.25]


def test_norms_and_biases_do_not_decay_and_heads_have_their_rate() -> None:
    model = make_model()
    optimizer = build_optimizer(model, TrainingSpec(weight_decay=0.1))
    set_learning_rates(optimizer, 0.5, 0.25)
    names = {id(value): name for name, value in model.trainable().items()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            name = names.pop(id(parameter))
            assert group["lr"] == (0.25 if "head" in name else 0.5)
            plain = name.endswith("bias") or "norm" in name
            assert group["weight_decay"] == (0.0 if plain else 0.1)
    assert not names


def test_head_learning_rate_reaches_the_heads(tmp_path: Path) -> None:
    def moved(**training: Any) -> tuple[float, float]:
        model = make_model(0.0)
        before = model.bits()
        config = make_config("rerank", max_steps=1, accumulation=1, **training)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        train(config, 1, model, make_tasks(model, "rerank"), folder, progress=Silent())
        change = {name: (model.bits()[name] - before[name]).abs().max() for name in before}
        return change["body.layer.weight"].item(), change["cross_encoder.head.weight"].item()

    assert moved() == pytest.approx((0.01, 0.01), rel=0.05)  # Adam's first step is the rate
    assert moved(head_learning_rate=0.05) == pytest.approx((0.01, 0.05), rel=0.05)


def test_gradient_norm_by_hand() -> None:
    one, other = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    one.grad, other.grad = torch.tensor([3.0]), torch.tensor([4.0])
    unused = torch.nn.Parameter(torch.zeros(1))
    assert gradient_norm([one, other, unused], None).item() == 5.0
    assert (one.grad.item(), other.grad.item()) == (3.0, 4.0)
    assert gradient_norm([one, other, unused], 1.0).item() == 5.0
    assert (one.grad.item(), other.grad.item()) == pytest.approx((0.6, 0.8), rel=1e-5)


def test_optimizer_state_round_trip() -> None:
    model, spec = make_model(0.0), TrainingSpec()
    optimizer = build_optimizer(model, spec)

    def step(model: FakeModel, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        model.body.layer(torch.ones(1, WIDTH)).square().sum().backward()
        optimizer.step()

    step(model, optimizer)
    saved = {
        key: value.clone() for key, value in optimizer_tensors(optimizer, model.trainable()).items()
    }
    # A parameter without a gradient, such as the other task's head, has no state.
    assert {key.rpartition("/")[0] for key in saved} == {"body.layer.weight", "body.layer.bias"}
    twin = make_model(0.0)
    twin.load_state_dict(model.state_dict())
    resumed = build_optimizer(twin, spec)
    load_optimizer_tensors(resumed, twin.trainable(), saved)
    for each in ((model, optimizer), (twin, resumed)):
        step(*each)
    assert equal_bits(model.bits(), twin.bits())


def test_peak_memory_is_that_of_a_python_with_torch() -> None:
    assert 50 < peak_memory_mb("cpu") < 100_000


def test_conflict_monitor_needs_two_tasks(tmp_path: Path) -> None:
    model = make_model()
    config = make_config().model_copy(update={"monitors": ()})
    assert build_monitors(config, make_tasks(model), model, 1, tmp_path) == []
    raw = {**config.model_dump(mode="json"), "monitors": [{"kind": "gradient_conflict"}]}
    config = type(config).model_validate(raw)
    both, alone = make_tasks(model), make_tasks(model, "embed")
    assert [each.name for each in build_monitors(config, both, model, 1, tmp_path)] == [
        "gradient_conflict"
    ]
    assert build_monitors(config, alone, model, 1, tmp_path) == []


def test_gradient_conflicts_change_no_bit_and_are_logged(tmp_path: Path) -> None:
    bits = []
    for monitors in ([], [{"kind": "gradient_conflict", "every": 4}]):
        config = make_config()
        raw = {**config.model_dump(mode="json"), "monitors": monitors}
        model = make_model()
        folder = tmp_path / str(len(monitors))
        train(
            type(config).model_validate(raw), 1, model, make_tasks(model), folder, progress=Silent()
        )
        bits.append(model.bits())
    assert equal_bits(*bits)
    lines = (tmp_path / "1/logs/gradient_conflicts.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 4, 8, 12]
    assert len(pl.read_parquet(tmp_path / "1/logs/gradient_conflicts.parquet")) == 4


class TestTokenBudget:
    def test_is_measured_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GONOGO_CACHE", str(tmp_path))
        monkeypatch.setattr(token_budget, "_CANDIDATES", (128, 256))
        model, drawn = make_model(), torch.get_rng_state()
        first = token_budget.choose_token_budget(model)
        assert first in (128, 256)
        assert torch.equal(drawn, torch.get_rng_state())
        assert all(value.grad is None for value in model.trainable().values())
        monkeypatch.setattr(token_budget, "_measure", lambda *_: pytest.fail("measured twice"))
        assert token_budget.choose_token_budget(model) == first

    def test_damaged_cache_is_measured_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GONOGO_CACHE", str(tmp_path))
        monkeypatch.setattr(token_budget, "_measure", lambda *_: {512: 10.0, 1024: 30.0})
        assert token_budget.choose_token_budget(make_model()) == 1024
        (path,) = tmp_path.rglob("*.json")
        path.write_text("{")
        assert token_budget.choose_token_budget(make_model()) == 1024

    @pytest.mark.parametrize(
        ("speeds", "expected"),
        [
            ({1024: 100.0, 2048: 101.0, 4096: 99.0}, 1024),
            ({1024: 100.0, 2048: 104.0, 4096: 120.0}, 4096),
            ({1024: 100.0, 2048: 150.0, 4096: 140.0}, 2048),
            ({1024: 100.0}, 1024),
        ],
    )
    def test_smallest_of_the_fast(self, speeds: dict[int, float], expected: int) -> None:
        assert token_budget._smallest_fast(speeds) == expected


def test_only_fp16_is_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    assert scaler.build_scaler(model) is None
    model.precision = "bf16"
    assert scaler.build_scaler(model) is None
    kept = torch.amp.GradScaler("cpu", enabled=False)
    monkeypatch.setattr("accelerate.utils.modeling.get_grad_scaler", lambda: kept)
    model.device = "cuda"
    head = SimpleNamespace(precision="fp16")
    assert scaler.build_scaler(model, [head]) is kept
    assert scaler.build_scaler(model, [SimpleNamespace(precision="bf16"), object()]) is None
    model.device = "cpu"
    assert scaler.build_scaler(model, [head]) is None


def test_two_precisions_in_one_process(tmp_path: Path) -> None:
    """Accelerate's state is one a process; trials of different precisions must not notice."""
    bits = {}
    for name, dtype in (("first", None), ("bf16", torch.bfloat16), ("again", None)):
        model = make_model()
        if dtype is not None:
            model.precision = "bf16"
            model.autocast = lambda: torch.autocast("cpu", dtype=torch.bfloat16)
        train(make_config(), 1, model, make_tasks(model), tmp_path / name, progress=Silent())
        bits[name] = model.bits()
    assert equal_bits(bits["first"], bits["again"])
    assert not equal_bits(bits["first"], bits["bf16"])


def test_missing_tracker_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking = pytest.importorskip("accelerate.tracking")
    monkeypatch.setattr(tracking, "get_available_trackers", list)
    model = make_model()
    config = make_config(trackers=["wandb"])
    with pytest.raises(UserError, match=r"training\.trackers: wandb is not installed"):
        train(config, 1, model, make_tasks(model), tmp_path, progress=Silent())


def test_trackers_get_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking = pytest.importorskip("accelerate.tracking")

    class Noted(tracking.GeneralTracker):
        name = "tensorboard"
        requires_logging_directory = True
        seen: list[Any] = []

        def __init__(self, run_name: str, logging_dir: str) -> None:
            self.seen.append(("run", run_name))

        def start(self) -> None:
            self.seen.append("started")

        @property
        def tracker(self) -> None:
            return None

        def store_init_configuration(self, values: dict[str, Any]) -> None:
            assert values["training.learning_rate"] == 0.01

        def log(self, values: dict[str, float], step: int) -> None:
            self.seen.append((step, sorted(values)))

        def finish(self) -> None:
            self.seen.append("finished")

    kinds = {**tracking.LOGGER_TYPE_TO_CLASS, "tensorboard": Noted}
    monkeypatch.setattr(tracking, "LOGGER_TYPE_TO_CLASS", kinds)
    monkeypatch.setattr(
        tracking, "get_available_trackers", lambda: [tracking.LoggerType.TENSORBOARD]
    )
    model = make_model()
    config = make_config("embed", trackers=["tensorboard"], max_steps=2)
    folder = tmp_path / "emb_only" / "seed_1"
    train(config, 1, model, make_tasks(model, "embed"), folder, progress=Silent())
    figures = ["embed/examples_per_second", "embed/loss", "learning_rate"]
    assert Noted.seen == [
        ("run", "emb_only-seed_1"),
        "started",
        (1, figures),
        (2, figures),
        "finished",
    ]


def test_final_weights_are_the_models(tmp_path: Path) -> None:
    model = make_model()
    train(make_config(max_steps=1), 1, model, make_tasks(model), tmp_path, progress=Silent())
    saved = load_file(tmp_path / "checkpoints/final/model.safetensors")
    assert equal_bits(saved, model.bits())
