"""A study whose weights only have to exist: enough for plans and fingerprints, without torch."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from study_values import study_values, write_beir


def write_weights(folder: Path) -> Path:
    """Write a folder in the layout of transformers that nothing could load."""
    folder.mkdir()
    config = {"architectures": ["BertForMaskedLM"]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"fixed")
    return folder


def write_tiny_study(folder: Path) -> Path:
    """Write the tiny study beside its data; return its file."""
    write_beir(folder / "left", 0)
    write_beir(folder / "right", 20)
    path = folder / "tiny.yaml"
    values = study_values(write_weights(folder / "weights"))
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path
