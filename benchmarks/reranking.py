"""Reranking: gonogo against sentence-transformers' CrossEncoder.predict on the same pairs.

    python benchmarks/reranking.py                     two minutes on 2 cores
    python benchmarks/reranking.py --queries 50        more of the same

The pairs are BM25's candidates on SciFact where it lies beside the project, else on Python's
standard library. Both score the first token's vector by a small head, whose weights are random:
only the time is compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import forward_work
import paired

from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.judged.datasets import RetrievalDataset
from gonogo.data.sources.loading import load_dataset
from gonogo.data.weights.weights import locate
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.spec.data.text_data import BeirData, PythonApiData

Candidates = dict[str, list[tuple[int, float]]]
SCIFACT = Path(__file__).parents[1].parent / "shared" / "datasets" / "scifact"


def candidates(options: argparse.Namespace) -> tuple[RetrievalDataset, Candidates]:
    folder = options.data or (str(SCIFACT) if SCIFACT.exists() else None)
    data = BeirData(folder=folder) if folder else PythonApiData(package="stdlib")
    dataset = load_dataset(data, "test").sample_queries(options.queries)
    found = Bm25Index(dataset.corpus).search(list(dataset.queries.values()), options.depth)
    return dataset, dict(zip(dataset.queries, found, strict=True))


def pairs(options: argparse.Namespace) -> list[tuple[str, str]]:
    dataset, found = candidates(options)
    texts, queries = dataset.corpus.texts, dataset.queries
    return [(queries[query], texts[row]) for query, rows in found.items() for row, _ in rows]


def model(options: argparse.Namespace) -> RetrievalModel:
    from gonogo.models.build.build import build_model
    from gonogo.spec.model.model import Frozen, Lengths, MlpScoring, TextModel

    lengths = Lengths(query=min(128, options.length // 2), pair=options.length)
    spec = TextModel(
        backbone=options.model,
        adapter=Frozen(),
        scoring=MlpScoring(pooling="first_token"),
        lengths=lengths,
    )
    built = build_model(spec, 0, precision=options.precision)
    assert isinstance(built, RetrievalModel)
    return built


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.core.progress import Silent
    from gonogo.evaluation.text.reranking import rerank

    dataset, found = candidates(options)
    built = model(options)
    return lambda: rerank(built, dataset, found, progress=Silent())


def work(options: argparse.Namespace) -> paired.Work:
    built = model(options)
    lengths = [len(row) for row in built.cross_encoder.tokenize(pairs(options))]
    flops = forward_work.forward_flops(built.backbone, lengths, one_token=True)
    print(f"\n{len(lengths)} pairs, {sum(lengths)} tokens, {flops / 1e9:.0f} GFLOP")
    return paired.Work(flops, options.precision)


def peer(options: argparse.Namespace, precision: str, batch_size: int) -> Callable[[], object]:
    import torch
    from sentence_transformers import CrossEncoder

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    where = str(locate(options.model).path)
    model = CrossEncoder(where, num_labels=1, device="cpu", model_kwargs={"dtype": dtype})
    model.max_length = options.length
    asked = pairs(options)

    def run() -> None:
        model.predict(asked, batch_size=batch_size, show_progress_bar=False)

    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--data", help="a BEIR folder")
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
            "sentence-transformers, bf16, batch 8": lambda o: peer(o, "bf16", 8),
        },
        work,
    )
