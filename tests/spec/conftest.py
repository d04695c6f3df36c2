from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from study_values import TRIO_GATE

STUDY = (
    """\
study: toy
seeds: [1, 2]
defaults:
  model:
    backbone: minilm
    adapter: {kind: lora, rank: 16}
  tasks:
    embed:
      kind: retrieval
      data: [python-api/stdlib]
      negatives: {kind: bm25, count: 7, ranks: [30, 100]}
    rerank: {kind: relevance, data: [scifact]}
arms:
  emb_only: {tasks: [embed]}
  rank_only: {tasks: [rerank]}
  joint_single: {tasks: [embed, rerank], schedule: {kind: alternating}}
evaluation:
  datasets: [python-api/numpy, scifact]
tiers:
  small:
    seeds: [7]
    set: {model.adapter.rank: 8}
gate: """
    + TRIO_GATE
    + "\n"
)


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    """Write the toy study with one text in it replaced."""

    def write(old: str = "", new: str = "") -> Path:
        assert old in STUDY
        path = tmp_path / "toy.yaml"
        path.write_text(STUDY.replace(old, new, 1) if old else STUDY)
        return path

    return write
