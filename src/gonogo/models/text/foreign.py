"""Models that others trained, read from a sentence-transformers folder into our protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import assert_never

import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision, Side, Similarity
from gonogo.data.weights.sentence_layout import (
    Activation,
    Dense,
    Normalize,
    PoolingMode,
    SentenceLayout,
    Stage,
    read_layout,
)
from gonogo.data.weights.weights import WeightSource
from gonogo.models.backbone.backbones import Backbone, load_backbone
from gonogo.models.backbone.packed_encoder import is_packable, packed
from gonogo.models.parts.devices import DTYPES, autocast
from gonogo.models.parts.pooling import Pooling, pad_right
from gonogo.models.parts.tokenization import TextTokenizer

_FLAT: dict[PoolingMode, Pooling] = {
    "mean": "mean",
    "cls": "first_token",
    "lasttoken": "last_token",
}
_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "Identity": nn.Identity,
    "Tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
}


class ForeignEncoder(nn.Module):
    """A transformer, a pooling and the stages behind it; texts to embeddings.

    Args:
        backbone: token vectors.
        tokenizer: of the same folder.
        layout: everything else that the folder says.
        stages: the layers of ``layout.stages``, in order.
        dimension: width of the embeddings.
    """

    def __init__(
        self,
        backbone: Backbone,
        tokenizer: TextTokenizer,
        layout: SentenceLayout,
        stages: nn.Sequential,
        dimension: int,
    ) -> None:
        super().__init__()
        self.backbone, self.stages, self.dimension = backbone, stages, dimension
        self.similarity: Similarity = layout.similarity
        self.pad_id = tokenizer.pad_id
        self._tokenizer, self._layout = tokenizer, layout
        self._longest = min(layout.longest or backbone.longest_input, backbone.longest_input)

    def tokenize(self, texts: Sequence[str], side: Side) -> list[list[int]]:
        """Return ids with prompt and control tokens, cut to length, without padding."""
        layout, frame = self._layout, self._tokenizer.single
        prompt = layout.query_prompt if side == "query" else layout.passage_prompt
        texts = [prompt + text for text in texts]
        if layout.lower_case:
            texts = [text.lower() for text in texts]
        room = self._longest - len(frame.before) - len(frame.after)
        encoded = self._tokenizer.encode(texts)
        return [[*frame.before, *ids[:room], *frame.after] for ids in encoded]

    def forward(
        self, input_ids: Int[Tensor, "n t"], attention_mask: Int[Tensor, "n t"]
    ) -> Float[Tensor, "n d"]:
        """Return fp32 embeddings; padding may stand on either side."""
        input_ids, attention_mask = pad_right(input_ids, attention_mask)
        hidden = self.backbone(input_ids, attention_mask)
        with torch.autocast(hidden.device.type, enabled=False):
            parts = [pool_tokens(hidden, attention_mask, mode) for mode in self._layout.pooling]
            embedded: Tensor = self.stages(torch.cat(parts, dim=-1))
        return embedded

    def on_rows(self) -> Callable[[list[list[int]]], Float[Tensor, "n d"]] | None:
        """Return `forward` for rows of ids without padding, for inference, where it is faster."""
        encoder, modes = packed(self.backbone), self._layout.pooling
        pooling = _FLAT.get(modes[0]) if len(modes) == 1 else None
        if encoder is None or pooling is None:
            return None

        def embed(rows: list[list[int]]) -> Float[Tensor, "n d"]:
            embedded: Tensor = self.stages(encoder.pooled(rows, pooling))
            return embedded

        return embed

    def has_rows(self) -> bool:
        """Tell whether there is a faster form, without making it."""
        modes = self._layout.pooling
        return len(modes) == 1 and modes[0] in _FLAT and is_packable(self.backbone)


class ForeignModel(nn.Module):
    """What encoding needs around a `ForeignEncoder`.

    Args:
        spec: what the folder says of itself.
        bi_encoder: texts to embeddings.
        device: where it computes.
        precision: the number format of its matrix products.
    """

    def __init__(
        self,
        spec: SentenceLayout,
        bi_encoder: ForeignEncoder,
        *,
        device: Device,
        precision: Precision,
    ) -> None:
        super().__init__()
        self.spec, self.bi_encoder = spec, bi_encoder
        self.device: Device = device
        self.precision: Precision = precision
        self.to(device)
        self.eval()

    def autocast(self) -> AbstractContextManager[object]:
        """Return the context that a forward pass runs in."""
        return autocast(self.device, self.precision)


def load_sentence_model(
    source: WeightSource,
    *,
    device: Device = "cpu",
    precision: Precision = "fp32",
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
) -> ForeignModel:
    """Load a sentence-transformers folder; only safetensors are opened, and no code is run.

    Args:
        source: the folder that holds ``modules.json``.
        device: where it computes.
        precision: of matrix products.
        query_prompt: stands before every query, in place of what the folder says.
        passage_prompt: stands before every document, likewise.

    Raises:
        UserError: when the folder cannot be read, or its stages do not fit one another.
    """
    layout = read_layout(source.path)
    given = {"query_prompt": query_prompt, "passage_prompt": passage_prompt}
    layout = layout.model_copy(update={k: text for k, text in given.items() if text is not None})
    inner = WeightSource(source.backbone, source.origin, source.path / layout.transformer)
    with torch.random.fork_rng(devices=[]):
        backbone, folder = load_backbone(inner, inner.kind, DTYPES[precision])
        pooled = backbone.dimension * len(layout.pooling)
        stages, dimension = _stages(layout.stages, source.path, pooled)
    encoder = ForeignEncoder(backbone, TextTokenizer(folder), layout, stages, dimension)
    return ForeignModel(layout, encoder, device=device, precision=precision)


def pool_tokens(
    hidden: Float[Tensor, "n t d"], attention_mask: Int[Tensor, "n t"], mode: PoolingMode
) -> Float[Tensor, "n d"]:
    """Return one fp32 vector a row of right-padded token vectors, as sentence-transformers does."""
    match mode:
        case "cls":
            return hidden[:, 0].float()
        case "lasttoken":
            last = attention_mask.sum(1) - 1
            return hidden[torch.arange(len(hidden), device=hidden.device), last].float()
        case "max":
            hidden = hidden.float().masked_fill(attention_mask[..., None] == 0, float("-inf"))
            return hidden.amax(dim=1)
        case "mean" | "mean_sqrt_len_tokens" | "weightedmean":
            weights = attention_mask.float()
            if mode == "weightedmean":  # later tokens have seen more (Muennighoff 2022, SGPT)
                weights = weights * torch.arange(1, hidden.shape[1] + 1, device=hidden.device)
            total = weights.sum(1, keepdim=True)
            summed = (hidden.float() * weights[..., None]).sum(1)
            return summed / (total.sqrt() if mode == "mean_sqrt_len_tokens" else total)
        case _:
            assert_never(mode)


class _UnitLength(nn.Module):
    def forward(self, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        return nn.functional.normalize(vectors, dim=-1)


class _DenseLayer(nn.Module):
    def __init__(self, spec: Dense) -> None:
        super().__init__()
        self.linear = nn.Linear(spec.inputs, spec.outputs, bias=spec.bias)
        self.activation = _ACTIVATIONS[spec.activation]()
        self.residual: nn.Module | None = None
        if spec.residual:
            same = spec.inputs == spec.outputs
            self.residual = (
                nn.Identity() if same else nn.Linear(spec.inputs, spec.outputs, bias=False)
            )

    def forward(self, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        out: Tensor = self.activation(self.linear(vectors))
        return out if self.residual is None else out + self.residual(vectors)


def _stages(stages: Sequence[Stage], folder: Path, width: int) -> tuple[nn.Sequential, int]:
    """Build the layers behind the pooling; return them and the width of what they give."""
    layers: list[nn.Module] = []
    for stage in stages:
        match stage:
            case Normalize():
                layers.append(_UnitLength())
            case Dense():
                if stage.inputs != width:
                    raise UserError(
                        f"reads {stage.inputs} numbers, but gets {width}",
                        file=folder / stage.folder,
                    )
                layers.append(_load_dense(stage, folder / stage.folder))
                width = stage.outputs
            case _:
                assert_never(stage)
    return nn.Sequential(*layers), width


def _load_dense(spec: Dense, folder: Path) -> _DenseLayer:
    file = folder / "model.safetensors"
    if not file.is_file():
        raise UserError(
            "no model.safetensors",
            file=folder,
            hint="other formats can run code when opened; save the model anew",
        )
    layer = _DenseLayer(spec)
    try:
        layer.load_state_dict(load_file(file))
    except RuntimeError as error:
        raise UserError(f"does not fit its config.json: {error}", file=file) from error
    return layer
