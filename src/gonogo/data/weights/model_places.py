"""What a model's name stands for: a trial, a model that we saved, or one that others trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint
from gonogo.data.weights.sentence_layout import MODULES_FILE
from gonogo.data.weights.weights import WeightSource, file_hash, locate

BM25 = "bm25"
_SAVED = "model.json"
_READ = ("*.safetensors", "*.json", "*.txt", "*.model")
_NOT_READ = {"state.json", "README.md"}


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """Where a model lies, and how it is to be read.

    Attributes:
        name: as it was asked for.
        kind: ``bm25``, ``saved`` (ours), ``sentence`` (a sentence-transformers folder), or
            ``backbone`` (weights without a description: pooled as gonogo pools untrained ones).
        source: its files; None for BM25, and for a saved model a folder.
    """

    name: str
    kind: Literal["bm25", "saved", "sentence", "backbone"]
    source: WeightSource | None = None

    @property
    def label(self) -> str:
        """Return the name used in tables: short, and the same wherever the folder lies."""
        if self.kind == "saved" and self.source is not None:
            parts = self.source.path.parts
            # trials/<arm>/seed_<n>/checkpoints/final
            if parts[-2:] == ("checkpoints", "final") and "trials" in parts:
                return "/".join(parts[parts.index("trials") + 1 : -2])
            return self.source.path.name
        return Path(self.name).name if Path(self.name).is_dir() else self.name

    @property
    def fingerprint(self) -> str:
        """Return a hash of everything that can change a vector of the model."""
        if self.source is None:
            return self.kind
        if self.kind == "backbone":
            return fingerprint([self.kind, {f.name: file_hash(f) for f in self.source.files}])
        folder = self.source.path
        files = {file for pattern in _READ for file in folder.rglob(pattern)}
        hashes = {
            str(file.relative_to(folder)): file_hash(file)
            for file in sorted(files)
            if file.name not in _NOT_READ
        }
        return fingerprint([self.kind, hashes])


def find_model(name: str, *, download: bool = True) -> ModelPlace:
    """Find what ``name`` stands for.

    Args:
        name: ``bm25``, a trial's folder, a saved model's folder, a sentence-transformers folder,
            a packaged name such as ``minilm``, or a hub id, ``owner/name[@revision]``.
        download: fetch from the hub what is not in its cache yet.

    Raises:
        UserError: when it is none of these, or its weights are not to be had.
    """
    if name == BM25:
        return ModelPlace(name, "bm25")
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return _local(name, folder.resolve())
    source = locate(name, download=download)
    described = not source.is_gguf and (source.path / MODULES_FILE).is_file()
    return ModelPlace(name, "sentence" if described else "backbone", source)


def _local(name: str, folder: Path) -> ModelPlace:
    for place in (folder, folder / "checkpoints" / "final"):
        if (place / _SAVED).is_file():
            return ModelPlace(name, "saved", WeightSource(name, "folder", place))
    if (folder / "trial.yaml").is_file():
        raise UserError(
            "this trial has no finished checkpoint yet", file=folder, hint="finish it: gonogo run"
        )
    if (folder / MODULES_FILE).is_file():
        return ModelPlace(name, "sentence", WeightSource(name, "folder", folder))
    return ModelPlace(name, "backbone", locate(name))
