"""Rows that are none of a pair's negatives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from planted_sequences import open_sequences

from gonogo.training.known_rows import known_rows


def test_the_context_and_what_repeats_the_target(tmp_path: Path) -> None:
    data = open_sequences(tmp_path)
    numbers = data.validation[:7]
    unit = np.array(data.bank.vectors, dtype=np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    found = known_rows(data, numbers, 0.9)
    for number, rows in zip(numbers, found.tolist(), strict=True):
        target, context = data.pairs.targets[number], data.pairs.contexts[number]
        near = np.argsort(-(unit @ unit[target]))[:16]
        repeats = {int(row) for row in near if unit[row] @ unit[target] > 0.9}
        assert target in repeats
        assert {row for row in rows if row >= 0} == repeats | {int(c) for c in context if c >= 0}
