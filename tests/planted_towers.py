"""Studies of query towers over planted sequences, and a tower that collapses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml
from planted_sequences import tower_config
from torch import Tensor

from gonogo.models.next_vector.query_tower import QueryTower


class Collapsed(QueryTower):
    """A tower that gives every context nearly the same query."""

    def forward(self, context: Tensor, present: Tensor) -> Tensor:
        free = super().forward(context, present)
        fixed = torch.zeros_like(free)
        fixed[:, 0] = 1.0
        return torch.nn.functional.normalize(fixed + 1e-3 * free, dim=-1)


def write_tower_study(
    world: Path, pairs: Path, references: Sequence[str], *, baseline: str, **changes: Any
) -> Path:
    """Write ``towers.yaml``: one tower on these pairs, against one of the reference rows.

    ``evaluation`` among the changes adds to the evaluation, others are those of ``tower_config``.
    """
    more = changes.pop("evaluation", {})
    config = tower_config(pairs, **changes).model_dump(mode="json", by_alias=True)
    evaluation = config.pop("evaluation") | {"references": list(references)} | more
    study = {
        "study": "towers",
        "seeds": [1],
        "defaults": config,
        "arms": {"residual": {}},
        "evaluation": evaluation,
        "experiments": {"row": {"arm": "residual"}},
        "gate": {
            "kind": "improvement",
            "task": "next",
            "metric": "R@10",
            "candidate": "residual",
            "baseline": baseline,
        },
    }
    path = world / "towers.yaml"
    path.write_text(yaml.safe_dump(study))
    return path
