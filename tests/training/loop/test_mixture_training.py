"""A mixture's training goes on after a stop with the bits of one without."""

from __future__ import annotations

from pathlib import Path

from training_toys import make_config, make_tasks

from gonogo.core.progress import Silent
from gonogo.models.build.build import build_model
from gonogo.spec.model.mixture import Expert, MixtureAdapter, SparsegenRouting
from gonogo.spec.model.model import TextModel
from gonogo.training.loop.trainer import train


def run(backbone: Path, folder: Path, stop_after: int | None = None) -> None:
    experts = tuple(Expert(name=name, rank=2) for name in ("embed", "rerank", "shared"))
    router = SparsegenRouting(balance="bias", most=2)
    adapter = MixtureAdapter(experts=experts, router=router, frozen=("shared",))
    spec = TextModel(backbone=str(backbone), adapter=adapter)
    model = build_model(spec, 1)
    config = make_config(epochs=1).model_copy(update={"model": spec})
    asked = iter(range(10**6))

    def should_stop() -> bool:
        return stop_after is not None and next(asked) == stop_after

    ended = train(
        config, 1, model, make_tasks(model), folder, progress=Silent(), should_stop=should_stop
    )
    assert ended.abort_reason is None


def test_stopped_and_resumed_equals_uninterrupted(
    tiny_encoder_folder: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(tiny_encoder_folder, whole)
    run(tiny_encoder_folder, parts, stop_after=2)
    assert not (parts / "checkpoints/final").exists()
    run(tiny_encoder_folder, parts)
    for name in ("mixture.safetensors", "heads.safetensors"):
        files = [folder / "checkpoints/final" / name for folder in (whole, parts)]
        assert files[0].read_bytes() == files[1].read_bytes()
