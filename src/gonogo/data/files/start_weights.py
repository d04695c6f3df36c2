"""The saved model that another one starts from: a folder of its own, or a trial's best weights."""

from __future__ import annotations

from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint
from gonogo.data.files.places import find_folder
from gonogo.data.weights.weights import file_hash

_MODEL = "model.json"  # what every saved model has
_CHECKPOINTS = ("best", "final")


def find_start(name: str, seed: int, *, beside: Path | None = None) -> Path:
    """Return the folder of the saved model that a study starts from.

    Args:
        name: a saved model; a trial, of which the best weights are taken, and the final ones where
            it kept no best; or an arm of a finished study (``.../trials/gru``), of which each seed
            takes its own. Looked up like a data folder.
        seed: of the trial that starts from it.
        beside: the folder of the study file.

    Raises:
        UserError: if there is no such folder, or no weights in it yet.
    """
    folder = find_folder(name, beside=beside)
    if (folder / _MODEL).is_file():
        return folder
    trial = folder if (folder / "trial.yaml").is_file() else folder / f"seed_{seed}"
    for checkpoint in _CHECKPOINTS:
        if (trial / "checkpoints" / checkpoint / _MODEL).is_file():
            return trial / "checkpoints" / checkpoint
    known = sorted(each.name for each in folder.glob("seed_*"))
    raise UserError(
        f"no saved model, no trial with a best or final checkpoint, and no arm with seed {seed}",
        file=folder,
        hint=f"found {', '.join(known)}" if known else "train it first",
    )


def start_digest(folder: Path) -> str:
    """Return a hash of a saved model: what it is made of, and every weight."""
    files = [folder / _MODEL, *sorted(folder.glob("*.safetensors"))]
    return fingerprint({file.name: file_hash(file) for file in files})
