"""Training: optimiser steps of gonogo against sentence-transformers' trainer at its best setting.

    python benchmarks/training.py                        MiniLM, all weights: four minutes
    python benchmarks/training.py --data insuranceqa_v2  texts of very different lengths
    python benchmarks/training.py --model smollm2-135m --batch-size 8 --examples 16   LoRA

Both take the same triples in batches of the same size through one epoch, tokenised beforehand by
gonogo and on the way by its peer. See benchmarks/contrastive.py for the loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import paired
from contrastive import Ours, PeerSetting, Setting, peer, triples
from forward_work import forward_flops

from gonogo.models.retrieval_model import RetrievalModel

PEERS = {
    "sentence-transformers, bf16 autocast": PeerSetting(merged=True),
    "sentence-transformers, bf16 autocast, a pass a column": PeerSetting(),
    "sentence-transformers, bf16 weights, a pass a column": PeerSetting(bf16_weights=True),
    "sentence-transformers, GradCache of 4,096 tokens": PeerSetting(cached_tokens=4096),
}


def setting(options: argparse.Namespace) -> Setting:
    return Setting(
        options.model, options.data, options.examples, options.batch_size, options.length
    )


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    ours = Ours(setting(options))
    ours.epoch(1)  # allocates

    def run() -> None:
        ours.epoch()

    return run


def theirs(options: argparse.Namespace, how: PeerSetting) -> Callable[[], object]:
    chosen = setting(options)
    return peer(chosen, how, triples(chosen))[1]


def work(options: argparse.Namespace) -> paired.Work:
    """Count the products of forward and backward passes; a frozen weight needs no gradient."""
    ours = Ours(setting(options))
    lengths = ours.lengths()
    flops = step_flops(ours.model, lengths)
    real, padded = ours.epoch(1)
    examples = min(options.examples, len(ours) * options.batch_size)
    print(f"\n{examples} examples, {sum(lengths)} tokens, {flops / 1e9:.0f} GFLOP")
    figures = {"padding": 1 - real / padded, "token budget": ours.task.settings.budget}
    return paired.Work(flops, "bf16", {**figures, "tokens an epoch": sum(lengths)})


def step_flops(model: RetrievalModel, lengths: list[int]) -> float:
    """Return three forward passes' products, less those of gradients that nobody needs."""
    transformer = model.backbone.transformer
    frozen = sum(
        p.numel() for n, p in transformer.named_parameters() if n.endswith("base_layer.weight")
    )
    return 3 * forward_flops(transformer, lengths) - 2.0 * frozen * sum(lengths)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--data", default="scifact", help="a BEIR folder")
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--length", type=int, default=256)
    paired.main(
        parser,
        {"gonogo": gonogo} | {name: partial(theirs, how=how) for name, how in PEERS.items()},
        work,
    )
