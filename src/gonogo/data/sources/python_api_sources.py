"""Find the source files of an installed package without importing it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gonogo.core.errors import UserError, did_you_mean

_NOT_API = {
    "test", "tests", "conftest", "_internal", "_vendor", "_vendored", "vendor", "__pycache__",
    "examples", "benchmarks", "site-packages", "idlelib", "lib2to3", "turtledemo", "__main__",
    "setup", "_testing",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: its version and its modules, each with its file and size in bytes."""

    name: str
    version: str
    modules: tuple[tuple[str, Path, int], ...]


@lru_cache(maxsize=32)
def find_package(name: str) -> Package:
    """Return the modules of ``stdlib`` or of an importable package, in order of their names.

    Raises:
        UserError: if it is not installed or has no Python source.
    """
    roots = _stdlib_roots() if name == "stdlib" else _package_roots(name)
    modules = sorted(
        (module, path, path.stat().st_size)
        for root_module, root in roots
        for module, path in _walk(root_module, root)
    )
    if not modules:
        raise UserError(f"the package {name!r} has no Python source to read")
    return Package(name, _version(name), tuple(modules))


def _version(name: str) -> str:
    if name == "stdlib":
        return platform.python_version()
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"  # imported by another name than it is installed by; file sizes tell


def _stdlib_roots() -> list[tuple[str, Path]]:
    home = Path(sysconfig.get_paths()["stdlib"])
    roots = [(name, home / name) for name in sys.stdlib_module_names if name not in _NOT_API]
    return [(n, p if p.is_dir() else p.with_name(f"{n}.py")) for n, p in roots]


def _package_roots(name: str) -> list[tuple[str, Path]]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        known = {*importlib.metadata.packages_distributions(), "stdlib"}
        raise UserError(
            f"the package {name!r} is not installed, so its API documentation cannot be read",
            hint="; ".join(filter(None, ["pip install it", did_you_mean(name, known)])),
        )
    if spec.submodule_search_locations:
        return [(name, Path(folder)) for folder in spec.submodule_search_locations]
    return [(name, Path(spec.origin))] if spec.origin else []


def _walk(module: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield (module, file) of a package folder or a single file."""
    if path.is_file():
        if path.suffix == ".py":
            yield module, path
        return
    if not path.is_dir():
        return
    for child in sorted(path.iterdir()):
        name = child.name.removesuffix(".py")
        if name in _NOT_API or not name.isidentifier():
            continue
        if child.is_dir():
            yield from _walk(f"{module}.{name}", child)
        elif child.suffix == ".py":
            yield (module if name == "__init__" else f"{module}.{name}"), child
