"""Exact search: gonogo against faiss-cpu's IndexFlatIP and sentence-transformers' semantic_search.

    python benchmarks/search.py                              a minute
    python benchmarks/search.py --documents 500000 --k 500   the full size, 1.5 GB of vectors

faiss is not a dependency; without it that row is left out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import paired


def bank(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return queries and a memory-mapped bank of random unit vectors, made once."""
    path = Path(tempfile.gettempdir()) / f"gonogo_bank_{options.documents}_{options.dimension}.npy"
    if not path.exists():
        shape = options.documents, options.dimension
        made = np.lib.format.open_memmap(path, "w+", np.float32, shape)
        for start in range(0, len(made), 50_000):
            made[start : start + 50_000] = unit(start + 1, made[start : start + 50_000].shape)
    return unit(0, (options.queries, options.dimension)), np.load(path, mmap_mode="r")


def unit(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.evaluation.search import top_k

    queries, corpus = bank(options)
    corpus[:].sum()  # into the page cache, as the peers have it in memory
    return lambda: top_k(queries, corpus, options.k, form=options.form)


def faiss(options: argparse.Namespace) -> Callable[[], object]:
    import faiss

    queries, corpus = bank(options)
    index = faiss.IndexFlatIP(options.dimension)
    index.add(np.array(corpus))
    return lambda: index.search(queries, options.k)


def semantic_search(options: argparse.Namespace) -> Callable[[], object]:
    import torch
    from sentence_transformers.util import semantic_search as search

    queries, corpus = (torch.from_numpy(np.array(part)) for part in bank(options))
    return lambda: search(queries, corpus, top_k=options.k)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--k", type=int, default=16)
    parser.add_argument("--form", choices=["fp32", "bf16"], help="format of gonogo's products")
    paired.main(
        parser,
        {
            "gonogo": gonogo,
            "faiss IndexFlatIP": faiss,
            "sentence-transformers semantic_search": semantic_search,
        },
    )
