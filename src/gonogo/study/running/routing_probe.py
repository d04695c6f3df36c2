"""How a trained mixture routes the texts of each data set that it is scored on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from gonogo.analysis.records.routing import Routing, RoutingFile, routing_from
from gonogo.core.files import write_json
from gonogo.evaluation.protocols import Setting
from gonogo.evaluation.text.routing import has_routers, routed
from gonogo.models.text.retrieval_model import RetrievalModel


def write_routing(
    path: Path, model: RetrievalModel, setting: Setting, *, arm: str, seed: int | None
) -> None:
    """Write ``routing.json`` where the model has routers; nothing for others and reference rows."""
    if seed is not None and has_routers(model):
        found = RoutingFile(routing=tuple(_routing(model, setting, arm, seed)))
        write_json(path, found.model_dump(mode="json"))


def _routing(model: RetrievalModel, setting: Setting, arm: str, seed: int) -> Iterator[Routing]:
    asked = [part for part in setting.spec.parts if part[1].reads is not None]
    for data, parts in groupby(asked, key=lambda part: part[2]):  # loaded once for all its tasks
        dataset = setting.dataset(data)
        for task, protocol, _ in parts:
            figures, texts = routed(model, dataset, pairs=protocol.reads == "pairs")
            if figures:
                yield routing_from(
                    [figures], arm=arm, seed=seed, task=task, dataset=data.name, texts=texts
                )
