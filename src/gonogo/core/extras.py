"""What comes with ``pip install gonogo`` alone, and what the rest needs.

The verdict needs neither torch nor a model. Whatever does says so before anything is read, in one
line with the command that installs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Literal, get_args

from gonogo.core.errors import UserError

Extra = Literal["train", "hub", "ann", "trackers", "ray"]

EXTRAS: Mapping[Extra, Mapping[str, str]] = {
    "train": {
        "torch": "torch",
        "transformers": "transformers",
        "tokenizers": "tokenizers",
        "safetensors": "safetensors",
        "peft": "peft",
        "accelerate": "accelerate",
        "bm25s": "bm25s",
        "PyStemmer": "Stemmer",
        "gguf": "gguf",
        "huggingface-hub": "huggingface_hub",
        "pyarrow": "pyarrow",
    },
    "hub": {"datasets": "datasets", "ir-datasets": "ir_datasets"},
    "ann": {"usearch": "usearch"},
    "trackers": {"tensorboard": "tensorboard"},
    "ray": {"ray": "ray"},
}
"""Of each extra, the packages that it brings and the module that shows that one is there."""


class MissingExtraError(UserError):
    """Something that only an extra brings is not installed."""


def is_installed(module: str) -> bool:
    """Tell whether a module could be imported, without importing it.

    A folder of that name that happens to lie in the working folder is none.
    """
    if module in sys.modules:
        return sys.modules[module] is not None
    found = find_spec(module)
    return found is not None and found.origin is not None


def missing(extra: Extra) -> list[str]:
    """Return the packages of an extra that are not installed."""
    return [name for name, module in EXTRAS[extra].items() if not is_installed(module)]


def install_command(*extras: Extra) -> str:
    """Return what a user types to install them."""
    return f"pip install 'gonogo[{','.join(sorted(extras, key=get_args(Extra).index))}]'"


def require(
    extra: Extra,
    what: str,
    *,
    packages: Iterable[str] | None = None,
    place: str | None = None,
    otherwise: str | None = None,
) -> None:
    """Go on if an extra is installed.

    Args:
        extra: which one.
        what: the verb, or the component of a study, that needs it.
        packages: those of its packages that are needed; all if not given.
        place: the key of the study file that asks for it.
        otherwise: the way out for those who do not want to install it.

    Raises:
        MissingExtraError: if a package of it is not installed; it names the command that installs.
    """
    absent = missing(extra)
    if packages is not None:
        absent = [name for name in packages if name in absent]
    if absent:
        raise MissingExtraError(
            f"{what} needs what is not installed: {_listed(absent)}",
            place=place,
            hint=", or ".join(part for part in (install_command(extra), otherwise) if part),
        )


def _listed(names: list[str]) -> str:
    """Return names as a sentence holds them; many are told by the first of them."""
    if len(names) > 3:
        return f"{names[0]} and {len(names) - 1} more packages"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
