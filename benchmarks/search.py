"""Exact search: gonogo against faiss-cpu's IndexFlatIP and sentence-transformers' semantic_search.

    python benchmarks/search.py                          2,000 queries x 500,000 x 768, two minutes
    python benchmarks/search.py --k 500                  the same, 500 documents a query
    python benchmarks/search.py --documents 50000        seconds

faiss is not a dependency; without it that row is left out. ``make bench ONLY=search`` installs it
beside the environment, as this does:

    pip install --no-deps --target .peers faiss-cpu==1.15.1
    PYTHONPATH=.peers python benchmarks/search.py

The bank (1.5 GB) is written once, below the folder for temporary files. gonogo reads it
memory-mapped, the peers from memory.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paired
import peak


def bank(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return queries and a memory-mapped bank of random unit vectors, made once."""
    path = Path(tempfile.gettempdir()) / f"gonogo_bank_{options.documents}_{options.dimension}.npy"
    if not path.exists():
        shape = options.documents, options.dimension
        made = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        for start in range(0, len(made), 50_000):
            made[start : start + 50_000] = unit(start + 1, made[start : start + 50_000].shape)
    found: np.ndarray = np.load(path, mmap_mode="r")
    return unit(0, (options.queries, options.dimension)), found


def unit(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.evaluation.search.search import top_k

    queries, corpus = bank(options)
    corpus[:].sum()  # into the page cache, as the peers have it in memory
    return lambda: top_k(queries, corpus, options.k, form=options.form)[1]


def faiss(options: argparse.Namespace) -> Callable[[], object]:
    import faiss  # type: ignore[import-not-found]

    queries, corpus = bank(options)
    index = faiss.IndexFlatIP(options.dimension)
    index.add(np.array(corpus))
    return lambda: index.search(queries, options.k)[1]


def semantic_search(options: argparse.Namespace) -> Callable[[], object]:
    import torch
    from sentence_transformers.util import semantic_search as search

    queries, corpus = (torch.from_numpy(np.array(part)) for part in bank(options))
    return lambda: search(queries, corpus, top_k=options.k)


def work(options: argparse.Namespace) -> paired.Work:
    """Count the one exact product of all queries with all documents; int8 against bf16's peak."""
    flops = 2.0 * options.queries * options.documents * options.dimension
    return paired.Work(flops, "fp32" if options.form == "fp32" else peak.fastest_here())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--documents", type=int, default=500_000)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--k", type=int, default=16)
    parser.add_argument("--form", choices=["fp32", "bf16", "int8"], help="of gonogo's products")
    paired.main(
        parser,
        {
            "gonogo": gonogo,
            "faiss IndexFlatIP": faiss,
            "sentence-transformers semantic_search": semantic_search,
        },
        work,
    )
