"""Score tables with planted effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
import pytest

Table = Callable[..., pl.DataFrame]


def planted_table(
    shares: Mapping[tuple[str, str], float],
    *,
    seeds: Sequence[int | None] = (1, 2, 3),
    datasets: Sequence[str] = ("ants", "bees"),
    queries: int = 40,
    seed_noise: float = 0.0,
    query_noise: float = 0.0,
    metric: str = "nDCG@10",
) -> pl.DataFrame:
    """Make scores in which each (arm, task) keeps a share of a common base.

    Every data set has the query ids q0, q1, ...: they collide on purpose.
    """
    rng = np.random.default_rng(7)
    parts = []
    base = {
        (task, dataset): rng.uniform(0.2, 0.8, queries)
        for task in sorted({task for _, task in shares})
        for dataset in datasets
    }
    for (arm, task), share in sorted(shares.items()):
        for place, seed in enumerate(seeds):
            shift = rng.normal(0, seed_noise) if seed_noise else 0.0
            # Below all tolerances: seeds without any noise would be one run handed in repeatedly.
            unlike = 1e-13 * place * (-1.0) ** np.arange(queries)
            for dataset in datasets:
                noise = rng.normal(0, query_noise, queries) if query_noise else 0.0
                value = np.clip(share * base[task, dataset] + shift + noise + unlike, 0, 1)
                parts.append(
                    pl.DataFrame(
                        {
                            "arm": arm,
                            "seed": pl.Series([seed] * queries, dtype=pl.Int64),
                            "task": task,
                            "dataset": dataset,
                            "metric": metric,
                            "query_id": [f"q{index}" for index in range(queries)],
                            "value": value,
                        }
                    )
                )
    return pl.concat(parts)


@pytest.fixture
def interference() -> Table:
    """Return a maker of tables with planted TIR on embed and rerank."""

    def make(embed: float = 0.03, rerank: float = 0.003, **options: object) -> pl.DataFrame:
        shares = {
            ("emb_only", "embed"): 1.0,
            ("rank_only", "rerank"): 1.0,
            ("joint_single", "embed"): 1.0 - embed,
            ("joint_single", "rerank"): 1.0 - rerank,
        }
        return planted_table(shares, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def planted() -> Table:
    """Return the maker of tables itself."""
    return planted_table


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a fresh generator with a fixed seed."""
    return np.random.default_rng(0)
