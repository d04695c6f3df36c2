"""A mixture of experts: what it costs beside plain LoRA of the same rank, and a loop over experts.

    python benchmarks/mixture.py                   whole steps beside LoRA: four minutes on 2 cores
    python benchmarks/mixture.py --against loop    beside experts computed one after the other

Whole steps of MiniLM are taken in turns on the same batches, and the median of the pairs' ratios
counts; peak memory is that of a process of its own (getrusage). Goals: at most 1.15 times the
clock time and 1.1 times the memory of LoRA. The loop computes each expert's output for every token,
weighs it and sums, in torch's own operations; in a whole step the frozen backbone takes the same
time on both sides, so the experts' part of a layer, forward and backward, is timed by itself too,
on one thread, as a pass of the training runs. Its goal is a third of the loop's time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import paired
import peak
import small_study
import torch
from torch import Tensor, nn

from gonogo.models.adapters import mixture_layer
from gonogo.models.adapters.gated_low_rank import Ranks, add_experts
from gonogo.models.kernels.dropout import Dropout
from gonogo.models.parts.serving import served

EXPERTS = [
    {"name": "embed", "rank": 8},
    {"name": "rerank", "rank": 8},
    {"name": "shared", "rank": 16},
]
ADAPTERS: dict[str, dict[str, Any]] = {
    "mixture": {"kind": "mixture", "experts": EXPERTS},
    "lora": {"kind": "lora", "rank": 32},
    "loop": {"kind": "mixture", "experts": EXPERTS},
}
SHAPES = [(384, 384), (384, 1536), (1536, 384)]
"""Inputs and outputs of MiniLM's layers."""
TOKENS, DROPOUT, WARM_UP = 2048, 0.05, 2


def looped(layer: Any, x: Tensor) -> Tensor:
    """Compute a mixture's layer expert by expert."""
    result: Tensor = layer.base_layer(x)
    assert layer.router.always_on(served()) is None
    gates = layer._gates(x)
    for number in range(len(layer.experts)):
        expert = layer.expert(number)
        output = nn.functional.linear(
            nn.functional.linear(layer.dropout(x), expert.down), expert.up
        )
        gate = gates[:, number].view(*x.shape[:-1], 1).to(output.dtype)
        result = result + gate * output * expert.scaling
    return result


def steps_of(contender: str, queries: int) -> small_study.Steps:
    taken = small_study.Steps(small_study.config(ADAPTERS[contender], max_queries=queries))
    if contender == "loop":
        for module in taken.model.modules():
            if isinstance(module, mixture_layer.MixtureLinear):
                module.forward = looped.__get__(module)  # type: ignore[method-assign]
    return taken


def memory_of(contender: str, queries: int) -> float:
    """Return the MiB that a process of its own needs for a few steps."""
    command = [sys.executable, "-W", "ignore", __file__, "--child", contender]
    command += ["--queries", str(queries)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


def whole_steps(other: str, pairs: int, queries: int) -> dict[str, float]:
    """Take steps of both in turns."""
    ours, theirs = steps_of("mixture", queries), steps_of(other, queries)
    seconds = np.empty((pairs + WARM_UP, 2))
    for number in range(len(seconds)):
        contenders = [(0, ours.take), (1, theirs.take)]
        for column, take in contenders if number % 2 else contenders[::-1]:
            seconds[number, column] = take(number)
    seconds = seconds[WARM_UP:]
    low, median, high = np.percentile(seconds[:, 0] / seconds[:, 1], (25, 50, 75))
    return {
        "ratio": 1 / float(median),
        f"step time over that of {other}": float(median),
        "lower quartile": float(low),
        "upper quartile": float(high),
        "seconds a step, mixture": float(np.median(seconds[:, 0])),
        f"seconds a step, {other}": float(np.median(seconds[:, 1])),
        "steps": float(pairs),
    }


def of_layers(count: int, form: torch.dtype, repeats: int = 15) -> dict[str, float]:
    """Time the experts' part of one layer of each shape, forward and backward, given gates."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    ours, loop = (
        sum(_layer(shape, count, form, how, repeats) for shape in SHAPES)
        for how in (_fused, _looped)
    )
    torch.set_num_threads(before)
    return {f"layers' loop time over ours, {count} experts": loop / ours}


Part = Callable[[Tensor, Tensor, list[Tensor], list[Tensor], Tensor], Tensor]


def _fused(base: Tensor, x: Tensor, downs: list[Tensor], ups: list[Tensor], g: Tensor) -> Tensor:
    sizes = torch.tensor([len(down) for down in downs])
    owner = torch.arange(len(downs)).repeat_interleave(sizes)
    ranks = Ranks(owner, torch.ones(len(owner)))
    down, up = torch.cat(downs), torch.cat(ups, 1)
    return add_experts(base, x, down, up, ranks, g, Dropout(DROPOUT), DROPOUT)


def _looped(base: Tensor, x: Tensor, downs: list[Tensor], ups: list[Tensor], g: Tensor) -> Tensor:
    drop = Dropout(DROPOUT).train()
    for number, (down, up) in enumerate(zip(downs, ups, strict=True)):
        low = nn.functional.linear(drop(x), down.to(x.dtype))
        output = nn.functional.linear(low, up.to(x.dtype))
        base = base + g[:, number, None].to(x.dtype) * output
    return base


def _layer(shape: tuple[int, int], count: int, form: torch.dtype, how: Part, repeats: int) -> float:
    random = torch.Generator().manual_seed(1)

    def drawn(*size: int) -> Tensor:
        return torch.randn(*size, generator=random).requires_grad_()

    downs, ups = (
        [drawn(8, shape[0]) for _ in range(count)],
        [drawn(shape[1], 8) for _ in range(count)],
    )
    x = drawn(TOKENS, shape[0]).detach().to(form).requires_grad_()
    gates = drawn(TOKENS, count).detach().softmax(1).requires_grad_()
    towards = torch.ones(TOKENS, shape[1], dtype=form)
    taken = []
    for _ in range(repeats):
        base = torch.zeros(TOKENS, shape[1], dtype=form)
        start = time.perf_counter()
        torch.autograd.backward(how(base, x, downs, ups, gates), towards)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", choices=["lora", "loop"], default="lora")
    parser.add_argument("--steps", type=int, default=20, help="pairs of steps")
    parser.add_argument("--queries", type=int, default=100, help="that examples are made from")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", choices=ADAPTERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        taken = steps_of(options.child, options.queries)
        for number in range(4):
            taken.take(number)
        print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
        return
    started, other = time.perf_counter(), options.against
    memory = {name: memory_of(name, options.queries) for name in ("mixture", other)}
    figures = whole_steps(other, options.steps, options.queries)
    figures |= {f"MB of the process, {name}": value for name, value in memory.items()}
    figures["memory over that of the other"] = memory["mixture"] / memory[other]
    if other == "loop":
        form = torch.bfloat16 if peak.fastest_here() == "bf16" else torch.float32
        for count in (3, 6):
            figures |= of_layers(count, form)
    print("\n".join(f"{name}: {value:.3g}" for name, value in figures.items()))
    if options.json:
        minutes = (time.perf_counter() - started) / 60
        question = (__doc__ or "").splitlines()[0]
        peer = {"lora": "LoRA of the same rank", "loop": "a loop over experts"}[other]
        paired.write_record(options.json, question, peer, figures, minutes)


if __name__ == "__main__":
    main()
