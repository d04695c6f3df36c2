"""Banks and pairs in a folder, small enough to look through, with faults that tests plant."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gonogo.data.files.manifest import write_manifest
from gonogo.data.next_vector.bank import CHUNKS, VECTORS, Bank, open_bank
from gonogo.data.next_vector.chunks import Chunks, write_chunks, write_rows
from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
from gonogo.data.next_vector.windows import WindowRule
from gonogo.data.vectors.vectors import unit_length


def drifting(lengths: list[int], width: int = 24, seed: int = 0) -> np.ndarray:
    """Return vectors of articles, each around a centre of its own; unit length, fp32."""
    draws = np.random.default_rng(seed)
    parts = [
        draws.standard_normal(width) + 0.9 * draws.standard_normal((length, width))
        for length in lengths
    ]
    return unit_length(np.concatenate(parts).astype(np.float32))


def write_bank(
    folder: Path, lengths: list[int], vectors: np.ndarray | None = None, dtype: str = "fp32"
) -> Bank:
    """Write a bank whose articles have these lengths."""
    stored = drifting(lengths) if vectors is None else vectors
    folder.mkdir(parents=True)
    write_rows(folder / VECTORS, [stored], stored.shape, dtype)
    names = [f"article {number}" for number, length in enumerate(lengths) for _ in range(length)]
    places = [place for length in lengths for place in range(length)]
    texts = [f"text {row}" for row in range(len(names))]
    write_chunks(folder, Chunks(names, places, texts))
    rows, width = stored.shape
    write_manifest(folder, "bank", outputs=(VECTORS, CHUNKS), rows=rows, dimension=width)
    return open_bank(folder)


def settings(**changes) -> PairSettings:
    """Return settings for contexts of 4 at stride 2, three tenths of the articles held out."""
    rule = WindowRule(**{"context": 4, "stride": 2, "most": 30, **changes.pop("rule", {})})
    return PairSettings(rule=rule, **{"validation": 0.3, **changes})


def write_world(
    folder: Path,
    lengths: list[int],
    vectors: np.ndarray | None = None,
    dtype: str = "fp32",
    **changes,
) -> Path:
    """Write a bank and its pairs; return the folder of the pairs, the bank lies beside it."""
    bank = write_bank(folder / "bank", lengths, vectors, dtype)
    chosen = settings(**changes)
    write_pairs(folder / "pairs", bank, make_pairs(bank, chosen), chosen)
    return folder / "pairs"
