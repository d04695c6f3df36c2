"""Encoding: gonogo against sentence-transformers, at its default and at its best setting.

    python benchmarks/encoding.py                              two minutes on 2 cores
    python benchmarks/encoding.py --documents 5000 --data DIR  more, of any BEIR folder
    python benchmarks/encoding.py --documents 5000 --device cuda

The documents are SciFact's where they lie beside the project, else those of Python's standard
library. Both sides sort by length; sentence-transformers may have bf16 weights and the best of
three batch sizes. All weights are all-MiniLM-L6-v2's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import forward_work
import paired
import peak

from gonogo.data.sources.loading import load_dataset
from gonogo.data.weights.weights import locate
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.text_data import BeirData, PythonApiData

BATCHES: dict[peak.Device, tuple[int, ...]] = {"cpu": (32, 16, 8), "cuda": (32, 128, 512)}
SCIFACT = Path(__file__).parents[1].parent / "shared" / "datasets" / "scifact"


def data(options: argparse.Namespace) -> BeirData | PythonApiData:
    folder = options.data or (str(SCIFACT) if SCIFACT.exists() else None)
    return BeirData(folder=folder) if folder else PythonApiData(package="stdlib")


def documents(options: argparse.Namespace) -> list[str]:
    texts = sorted(set(load_dataset(data(options), "test").corpus.texts))
    return texts[:: max(1, len(texts) // options.documents)][: options.documents]


def model(options: argparse.Namespace) -> RetrievalModel:
    from gonogo.models.build.build import build_model
    from gonogo.spec.model.model import Frozen, Lengths, TextModel

    lengths = Lengths(query=options.length, passage=options.length)
    spec = TextModel(backbone=options.model, adapter=Frozen(), lengths=lengths)
    built = build_model(spec, 0, device=options.device, precision=options.precision)
    assert isinstance(built, RetrievalModel)
    return built


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.evaluation.encoding.encoding import encode

    texts, built = documents(options), model(options)

    def run() -> None:
        encode(
            built.bi_encoder,
            texts,
            "passage",
            device=options.device,
            autocast=built.autocast,
            budget=options.budget,
        )

    return run


def work(options: argparse.Namespace) -> paired.Work:
    built = model(options)
    lengths = [len(row) for row in built.bi_encoder.tokenize(documents(options), "passage")]
    one_token = built.bi_encoder.pooling == "last_token"
    flops = forward_work.forward_flops(built.backbone, lengths, one_token=one_token)
    print(f"\n{len(lengths)} documents, {sum(lengths)} tokens, {flops / 1e9:.0f} GFLOP")
    return paired.Work(flops, options.precision, sum(lengths))


def peer(options: argparse.Namespace, precision: str, batch_size: int) -> Callable[[], object]:
    import torch
    from sentence_transformers import SentenceTransformer

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    where = str(locate(options.model).path)
    model = SentenceTransformer(where, device=options.device, model_kwargs={"dtype": dtype})
    model.max_seq_length = options.length
    texts = documents(options)

    def run() -> None:
        model.encode(texts, batch_size=batch_size, show_progress_bar=False)

    return run


def contenders(options: argparse.Namespace) -> paired.Contenders:
    found: dict[str, paired.Prepare] = {
        "gonogo": gonogo,
        "sentence-transformers, default (fp32, batch 32)": partial(
            peer, precision="fp32", batch_size=32
        ),
    }
    for size in BATCHES[options.device]:
        name = f"sentence-transformers, bf16, batch {size}"
        found[name] = partial(peer, precision="bf16", batch_size=size)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--data", help="a BEIR folder")
    parser.add_argument("--documents", type=int, default=384)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--budget", type=int, help="gonogo's tokens in one block")
    peak.add_device(parser)
    paired.main(parser, contenders, work)
