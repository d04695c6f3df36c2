"""gonogo doctor: what this machine has."""

from __future__ import annotations

import shutil
from pathlib import Path

from gonogo.cli.shared.echo import echo


def doctor() -> None:
    """Show packages, extras too, devices, packaged weights, cache, disk: what is missing."""
    from gonogo.study.folder.environment import describe_environment

    facts = describe_environment()
    facts.pop("command")
    facts |= _extras() | _devices() | _weights() | _disk()
    width = max(map(len, facts))
    for name, value in facts.items():
        echo(f"{name:{width}}  {value}")


def _extras() -> dict[str, str]:
    from gonogo.core.extras import EXTRAS, install_command, missing

    return {
        f"extra {extra}": f"missing {', '.join(absent)}: {install_command(extra)}"
        if (absent := missing(extra))
        else "installed"
        for extra in EXTRAS
    }


def _devices() -> dict[str, str]:
    from gonogo.core.extras import missing

    if missing("train"):
        return {"device": "none that trains; verdicts need none"}
    import torch

    from gonogo.models.parts.devices import resolve_device, resolve_precision

    device = resolve_device("auto")
    names = {"cpu": f"{torch.get_num_threads()} threads"}
    if device == "cuda":
        names["cuda"] = torch.cuda.get_device_name()
    return {
        "device": f"{device} ({names.get(device, 'this machine')})",
        "precision": f"{resolve_precision('auto', device)} where a study says auto",
    }


def _weights() -> dict[str, str]:
    from gonogo.core.errors import UserError
    from gonogo.data.weights.weights import ALIASES, locate

    found = {}
    for name in ALIASES:
        try:
            found[f"weights {name}"] = str(locate(name, download=False).path)
        except UserError as error:
            found[f"weights {name}"] = f"missing: {error}"
    return found


def _disk() -> dict[str, str]:
    from gonogo.core.files import MEGABYTE, cache_folder, folder_size

    cache = cache_folder()
    free = shutil.disk_usage(Path.cwd()).free
    return {
        "cache": f"{cache} ({folder_size(cache) / MEGABYTE:.0f} MB)",
        "disk free here": f"{free / 2**30:.1f} GB",
    }
