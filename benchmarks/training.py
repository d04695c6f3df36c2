"""Training: optimiser steps of gonogo against sentence-transformers' trainer at its best setting.

    python benchmarks/training.py                        MiniLM, all weights: four minutes
    python benchmarks/training.py --data insuranceqa_v2  texts of very different lengths
    python benchmarks/training.py --model smollm2-135m --lora --batch-size 8 --examples 8
    python benchmarks/training.py --device cuda --examples 800   on the GPU

Both take the same triples in batches of the same size through one epoch, tokenised beforehand by
gonogo and on the way by its peer. See benchmarks/contrastive.py for the loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import paired
from contrastive import Ours, Setting, add_options, triples
from contrastive_peer import PeerSetting, peer
from forward_work import forward_flops, frozen_flops

from gonogo.models.text.retrieval_model import RetrievalModel


def contenders(options: argparse.Namespace) -> paired.Contenders:
    """Return gonogo and every setting of its peer, all of them in the same format."""
    form = Setting.of(options).form
    fast = "bf16 autocast" if form == "bf16" else form
    peers = {
        fast: PeerSetting(merged=True),
        f"{fast}, a pass a column": PeerSetting(),
        "GradCache of 4,096 tokens": PeerSetting(cached_tokens=4096),
    }
    if form == "bf16":
        peers["bf16 weights, a pass a column"] = PeerSetting(bf16_weights=True)
    return {"gonogo": gonogo} | {
        f"sentence-transformers, {name}": partial(theirs, how=how) for name, how in peers.items()
    }


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    ours = Ours(Setting.of(options))

    def run() -> None:
        ours.epoch()

    return run


def theirs(options: argparse.Namespace, how: PeerSetting) -> Callable[[], object]:
    chosen = Setting.of(options)
    return peer(chosen, how, triples(chosen))[1]


def work(options: argparse.Namespace) -> paired.Work:
    """Count the products of forward and backward passes; a frozen weight needs no gradient."""
    ours = Ours(Setting.of(options))
    lengths = ours.lengths()
    flops = step_flops(ours.model, lengths)
    real, padded = ours.epoch(1)
    examples = min(options.examples, len(ours) * options.batch_size)
    print(f"\n{examples} examples, {sum(lengths)} tokens, {flops / 1e9:.0f} GFLOP")
    figures = {"padding": 1 - real / padded, "token budget": ours.task.settings.budget}
    return paired.Work(flops, Setting.of(options).form, sum(lengths), figures)


def step_flops(model: RetrievalModel, lengths: list[int]) -> float:
    """Return three forward passes' products, less those of gradients that nobody needs."""
    backbone, one_token = model.backbone, model.bi_encoder.pooling == "last_token"
    forward = forward_flops(backbone, lengths, one_token=one_token)
    return 3 * forward - frozen_flops(backbone, lengths, one_token)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    paired.main(parser, contenders, work)
