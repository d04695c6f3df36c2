"""A step of neighbourhood distillation: gonogo's whole step against bare loops.

    python benchmarks/distillation.py              two minutes on 2 cores
    python benchmarks/distillation.py --steps 50000 --batch 16 --only-ours
                                                   memory over many steps, ten minutes on one core

Batch 256, 50 neighbours, 1,024 negatives, 384 numbers to 512 to 128, over 57,000 vectors in
clusters. gonogo's step is timed inside its trainer: batches, masks, filter, figures, logs and
learning rates included. *Bare* does the same arithmetic and nothing else: the head with bf16
factors on each distinct row once, cosines, divergence, AdamW. *Plain* is the loop that one would
write first: fp32, every candidate through the head where it stands.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paired
import psutil
import torch
from torch import Tensor, nn

from gonogo.core.progress import Silent
from gonogo.models.build.build import build_model
from gonogo.models.heads.projections import ResidualMlp
from gonogo.models.heads.residual_bf16 import RoundedResidual
from gonogo.models.heads.vector_model import VectorModel
from gonogo.objectives.neighbour_distillation import neighbour_distillation
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.tasks import build_tasks
from gonogo.training.loop.trainer import train
from gonogo.training.neighbours.neighbour_task import NeighbourTask

DOCUMENTS, WIDTH, CLUSTERS = 57_000, 384, 1_000
BATCH, NEAR, FAR, TEMPERATURE = 256, 50, 1_024, 0.07
RATE = 5e-4


def vectors() -> np.ndarray:
    """Return vectors in clusters, some large and some small, whose neighbourhoods overlap."""
    draws = np.random.default_rng(0)
    centres = draws.standard_normal((CLUSTERS, WIDTH), dtype=np.float32)
    weight = draws.dirichlet(np.full(CLUSTERS, 0.5))
    chosen = draws.choice(CLUSTERS, DOCUMENTS, p=weight)
    return centres[chosen] + draws.standard_normal((DOCUMENTS, WIDTH), dtype=np.float32)


def config(path: Path, steps: int, products: str, batch: int = BATCH) -> TrialConfig:
    return TrialConfig.model_validate(
        {
            "model": {"kind": "vectors", "dimension": WIDTH},
            "tasks": {
                "distill": {
                    "kind": "neighbours",
                    "data": [str(path)],
                    "products": products,
                    "batch_size": batch,
                }
            },
            "training": {
                "max_steps": steps,
                "epochs": 1e6,
                "accumulation": 1,
                "learning_rate": RATE,
                "precision": "fp32",
                "checkpoint_every": 10**9,
                "log_every": 50,
            },
            "evaluation": {
                "tasks": {"held_out": {"kind": "neighbours", "data": [str(path)]}},
                "references": [],
            },
        }
    )


class Watch:
    """Asked before every step: notes the time and the memory."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.memory: list[float] = []
        self._process = psutil.Process()

    def __call__(self) -> bool:
        self.times.append(time.perf_counter())
        memory = self._process.memory_info()
        self.memory.append((memory.rss - memory.shared) / 2**20)
        return False

    def seconds(self) -> float:
        """Return the median time of a step, the first ten left out."""
        return float(statistics.median(np.diff(self.times)[10:].tolist()))

    def growth(self) -> float:
        """Return how many MB the second half of the steps held more than the first, at the most."""
        half = len(self.memory) // 2
        return max(self.memory[half:]) - max(self.memory[10:half])


def in_trainer(trial: TrialConfig, folder: Path) -> tuple[Watch, NeighbourTask, VectorModel]:
    model = build_model(trial.model, 0)
    assert isinstance(model, VectorModel)
    tasks = build_tasks(trial, 0, model)
    watch, task = Watch(), tasks["distill"]
    assert isinstance(task, NeighbourTask)
    train(trial, 0, model, tasks, folder, progress=Silent(), should_stop=watch)
    return watch, task, model


def bare(task: NeighbourTask, head: ResidualMlp) -> Callable[[int], None]:
    """Return the same arithmetic in one function; batches and the rounded table are given."""
    table = task._table
    rounded = RoundedResidual(head, table.rounded())
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, fused=True)
    head.train()

    def step(number: int) -> None:
        batch = task.batch(number)
        ids = np.concatenate([batch.anchors, batch.neighbours.ravel(), batch.negatives])
        distinct, places = np.unique(ids, return_inverse=True)
        rows = nn.functional.embedding(
            torch.from_numpy(places), rounded(torch.from_numpy(distinct))[0]
        )
        anchor, near, far = torch.split(rows, [BATCH, BATCH * NEAR, FAR])
        near_cosines = torch.bmm(near.view(BATCH, NEAR, -1), anchor.unsqueeze(2)).squeeze(2)
        # torch's product: numpy's would leave threads that spin beside torch's own
        own, others = (
            torch.from_numpy(table.unit(ids)) for ids in (batch.anchors, batch.negatives)
        )
        cosines = own @ others.t()
        loss = neighbour_distillation(
            torch.cat([torch.from_numpy(batch.cosines), cosines], 1),
            torch.cat([near_cosines, anchor @ far.t()], 1),
            cosines <= 0.8,
            temperature=TEMPERATURE,
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()

    return step


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 512), nn.GELU(), nn.Dropout(0.1), nn.Linear(512, 128)
        )
        self.skip, self.scale = nn.Linear(WIDTH, 128, bias=False), nn.Parameter(torch.tensor(0.1))

    def forward(self, unit: Tensor) -> Tensor:
        out: Tensor = self.mlp(unit) + self.scale * self.skip(unit)
        return nn.functional.normalize(out, dim=-1)


def plain(task: NeighbourTask) -> Callable[[int], None]:
    table = torch.from_numpy(task._table.unit(np.arange(len(task._table))))
    head = Head().train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE)
    nearest = torch.from_numpy(task._table.nearest(np.arange(len(table))).rows)

    def step(number: int) -> None:
        torch.manual_seed(number)
        anchors, drawn = torch.randint(len(table), (BATCH,)), torch.randint(len(table), (FAR,))
        own, near, far = table[anchors], table[nearest[anchors]], table[drawn]
        teacher = torch.cat([(near @ own.unsqueeze(2)).squeeze(2), own @ far.t()], 1)
        mine, theirs, others = head(own), head(near), head(far)
        student = torch.cat([(theirs @ mine.unsqueeze(2)).squeeze(2), mine @ others.t()], 1)
        p = (teacher / TEMPERATURE).log_softmax(1)
        q = (student / TEMPERATURE).log_softmax(1)
        optimizer.zero_grad()
        torch.autograd.backward(nn.functional.kl_div(q, p, log_target=True, reduction="batchmean"))
        optimizer.step()

    return step


def seconds(step: Callable[[int], None], steps: int) -> float:
    times = []
    for number in range(steps + 5):
        start = time.perf_counter()
        step(number)
        times.append(time.perf_counter() - start)
    return statistics.median(times[5:])


def ours(path: Path, options: argparse.Namespace) -> tuple[Watch, NeighbourTask, VectorModel]:
    trial = config(path, options.steps, options.products, options.batch)
    return in_trainer(trial, path.parent / "trial")


def memory(watch: Watch, steps: int) -> dict[str, float]:
    return {
        "seconds a step": watch.seconds(),
        "MB that the second half of the steps holds more": watch.growth(),
        "steps": float(steps),
    }


def measure(options: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "vectors.npy"
        np.save(path, vectors())
        watch, task, model = ours(path, options)
        if options.only_ours:
            return memory(watch, options.steps)
        assert isinstance(model.projection, ResidualMlp)
        few = min(options.steps, 60)
        figures = {
            "seconds a step, bare": seconds(bare(task, model.projection), few),
            "seconds a step, plain fp32": seconds(plain(task), max(10, few // 4)),
        }
    step = watch.seconds()
    return {
        "ratio": figures["seconds a step, plain fp32"] / step,
        "share of the bare loop's throughput": figures["seconds a step, bare"] / step,
        **figures,
        **memory(watch, options.steps),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--products", default="auto")
    parser.add_argument("--batch", type=int, default=BATCH, help="of gonogo's steps alone")
    parser.add_argument("--only-ours", action="store_true", help="no bare and no plain loop")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.batch != BATCH and not options.only_ours:
        parser.error(f"the loops beside it have batches of {BATCH}: --only-ours")
    started = time.perf_counter()
    figures = measure(options)
    print("\n".join(f"{name}: {value:.4g}" for name, value in figures.items()))
    if options.json:
        question = "What does a step of neighbourhood distillation take?"
        minutes = (time.perf_counter() - started) / 60
        paired.write_record(options.json, question, "a plain fp32 loop", figures, minutes)


if __name__ == "__main__":
    main()
