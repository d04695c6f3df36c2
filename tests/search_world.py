"""A cascade to search with: a bank of texts, towers that nobody trained, a tiny text model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import yaml
from planted_sequences import planted_vectors, tower_config

from gonogo.core.files import write_json
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
from gonogo.data.next_vector.windows import WindowRule
from gonogo.models.build.build import build_model
from gonogo.spec.model.model import Frozen, Lengths, MlpScoring, TextModel
from gonogo.spec.next_vector.towers import QueryTower

ARTICLES, ROWS = 24, 24  # more rows than a retrieval of 500 hands on
_RULE = WindowRule(context=6, stride=1, most=1000, least=3)
_SETTINGS = PairSettings(rule=_RULE, validation=0.25, seed=1)


def write_texts(folder: Path) -> Path:
    """Write a bank with texts and its pairs; return the folder of the pairs."""
    vectors, names = planted_vectors(ARTICLES, ROWS, 16)
    texts = np.array([f"read line {row} of the file {name}" for row, name in enumerate(names)])
    np.savez(folder / "bank.npz", vectors=vectors, articles=names, texts=texts)
    bank = open_bank(folder / "bank.npz")
    write_pairs(folder / "pairs", bank, make_pairs(bank, _SETTINGS), _SETTINGS)
    return folder / "pairs"


def write_vectors_alone(folder: Path) -> Path:
    """Write a bank of vectors that nothing else is known of, and pairs cut by sequences."""
    vectors, _ = planted_vectors(ARTICLES, ROWS, 16)
    np.save(folder / "bank.npy", vectors)
    sequences = folder / "rows.jsonl"
    rows = np.arange(len(vectors)).reshape(ARTICLES, ROWS)[:, ::-1]
    sequences.write_text("".join(json.dumps(row) + "\n" for row in rows.tolist()))
    bank = open_bank(folder / "bank.npy")
    made = make_pairs(bank, _SETTINGS, sequences=sequences)
    write_pairs(folder / "pairs", bank, made, _SETTINGS, sequences)
    return folder / "pairs"


def plant_tower(
    trial: Path, pairs: Path, *, kind: str = "residual_mean", precision: str = "fp32"
) -> Path:
    """Write what a trial leaves of a tower, with its first weights; return the trial's folder.

    Those of ``residual_mean`` are a mean of the context, in any number format; of ``gru`` random.
    """
    config = tower_config(pairs, encoder={"kind": kind, "hidden": 8})
    assert isinstance(config.model, QueryTower)
    build_model(config.model, 1).save(trial / "checkpoints" / "final")
    record = {"config": config.model_dump(mode="json", by_alias=True)}
    (trial / "trial.yaml").write_text(yaml.safe_dump(record), encoding="utf-8")
    write_json(trial / "result.json", {"precision": precision})
    return trial


def plant_text_model(folder: Path, backbone: Path) -> Path:
    """Write a text model that scores pairs; return its folder."""
    spec = TextModel(
        backbone=str(backbone),
        adapter=Frozen(),
        scoring=MlpScoring(hidden=8),
        lengths=Lengths(query=24, passage=64, pair=96),
    )
    build_model(spec, 0).save(folder)
    return folder


def write_lanes(file: Path) -> Path:
    """Write a code for each row of the bank: its article decides the domain, its place the task."""
    codes = [
        {"task": f"t{row % 2}", "modifier": "m", "domain": f"d{row // ROWS}"}
        for row in range(ARTICLES * ROWS)
    ]
    file.write_text("".join(json.dumps(code) + "\n" for code in codes), encoding="utf-8")
    return file
