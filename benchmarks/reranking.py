"""Reranking: gonogo against sentence-transformers' CrossEncoder.predict on the same pairs.

    python benchmarks/reranking.py                     two minutes on 2 cores
    python benchmarks/reranking.py --queries 50        more of the same

The weights of the score head are random: only the time is compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import paired

from gonogo.data.bm25 import Bm25Index
from gonogo.data.datasets import RetrievalDataset
from gonogo.data.loading import load_dataset
from gonogo.data.weights import locate
from gonogo.spec.data import BeirData, PythonApiData

Candidates = dict[str, list[tuple[int, float]]]


def work(options: argparse.Namespace) -> tuple[RetrievalDataset, Candidates]:
    data = BeirData(folder=options.data) if options.data else PythonApiData(package="stdlib")
    dataset = load_dataset(data, "test").sample_queries(options.queries)
    found = Bm25Index(dataset.corpus).search(list(dataset.queries.values()), options.depth)
    return dataset, dict(zip(dataset.queries, found, strict=True))


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.core.progress import Silent
    from gonogo.evaluation.reranking import rerank
    from gonogo.models.build import build_model
    from gonogo.spec.model import Frozen, Lengths, TextModel

    dataset, candidates = work(options)
    lengths = Lengths(query=min(128, options.length // 2), pair=options.length)
    spec = TextModel(backbone=options.model, adapter=Frozen(), lengths=lengths)
    model = build_model(spec, 0, precision=options.precision)
    return lambda: rerank(model, dataset, candidates, progress=Silent())


def peer(options: argparse.Namespace, precision: str, batch_size: int) -> Callable[[], object]:
    import torch
    from sentence_transformers import CrossEncoder

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    where = str(locate(options.model).path)
    model = CrossEncoder(where, num_labels=1, device="cpu", model_kwargs={"dtype": dtype})
    model.max_length = options.length
    dataset, candidates = work(options)
    pairs = [
        (dataset.queries[query], dataset.corpus.texts[row])
        for query, found in candidates.items()
        for row, _ in found
    ]
    return lambda: model.predict(pairs, batch_size=batch_size, show_progress_bar=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--data", help="a BEIR folder; the standard library's documentation else")
    parser.add_argument("--queries", type=int, default=10)
    parser.add_argument("--depth", type=int, default=50)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    paired.main(
        parser,
        {
            "gonogo": gonogo,
            "sentence-transformers, default (fp32, batch 32)": lambda o: peer(o, "fp32", 32),
            "sentence-transformers, bf16, batch 32": lambda o: peer(o, "bf16", 32),
            "sentence-transformers, bf16, batch 16": lambda o: peer(o, "bf16", 16),
        },
    )
