"""sentence-transformers folders written by hand, so that tests need not have the package."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def sentence_folder(
    target: Path,
    transformer: Path,
    *stages: str,
    pooling: dict[str, Any] | None = None,
    dense: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    longest: int | None = None,
    lower_case: bool = False,
) -> Path:
    """Write a model as sentence-transformers up to version 5 lays it out.

    ``stages`` are the kinds behind the pooling, such as ``Dense`` and ``Normalize``; the width of
    the transformer is 32.
    """
    shutil.copytree(transformer, target)
    kinds = ["Transformer", "Pooling", *stages]
    modules = [
        {
            "idx": place,
            "name": str(place),
            "path": "" if place == 0 else f"{place}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for place, kind in enumerate(kinds)
    ]
    write(target / "modules.json", modules)
    mode = pooling or {"pooling_mode_mean_tokens": True}
    write(target / "1_Pooling" / "config.json", {"word_embedding_dimension": 32, **mode})
    own: dict[str, Any] = {"do_lower_case": lower_case}
    if longest:
        own["max_seq_length"] = longest
    write(target / "sentence_bert_config.json", own)
    if settings is not None:
        write(target / "config_sentence_transformers.json", settings)
    for place, kind in enumerate(kinds):
        if kind == "Dense":
            _write_dense(target / f"{place}_Dense", dense or {})
    return target


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _write_dense(folder: Path, changes: dict[str, Any]) -> None:
    import torch
    from safetensors.torch import save_file

    config = {
        "in_features": 32,
        "out_features": 8,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
        **changes,
    }
    write(folder / "config.json", config)
    random = torch.Generator().manual_seed(5)
    shape = config["out_features"], config["in_features"]
    weights = {"linear.weight": torch.randn(*shape, generator=random) / 6}
    if config["bias"]:
        weights["linear.bias"] = torch.randn(shape[0], generator=random)
    if config.get("use_residual") and shape[0] != shape[1]:
        weights["residual.weight"] = torch.randn(*shape, generator=random) / 6
    save_file(weights, folder / "model.safetensors")
