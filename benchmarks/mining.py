"""Hard negatives by vectors: gonogo against sentence-transformers' mine_hard_negatives.

    python benchmarks/mining.py                                  two minutes on 2 cores
    python benchmarks/mining.py --pairs 2000 --documents 20000   seconds

Both get the same vectors (the peer through a model that looks them up, so that encoding, which has
a benchmark of its own, is not compared) and the same rule: the nearest documents below 95 % of the
positive's cosine. The peer is given a range large enough for that rule; with its default it misses
negatives. The pairs lie in clusters, as real ones do: most of what is near is too near.

The peer needs ``datasets``, and faiss for its faster way; neither is a dependency:

    pip install --no-deps --target .peers -r benchmarks/peers.txt
    PYTHONPATH=.peers python benchmarks/mining.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import numpy as np
import paired
import peak

MARGIN = 0.05


def vectors(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return queries and documents; document n answers query n."""
    random = np.random.default_rng(0)
    centres = unit(random, (options.documents // 50, options.dimension), np.float32(0), 1.0)
    home = centres[random.integers(len(centres), size=options.documents)]
    documents = unit(random, home.shape, home, 0.8)
    queries = unit(random, (options.pairs, options.dimension), documents[: options.pairs], 0.7)
    return queries, documents


def unit(
    random: np.random.Generator, shape: tuple[int, ...], centre: np.ndarray | np.float32, far: float
) -> np.ndarray:
    """Return unit vectors about ``centre``, on average ``far`` away from it."""
    values = random.standard_normal(shape, dtype=np.float32)
    values *= np.float32(far / np.sqrt(shape[1]))
    values += centre
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values


def gonogo(options: argparse.Namespace) -> Callable[[], object]:
    from gonogo.evaluation.mining.mining import MiningRule, mine

    queries, documents = vectors(options)
    positives = [[row] for row in range(options.pairs)]
    # above 1 nothing is a near-duplicate: the peer has no such filter
    rule = MiningRule(options.count, relative_margin=MARGIN, duplicate=2.0)
    return lambda: mine(queries, documents, positives, rule).rows


def peer(
    options: argparse.Namespace, use_faiss: bool = False, batch: int = 16_384
) -> Callable[[], object]:
    import datasets
    from sentence_transformers.util import (
        cos_sim,
        mine_hard_negatives,
        pairwise_cos_sim,
    )

    queries, documents = vectors(options)
    texts = [str(row) for row in range(options.documents)]
    pairs = datasets.Dataset.from_dict(
        {"query": [f"q{row}" for row in range(options.pairs)], "answer": texts[: options.pairs]}
    )
    model = SimpleNamespace(
        device="cpu",
        encode_query=lambda asked, **_: queries[[int(text[1:]) for text in asked]],
        encode_document=lambda asked, **_: documents[[int(text) for text in asked]],
        similarity=cos_sim,
        similarity_pairwise=pairwise_cos_sim,
        get_embedding_dimension=lambda: options.dimension,
    )

    def run() -> object:
        found = mine_hard_negatives(
            pairs,
            model,  # type: ignore[arg-type]
            corpus=texts,
            range_max=options.range,
            relative_margin=MARGIN,
            num_negatives=options.count,
            output_format="n-tuple",
            use_faiss=use_faiss,
            faiss_batch_size=batch,
            verbose=False,
        )
        rows = np.full((options.pairs, options.count), -1)
        asked = [int(text[1:]) for text in found["query"]]
        for number in range(options.count):
            rows[asked, number] = np.array(found[f"negative_{number + 1}"], dtype=np.int64)
        return rows

    return run


def work(options: argparse.Namespace) -> paired.Work:
    """Count the one exact product of all queries with all documents; int8 against bf16's peak."""
    flops = 2.0 * options.pairs * options.documents * options.dimension
    return paired.Work(flops, peak.fastest_here())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--range", type=int, default=200, help="ranks that the peer looks at")
    paired.main(
        parser,
        {
            "gonogo": gonogo,
            "mine_hard_negatives, default": peer,
            "mine_hard_negatives, blocks of 2,048": partial(peer, batch=2048),
            "mine_hard_negatives with faiss": partial(peer, use_faiss=True),
            "mine_hard_negatives with faiss, blocks of 2,048": partial(
                peer, use_faiss=True, batch=2048
            ),
        },
        work,
    )
