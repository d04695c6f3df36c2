"""A sentence-transformers folder as a typed description; their package is never imported.

``modules.json`` names the stages behind the transformer: pooling, dense layers, normalisation.
Both layouts are read: that of versions 2 to 5, with a flag for each pooling mode, and that of 6.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast, get_args

from gonogo.core.errors import UserError, nearest
from gonogo.core.files import read_json
from gonogo.core.types import Similarity
from gonogo.spec.base import Spec

PoolingMode = Literal["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
Activation = Literal["Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid"]

MODULES_FILE = "modules.json"

# The order in which sentence-transformers joins several modes.
_FLAGS: dict[str, PoolingMode] = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_UNBOUNDED = 1_000_000  # tokenizers without a limit write 1e30


class Dense(Spec):
    """A linear layer behind the pooling, with an activation."""

    folder: str
    """Relative to the model's folder; it holds ``model.safetensors``."""
    inputs: int
    outputs: int
    bias: bool
    activation: Activation
    residual: bool = False
    """Its input is added to its output, through a second linear layer where the widths differ."""


class Normalize(Spec):
    """Vectors are brought to length 1."""


Stage = Dense | Normalize


class SentenceLayout(Spec):
    """What a sentence-transformers folder says of itself."""

    transformer: str
    """Folder of the transformer, relative to the model's folder."""
    pooling: tuple[PoolingMode, ...]
    """Several modes are joined end to end."""
    stages: tuple[Stage, ...]
    """Behind the pooling, in order."""
    longest: int | None
    """Tokens of an input, control tokens included; None: as many as the transformer can read."""
    lower_case: bool
    """Texts are brought to lower case first."""
    similarity: Similarity
    query_prompt: str
    """Stands before every query."""
    passage_prompt: str
    """Stands before every document."""


def read_layout(folder: Path) -> SentenceLayout:
    """Read the description of a model.

    Raises:
        UserError: for a missing or broken file, or a stage or similarity that is not known here.
    """
    modules = _list(folder / MODULES_FILE)
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"]:
        raise UserError(
            f"starts with {' and '.join(kinds[:2])}",
            file=folder / MODULES_FILE,
            hint="only a Transformer followed by Pooling can be read",
        )
    transformer = str(modules[0]["path"])
    own = _optional(folder / transformer / "sentence_bert_config.json")
    whole = _optional(folder / "config_sentence_transformers.json")
    prompts = {key: text or "" for key, text in (whole.get("prompts") or {}).items()}
    usual = prompts.get(whole.get("default_prompt_name") or "", "")
    query = prompts.get("query", usual)
    passage = next((prompts[n] for n in ("document", "passage", "corpus") if n in prompts), usual)
    pooling = folder / str(modules[1]["path"]) / "config.json"
    return SentenceLayout(
        transformer=transformer,
        pooling=_pooling(pooling, prompted=bool(query or passage)),
        stages=tuple(
            stage
            for kind, module in zip(kinds[2:], modules[2:], strict=True)
            if (stage := _stage(folder, kind, str(module["path"]))) is not None
        ),
        longest=_longest(folder / transformer, own),
        lower_case=bool(own.get("do_lower_case", False)),
        similarity=_similarity(whole, folder),
        query_prompt=query,
        passage_prompt=passage,
    )


def _list(path: Path) -> list[dict[str, Any]]:
    modules = read_json(path)
    good = isinstance(modules, list) and all(
        isinstance(one, dict) and {"type", "path"} <= one.keys() for one in modules
    )
    if not good:
        raise UserError("expected a list of modules with type and path", file=path)
    return cast(list[dict[str, Any]], modules)


def _optional(path: Path) -> dict[str, Any]:
    return dict(read_json(path)) if path.is_file() else {}


def _pooling(path: Path, *, prompted: bool) -> tuple[PoolingMode, ...]:
    config = dict(read_json(path))
    if prompted and not config.get("include_prompt", True):
        raise UserError("include_prompt false beside a prompt is not supported", file=path)
    flagged = [mode for flag, mode in _FLAGS.items() if config.get(flag)]
    named = config.get("pooling_mode") or flagged or ["mean"]
    modes = [named] if isinstance(named, str) else list(named)
    known = get_args(PoolingMode)
    for mode in modes:
        if mode not in known:
            raise UserError(f"no pooling {mode!r}", file=path, hint=nearest(str(mode), known))
    return tuple(cast(list[PoolingMode], modes))


def _stage(folder: Path, kind: str, path: str) -> Stage | None:
    """Return a stage; None for one that does nothing outside training."""
    match kind:
        case "Normalize":
            return Normalize()
        case "Dropout":
            return None
        case "Dense":
            return _dense(folder, path)
        case _:
            raise UserError(
                f"the stage {kind!r} is not known here",
                file=folder / MODULES_FILE,
                hint="known: Dense, Normalize, Dropout",
            )


def _dense(folder: Path, path: str) -> Dense:
    file = folder / path / "config.json"
    config = dict(read_json(file))
    activation = str(config.get("activation_function", "Tanh")).rsplit(".", 1)[-1]
    if activation not in get_args(Activation):
        hint = nearest(activation, get_args(Activation))
        raise UserError(f"no activation {activation!r}", file=file, hint=hint)
    try:
        return Dense(
            folder=path,
            inputs=config["in_features"],
            outputs=config["out_features"],
            bias=config.get("bias", True),
            activation=cast(Activation, activation),
            residual=config.get("use_residual", False),
        )
    except KeyError as error:
        raise UserError(f"no key {error}", file=file) from error


def _longest(transformer: Path, own: dict[str, Any]) -> int | None:
    """Return the limit that loading with sentence-transformers would set."""
    limit = own.get("max_seq_length")
    limit = limit or _optional(transformer / "tokenizer_config.json").get("model_max_length")
    return int(limit) if limit and limit < _UNBOUNDED else None


def _similarity(whole: dict[str, Any], folder: Path) -> Similarity:
    """Return the similarity that belongs to the model; older folders name none and mean cosine."""
    name = whole.get("similarity_fn_name") or "cosine"
    if name not in get_args(Similarity):
        raise UserError(
            f"no similarity {name!r}",
            file=folder / "config_sentence_transformers.json",
            hint=nearest(str(name), get_args(Similarity)),
        )
    return cast(Similarity, name)
