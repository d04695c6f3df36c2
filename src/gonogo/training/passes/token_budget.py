"""How many tokens one forward pass should hold: measured once a machine, model and precision."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch

from gonogo.core.errors import UserError
from gonogo.core.files import cache_folder, fingerprint, read_json, write_json
from gonogo.core.types import Device
from gonogo.training.parts.trainable import TextModel
from gonogo.training.passes.chunked import ChunkSettings, Learns, forward_chunks

_CANDIDATES = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
_LENGTH = 128
"""Tokens of the measured rows: the usual length of a passage."""
_LONGEST = 5.0
"""Seconds: a pass that takes longer has nothing left to gain from a larger budget."""
_WORTH_IT = 1.03
"""A larger budget must be this much faster, for it costs memory and noise decides ties."""
_TRIES = 2
"""The first pass of a size also asks the system for its memory."""


def choose_token_budget(model: TextModel, learns: Learns | None = None) -> int:
    """Return the fastest budget, from the cache or by a short measurement of the bi-encoder.

    The choice moves rounding and the draw of dropout, so a training remembers it in its
    checkpoints; ``training.token_budget: 4096`` pins it over machines.

    Args:
        model: what will be trained.
        learns: as in `ChunkSettings`.
    """
    path = _cache_path(model, learns is not None)
    if path.exists():
        try:
            return int(read_json(path)["token_budget"])
        except (UserError, KeyError, TypeError, ValueError):
            pass  # a damaged cache is measured anew
    speeds = _measure(model, learns)
    budget = _smallest_fast(speeds)
    write_json(path, {"token_budget": budget, "tokens_per_second": speeds})
    return budget


def _cache_path(model: TextModel, side_by_side: bool) -> Path:
    device = torch.cuda.get_device_name() if model.device == "cuda" else platform.processor()
    spec = getattr(model, "spec", None)
    key = fingerprint(
        {
            "machine": [platform.node(), platform.machine(), device, os.cpu_count()],
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "model": spec.model_dump(mode="json") if spec is not None else type(model).__name__,
            "precision": [model.device, model.precision],
            "side by side": side_by_side,
        }
    )
    return cache_folder("token_budgets") / f"{key}.json"


def _smallest_fast(speeds: dict[int, float]) -> int:
    enough = max(speeds.values()) / _WORTH_IT
    return min(budget for budget, speed in speeds.items() if speed >= enough)


def _measure(model: TextModel, learns: Learns | None) -> dict[int, float]:
    """Return tokens per second, forward and backward, of each budget that was tried."""
    words = model.bi_encoder.tokenize(["how fast does this machine read a passage"], "passage")[0]
    row = (words * (1 + _LENGTH // len(words)))[:_LENGTH]
    speeds: dict[int, float] = {}
    devices = [torch.cuda.current_device()] if model.device == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        model.train()
        for budget in _CANDIDATES:
            rows = [row] * _rows_within(budget, learns)
            try:
                seconds = min(_time_pass(model, rows, budget, learns) for _ in range(_TRIES))
            except torch.cuda.OutOfMemoryError:
                break
            best = max(speeds.values(), default=0.0)
            speeds[budget] = len(rows) * _LENGTH / seconds
            if seconds > _LONGEST or speeds[budget] < _WORTH_IT * best:
                break
    for parameter in model.trainable().values():
        parameter.grad = None
    return speeds or {_CANDIDATES[0]: 0.0}


def _rows_within(budget: int, learns: Learns | None) -> int:
    """Return the most rows that make one pass, or one a core."""
    if learns is None:
        return budget // _LENGTH
    cores = torch.get_num_threads()
    return cores * max(1, (budget // cores + 1) // _LENGTH - 1)


def _time_pass(
    model: TextModel, rows: list[list[int]], budget: int, learns: Learns | None
) -> float:
    encoder, autocast = model.bi_encoder, model.autocast
    settings = ChunkSettings(budget, encoder.pad_id, model.device, autocast, learns=learns)
    synchronize = _synchronizer(model.device)
    started = time.perf_counter()
    output = forward_chunks(encoder, rows, settings)
    if output.rows.requires_grad:  # with a frozen backbone only the forward pass costs
        torch.autograd.backward(output.rows.sum())
    synchronize()
    return time.perf_counter() - started


def _synchronizer(device: Device) -> Callable[[], None]:
    """Return what waits for the device's queue; its functions return before the work is done."""
    if device == "cuda":
        return torch.cuda.synchronize
    return torch.mps.synchronize if device == "mps" else lambda: None
