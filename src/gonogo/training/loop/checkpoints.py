"""Checkpoints: written whole or not at all, in safetensors and JSON, never pickle.

There is no generator state in them: all randomness is a function of the seed and the step.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gonogo.core.errors import UserError
from gonogo.core.files import atomic_folder, write_json
from gonogo.core.records import read_record
from gonogo.training.loop.states import FinalState, RunState, SavedState, Whole

Tensors = Mapping[str, Tensor]

STATE = "state.json"
_STEP = re.compile(r"step_(\d{6,})")


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint: tensors by file and name, and the rest as JSON."""

    tensors: Mapping[str, Tensors]
    state: RunState


class Checkpoints:
    """The checkpoints of one trial; those of another configuration are never used.

    Args:
        folder: the trial's ``checkpoints`` folder.
        fingerprint: of everything that can change the weights.
        keep: how many to keep, the newest; None keeps all.
    """

    def __init__(self, folder: Path, fingerprint: str, keep: int | None = 2) -> None:
        self.folder, self.fingerprint, self._keep = folder, fingerprint, keep

    def tidy(self) -> None:
        """Remove what a crash left half-written, and the verdict of an earlier attempt."""
        for rest in self.folder.glob(".*.tmp"):
            shutil.rmtree(rest, ignore_errors=True)
        shutil.rmtree(self.folder / "abort", ignore_errors=True)

    def save(self, checkpoint: Checkpoint) -> None:
        """Write ``step_<step>``; remove other configurations' and the oldest of this one."""
        path = self.folder / f"step_{checkpoint.state.step:06d}"
        with atomic_folder(path) as folder:
            for name, tensors in checkpoint.tensors.items():
                plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
                save_file(plain, folder / f"{name}.safetensors")
            files = {"files": sorted(checkpoint.tensors)}
            self._write_state(folder, {**checkpoint.state.model_dump(), **files})
        kept = [path, *(other for other in self._newest_first() if other != path)][: self._keep]
        for other in self.folder.glob("step_*"):
            if other not in kept:
                shutil.rmtree(other)

    def latest(self) -> Checkpoint | None:
        """Return the newest checkpoint that is whole and of this configuration."""
        for path in self._newest_first():
            with suppress(SafetensorError, OSError, UserError):
                state = read_record(path / STATE, SavedState)
                files = {name: load_file(path / f"{name}.safetensors") for name in state.files}
                return Checkpoint(files, state)
        return None

    def finish(
        self, name: str, save_model: Callable[[Path], None], state: Mapping[str, Any]
    ) -> None:
        """Write ``final`` or ``abort``: the model in its own format, and how it came about."""
        with atomic_folder(self.folder / name) as folder:
            save_model(folder)
            self._write_state(folder, state)

    def finished(self) -> FinalState | None:
        """Return the state of ``final``, if this configuration was trained to its end.

        Raises:
            UserError: if it says so, and its state is of another shape all the same.
        """
        place = self.folder / "final"
        hint = "move the folder away, and the trial is trained again"
        return read_record(place / STATE, FinalState, hint=hint) if self._is_mine(place) else None

    def _newest_first(self) -> Iterator[Path]:
        """Yield this configuration's checkpoints; an unreadable one counts as another's."""
        found = [path for path in self.folder.glob("step_*") if _STEP.fullmatch(path.name)]
        for path in sorted(found, key=lambda path: int(path.name[5:]), reverse=True):
            if self._is_mine(path):
                yield path

    def _write_state(self, folder: Path, state: Mapping[str, Any]) -> None:
        whole = {"complete": True, "fingerprint": self.fingerprint, **state}
        write_json(folder / STATE, whole)

    def _is_mine(self, path: Path) -> bool:
        """Say whether a checkpoint is whole and of this configuration."""
        with suppress(UserError):
            return read_record(path / STATE, Whole).fingerprint == self.fingerprint
        return False


def split_memory(memories: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Tensor], Any]:
    """Part the state of tasks or monitors into tensors (``owner/key``) and JSON values."""
    tensors = {
        f"{owner}/{key}": value
        for owner, memory in memories.items()
        for key, value in memory.items()
        if isinstance(value, Tensor)
    }
    plain = {
        owner: {key: value for key, value in memory.items() if not isinstance(value, Tensor)}
        for owner, memory in memories.items()
    }
    return tensors, plain


def join_memory(tensors: Tensors, plain: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Put together again what :func:`split_memory` parted."""
    joined: dict[str, Any] = {owner: dict(memory) for owner, memory in plain.items()}
    for name, tensor in tensors.items():
        owner, _, key = name.partition("/")
        joined[owner][key] = tensor
    return joined


@torch.no_grad()
def load_weights(trainable: Mapping[str, Tensor], tensors: Tensors) -> None:
    """Copy saved weights into the parameters of the same names.

    Raises:
        UserError: if the names differ: the checkpoint belongs to another model.
    """
    if trainable.keys() != tensors.keys():
        raise UserError(
            f"the checkpoint holds {len(tensors)} parameters, the model trains {len(trainable)}",
            hint="start anew with `force`",
        )
    for name, parameter in trainable.items():
        parameter.copy_(tensors[name])
