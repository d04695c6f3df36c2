"""Encoding: gonogo against sentence-transformers, default and best setting, on real documents.

python benchmarks/encoding.py                              two minutes on 2 cores
python benchmarks/encoding.py --data DIR --documents 5000  any BEIR folder
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import paired

from gonogo.data.loading import load_dataset
from gonogo.data.weights import locate
from gonogo.spec.data import BeirData, PythonApiData


def documents(options: argparse.Namespace) -> list[str]:
    data = BeirData(folder=options.data) if options.data else PythonApiData(package="stdlib")
    texts = sorted(set(load_dataset(data, "test").corpus.texts))
    return texts[:: max(1, len(texts) // options.documents)][: options.documents]


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.evaluation.encoding import encode
    from gonogo.models.build import build_model
    from gonogo.spec.model import Frozen, Lengths, TextModel

    texts, lengths = documents(options), Lengths(query=options.length, passage=options.length)
    spec = TextModel(backbone=options.model, adapter=Frozen(), lengths=lengths)
    model = build_model(spec, 0, precision=options.precision)
    budget = options.budget

    def run() -> object:
        encoder, autocast = model.bi_encoder, model.autocast
        return encode(encoder, texts, "passage", device="cpu", autocast=autocast, budget=budget)

    return run


def peer(options: argparse.Namespace, precision: str, batch_size: int) -> Callable[[], object]:
    import torch
    from sentence_transformers import SentenceTransformer

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    where = str(locate(options.model).path)
    model = SentenceTransformer(where, device="cpu", model_kwargs={"dtype": dtype})
    model.max_seq_length = options.length
    texts = documents(options)
    return lambda: model.encode(texts, batch_size=batch_size, show_progress_bar=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--data", help="a BEIR folder; the standard library's documentation else")
    parser.add_argument("--documents", type=int, default=512)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--budget", type=int, help="gonogo's tokens in one block")
    paired.main(
        parser,
        {
            "gonogo": gonogo,
            "sentence-transformers, default (fp32, batch 32)": lambda o: peer(o, "fp32", 32),
            "sentence-transformers, bf16, batch 32": lambda o: peer(o, "bf16", 32),
            "sentence-transformers, bf16, batch 16": lambda o: peer(o, "bf16", 16),
        },
    )
