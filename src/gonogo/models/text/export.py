"""A trained embedder as a folder that sentence-transformers opens, weights included.

What lies behind the pooling becomes dense layers, exactly: a head says itself which they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from gonogo.core.errors import UserError
from gonogo.core.files import atomic_folder, write_json
from gonogo.models.backbone.backbones import quiet
from gonogo.models.heads.projection import Projection
from gonogo.models.text.retrieval_model import RetrievalModel

_MODULES = "sentence_transformers.models"


def export_model(model: RetrievalModel, folder: Path) -> None:
    """Write a folder that both gonogo and sentence-transformers load.

    It holds gonogo's own files, and beside them the backbone and the layers behind it in the other
    layout. Texts are cut where passages are.

    Raises:
        UserError: for a decoder or an adapter, which the layout has no place for, or a folder that
            is there already.
    """
    if folder.exists():
        raise UserError("is there already", file=folder, hint="name another folder")
    _check(model)
    with atomic_folder(folder) as place:
        model.save(place)
        with quiet():
            model.backbone.transformer.save_pretrained(place)
        _write_layout(model, place)


def _check(model: RetrievalModel) -> None:
    if model.backbone.kind == "decoder":
        raise UserError(
            "a decoder's instruction and end token have no place in a sentence-transformers folder",
            place="model.backbone",
            hint="a trial's checkpoints/final is loaded by gonogo as it is",
        )
    if (refused := model.adapter.no_export()) is not None:
        why, way_out = refused
        raise UserError(why, place="model.adapter", hint=way_out)


def _write_layout(model: RetrievalModel, folder: Path) -> None:
    encoder = model.bi_encoder
    stages = ["Transformer", "Pooling", *_stages(encoder.projection, folder)]
    if encoder.similarity == "cosine":
        stages.append("Normalize")
    modules = [
        {
            "idx": number,
            "name": str(number),
            "path": "" if number == 0 else f"{number}_{kind}",
            "type": f"{_MODULES}.{kind}",
        }
        for number, kind in enumerate(stages)
    ]
    for module in modules[1:]:
        (folder / str(module["path"])).mkdir(exist_ok=True)
    write_json(folder / "modules.json", modules)
    longest = model.spec.lengths.passage
    write_json(
        folder / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False}
    )
    pooled = {
        "mean": "pooling_mode_mean_tokens",
        "last_token": "pooling_mode_lasttoken",
        "first_token": "pooling_mode_cls_token",
    }
    names = {"word_embedding_dimension": model.backbone.dimension}
    modes = {mode: name == encoder.pooling for name, mode in pooled.items()}
    write_json(folder / "1_Pooling" / "config.json", {**names, **modes})
    # Both sides call cosine, dot and euclidean by these names.
    similarity = {"similarity_fn_name": encoder.similarity}
    write_json(folder / "config_sentence_transformers.json", similarity)


def _stages(head: Projection | None, folder: Path) -> list[str]:
    """Write the layers of a head; return the kinds of all stages behind the pooling."""
    if head is None:
        return []
    kinds = ["Normalize"] if head.reads_unit else []
    for layer in head.dense():
        kinds.append("Dense")
        place = folder / f"{len(kinds) + 1}_Dense"
        place.mkdir()
        tensors = {"linear.weight": layer.weight, "linear.bias": layer.bias}
        save_file(
            {name: value.detach().cpu().float().contiguous() for name, value in tensors.items()},
            place / "model.safetensors",
        )
        outputs, inputs = layer.weight.shape
        config: dict[str, Any] = {
            "in_features": inputs,
            "out_features": outputs,
            "bias": True,
            "activation_function": f"torch.nn.modules.{layer.activation}",
        }
        write_json(place / "config.json", config)
    return kinds
