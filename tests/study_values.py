"""A small world for studies: BEIR folders and the values of a study over them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ANIMALS = [
    "cat",
    "dog",
    "owl",
    "fox",
    "hen",
    "bee",
    "ant",
    "elk",
    "cow",
    "pig",
    "yak",
    "rat",
    "bat",
    "eel",
    "jay",
]
VERBS = ["eats", "sees", "hears", "finds", "likes"]

TRIO = {"joint": "joint_single", "specialists": {"embed": "emb_only", "rerank": "rank_only"}}
"""The arms that an interference gate compares, in tests."""

TRIO_GATE = (
    "{kind: interference, joint: joint_single, specialists: {embed: emb_only, rerank: rank_only}}"
)
"""Such a gate as a study file says it."""


def write_beir(folder: Path, offset: int, splits: tuple[str, ...] = ("train", "test")) -> Path:
    """Write a BEIR folder whose queries share words with their one relevant document."""
    (folder / "qrels").mkdir(parents=True)
    pairs = [(a, v) for a in ANIMALS for v in VERBS][offset:]
    corpus = [
        {"_id": f"d{n}", "title": f"the {a}", "text": f"a {a} {v} bread near the {v} tree"}
        for n, (a, v) in enumerate(pairs)
    ]
    queries = [{"_id": f"q{n}", "text": f"what {v} the {a}"} for n, (a, v) in enumerate(pairs)]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    for position, split in enumerate(splits):
        lines = [f"q{n}\td{n}\t1" for n in range(len(pairs)) if n % len(splits) == position]
        text = "query-id\tcorpus-id\tscore\n" + "\n".join(lines) + "\n"
        (folder / "qrels" / f"{split}.tsv").write_text(text, encoding="utf-8")
    return folder


def study_values(backbone: Path) -> dict[str, Any]:
    """Return the values of a joint-training study that runs in seconds."""
    return {
        "study": "tiny",
        "question": "Do two tasks disturb each other?",
        "seeds": [1, 2],
        "defaults": {
            "model": {
                "backbone": str(backbone),
                "adapter": {"kind": "lora", "rank": 2},
                "scoring": {"kind": "mlp", "hidden": 8},
                "lengths": {"query": 8, "passage": 24, "pair": 40},
            },
            "tasks": {
                "embed": {
                    "kind": "retrieval",
                    "data": ["left"],
                    "negatives": {"kind": "bm25", "count": 2, "ranks": [2, 10]},
                    "batch_size": 4,
                },
                "rerank": {
                    "kind": "relevance",
                    "data": ["left"],
                    "negatives": {"kind": "bm25", "count": 2, "ranks": [2, 10]},
                    "batch_size": 8,
                },
            },
            "training": {
                "max_steps": 4,
                "accumulation": 2,
                "precision": "fp32",
                "token_budget": 512,
                "checkpoint_every": 2,
                "learning_rate": 1e-2,
            },
            "monitors": [{"kind": "gradient_conflict", "every": 2}],
        },
        "arms": {
            "emb_only": {"tasks": ["embed"]},
            "rank_only": {"tasks": ["rerank"]},
            "joint_single": {"tasks": ["embed", "rerank"], "schedule": {"kind": "alternating"}},
        },
        "evaluation": {
            "datasets": ["left", "right"],
            "tasks": {
                "embed": {"kind": "retrieval", "depth": 20},
                "rerank": {"kind": "reranking", "depth": 5},
            },
        },
        "tiers": {"quick": {"seeds": [1], "set": {"training.max_steps": 2}}},
        "gate": {"kind": "interference", **TRIO},
    }
