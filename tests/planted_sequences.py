"""Articles of vectors that drift: a small bank and its pairs, where the next vector can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from shipped_monitors import postmortem_settings, words_of_the_log

from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.next_vectors import NextVectors, open_next_vectors
from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
from gonogo.data.next_vector.windows import WindowRule
from gonogo.spec.study import TrialConfig


def planted_vectors(
    articles: int, rows: int, dimension: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors and the article of each; a topic, a slow drift, and noise of its own."""
    rng = np.random.default_rng(seed)
    vectors, names = [], []
    turn = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0]
    for article in range(articles):
        state = rng.standard_normal(dimension)
        for _ in range(rows):
            state = 0.8 * state + 0.6 * rng.standard_normal(dimension)
            vectors.append(state + 0.5 * turn @ state)
            names.append(f"article {article}")
    return np.array(vectors, dtype=np.float32), np.array(names)


def write_sequences(
    folder: Path, *, articles: int = 12, rows: int = 24, dimension: int = 16, least: int = 3
) -> Path:
    """Write a bank and pairs with contexts of 3 to 6; return the folder of the pairs."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors, names = planted_vectors(articles, rows, dimension)
    np.savez(folder / "bank.npz", vectors=vectors, articles=names)
    bank = open_bank(folder / "bank.npz")
    rule = WindowRule(context=6, stride=1, most=1000, least=least)
    settings = PairSettings(rule=rule, validation=0.25, seed=1)
    write_pairs(folder / "pairs", bank, make_pairs(bank, settings), settings)
    return folder / "pairs"


def open_sequences(folder: Path, **sizes: int) -> NextVectors:
    """Write them and open them."""
    return open_next_vectors(str(write_sequences(folder, **sizes)))


def tower_config(pairs: Path, **changes: Any) -> TrialConfig:
    """Return a trial on them that takes a second."""
    data = {"kind": "pairs", "folder": str(pairs)}
    task = {
        "kind": "next_vector",
        "data": data,
        "memory": 40,
        "curriculum": "0-1:none;2-10:3@0.5-0.99",
        "window": "quantile",
        "batch_size": 8,
    }
    training = {
        "epochs": 3,
        "accumulation": 2,
        "learning_rate": 1e-2,
        "precision": "fp32",
        "checkpoint_every": 3,
        "validation": {"every": 1, "best": "R@10", "line": words_of_the_log()},
    }
    return TrialConfig.model_validate(
        {
            "model": {
                "kind": "query_tower",
                "dimension": 16,
                "encoder": changes.get("encoder", {"kind": "residual_mean", "hidden": 8}),
            },
            "tasks": {"next": task | changes.get("task", {})},
            "training": training | changes.get("training", {}),
            "monitors": changes.get("monitors", []),
            "postmortem": postmortem_settings(),
            "evaluation": {
                "metrics": ["R@10", "RR@10"],
                "tasks": {"next": {"kind": "next_vector", "data": [data], "depth": 50}},
            },
        }
    )
