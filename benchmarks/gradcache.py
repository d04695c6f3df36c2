"""GradCache: peak memory of a step at 4,096 pairs against one at 32, gradients carried exactly.

    python benchmarks/gradcache.py                 six minutes on 2 cores
    python benchmarks/gradcache.py --length 128 --large 1024
    python benchmarks/gradcache.py --model smollm2-135m --lora --length 6 --budget 784

Each step runs in a process of its own, which reports the most memory it ever held (getrusage). How
texts become forward passes is the trainer's own choice, but for the budget.
Queries, positives and one hard negative each are drawn from the vocabulary: memory and time depend
on their lengths alone. With --plain the large step also runs as one graph; mind the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import paired
import peak

from gonogo.core.seeds import generator
from gonogo.data.examples.examples import RetrievalExample


def examples(count: int, length: int) -> list[RetrievalExample]:
    """Return that many triples of distinct texts of ``length`` words, a token each."""
    words = ["water", "light", "stone", "paper", "river", "glass", "music", "plant", "horse"]
    rng = generator(1, "gradcache")

    def text() -> str:
        return " ".join(words[place] for place in rng.integers(len(words), size=length))

    return [
        RetrievalExample(
            dataset="drawn",
            query_id=f"q{n}",
            query=text(),
            positive_id=f"d{n}",
            positive=text(),
            negative_ids=(f"n{n}",),
            negatives=(text(),),
            relevant_ids=frozenset({f"d{n}"}),
        )
        for n in range(count)
    ]


def step(size: int, replay: bool, options: argparse.Namespace) -> dict[str, float]:
    """Take one optimiser step and return its seconds and this process's peak memory."""
    from gonogo.core.workplace import ANYWHERE
    from gonogo.models.build.build import build_model
    from gonogo.models.text.retrieval_model import RetrievalModel
    from gonogo.objectives.build import build_embedding_objective
    from gonogo.spec.model.model import FullTuning, Lengths, LoraAdapter, TextModel
    from gonogo.spec.task.objectives import InfoNce
    from gonogo.spec.training import TrainingSpec
    from gonogo.training.loop.optimizer import build_optimizer
    from gonogo.training.loop.run import Run
    from gonogo.training.loop.step import take_step
    from gonogo.training.parts.determinism import deterministic
    from gonogo.training.parts.schedules import Part, Step
    from gonogo.training.text.retrieval_task import RetrievalTask
    from gonogo.training.text.text_tasks import TextTasks

    adapter = LoraAdapter() if options.lora else FullTuning()
    lengths = Lengths(query=options.length + 2, passage=options.length + 2)
    spec = TextModel(
        backbone=options.model, adapter=adapter, query_instruction=None, lengths=lengths
    )
    model = build_model(spec, 1, precision=peak.fastest_here())
    assert isinstance(model, RetrievalModel)
    encoder = model.bi_encoder
    training = TrainingSpec(token_budget=options.budget, gradcache=replay)
    settings = TextTasks(training, 1, model, ANYWHERE)._settings(encoder.pad_id)
    task = RetrievalTask(
        "embed",
        examples(size, options.length),
        tokenize=encoder.tokenize,
        forward=encoder,
        objective=build_embedding_objective(InfoNce()),
        settings=settings,
        batch_size=size,
        seed=1,
        hard_negatives=options.hard_negatives,
    )
    run, rates = Run(model, build_optimizer(model, training), {"embed": task}), (1e-5, 1e-5)
    start = time.perf_counter()
    with deterministic("cpu"):
        take_step(run, Step((Part("embed", 1.0, range(1)),), *rates), rates, seed=1, clip=1.0)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "MB": peak_mb}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--small", type=int, default=32)
    parser.add_argument("--large", type=int, default=4096)
    parser.add_argument("--length", type=int, default=30, help="words of each text")
    parser.add_argument("--budget", type=int, default=2048, help="tokens under way at once")
    parser.add_argument("--hard-negatives", choices=["frozen", "exact"], default="exact")
    parser.add_argument("--plain", action="store_true", help="also the large step as one graph")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        size, replay = options.child
        print(json.dumps(step(int(size), replay == "gradcache", options)))
        return
    start = time.perf_counter()
    print(f"{peak.machine()}\n", flush=True)
    figures = measure(options)
    if options.json:
        minutes = (time.perf_counter() - start) / 60
        question = (parser.description or "").splitlines()[0]
        paired.write_record(options.json, question, "", figures, minutes)


def measure(options: argparse.Namespace) -> dict[str, float]:
    cases = [(options.small, "gradcache"), (options.large, "gradcache")]
    cases += [(options.large, "one graph")] * options.plain
    figures: dict[str, float] = {}
    for size, how in cases:
        command = [sys.executable, "-W", "ignore", *sys.argv, "--child", str(size), how]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        for name, value in json.loads(done.stdout.strip().splitlines()[-1]).items():
            figures[f"{name}, {size} pairs, {how}"] = value
            print(f"{size} pairs, {how}: {value:.1f} {name}", flush=True)
    small, large = (figures[f"MB, {size} pairs, {how}"] for size, how in cases[:2])
    figures["growth of peak memory"] = large / small
    figures["MB"] = large
    print(f"growth of peak memory: {large / small:.2f}")
    return figures


if __name__ == "__main__":
    main()
