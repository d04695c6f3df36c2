"""A query tower that somebody else trained, and the pairs and bank that it is examined on."""

from __future__ import annotations

from pathlib import Path

from gonogo.core.errors import UserError
from gonogo.core.types import Device
from gonogo.data.next_vector.bank import find_bank
from gonogo.data.next_vector.given_pairs import open_given_pairs
from gonogo.models.build.build import load_model
from gonogo.models.next_vector.plain_tower import load_plain_tower
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.data.vector_data import PairsData
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.next_vector.postmortem import PostmortemSpec
from gonogo.study.next_vector.postmortem import Examined

_NOTHING_MINED = "0-1:none"


def open_given_tower(
    checkpoint: Path,
    pairs: Path,
    bank: Path,
    *,
    device: Device = "cpu",
    settings: PostmortemSpec | None = None,
) -> Examined:
    """Open a tower with pairs and bank, whoever made them.

    Args:
        checkpoint: safetensors or a state dict of the plain tower; or a folder that gonogo saved.
        pairs: ``.npz`` with contexts, targets and ids, or a folder of ``gonogo data pairs``.
        bank: a folder, or a file of vectors.
        device: where the tower computes, in fp32.
        settings: what the findings are compared with; the bounds of a study, or by default those
            without words for the margin.

    Raises:
        UserError: for what cannot be read, does not fit, or leaves no pair to ask.
    """
    data = open_given_pairs(pairs, find_bank(str(bank)))
    if not len(data.validation):
        raise UserError("no validation pairs", file=pairs)
    model = _tower(checkpoint, device)
    model.check_width(data.bank.dimension, data.bank.path)
    return Examined(
        name=checkpoint.name,
        place=checkpoint,
        checkpoint=None,
        step=None,
        model=model,
        spec=NextVectorTask(data=PairsData(folder=str(pairs)), curriculum=_NOTHING_MINED),
        settings=settings or PostmortemSpec(),
        data=data,
        history=[],
    )


def _tower(checkpoint: Path, device: Device) -> QueryTower:
    if not checkpoint.is_dir():
        return load_plain_tower(checkpoint, device=device, precision="fp32")
    model = load_model(checkpoint, device=device, precision="fp32")
    if not isinstance(model, QueryTower):
        raise UserError("its model is no query tower", file=checkpoint)
    return model
