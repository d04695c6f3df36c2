"""One arm with a grid stands for many: one for each combination of values.

``emb: {tasks: [embed], grid: {model.adapter.rank: [1, 2]}}`` is ``emb_rank_1`` and ``emb_rank_2``.
Values that do not name themselves, such as lists of experts, are given by name:
``grid: {model.adapter.experts: {two: [...], three: [...]}}`` is ``emb_two`` and ``emb_three``.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError

GRID = "grid"
MOST = 1000
"""Arms of one grid; each is trained once with every seed."""


def expand_grids(values: dict[str, Any], file: Path) -> None:
    """Replace each arm that has a grid by one arm for each combination, in the grid's order.

    Raises:
        UserError: for an empty or too large grid, a value without a name, a key below something
            that is no block, or two arms of one name.
    """
    arms = values.get("arms")
    if not isinstance(arms, dict):
        return
    whole: dict[str, Any] = {}
    for name, arm in arms.items():
        has_grid = isinstance(arm, dict) and GRID in arm
        for own, settings in _combinations(name, arm, file) if has_grid else [(name, arm)]:
            if own in whole:
                raise UserError("two arms of this name", file=file, place=f"arms.{own}")
            whole[own] = settings
    values["arms"] = whole


def _combinations(name: str, arm: dict[str, Any], file: Path) -> list[tuple[str, dict[str, Any]]]:
    place = f"arms.{name}.{GRID}"
    grid = arm[GRID]
    if not isinstance(grid, dict) or not grid:
        hint = "write {model.adapter.rank: [1, 2, 4]}"
        raise UserError("no keys with their values", file=file, place=place, hint=hint)
    axes = [_axis(key, choices, f"{place}.{key}", file) for key, choices in grid.items()]
    if prod(map(len, axes)) > MOST:
        raise UserError(f"more than {MOST:,} arms", file=file, place=place)
    expanded = []
    for point in product(*axes):
        settings = deepcopy({key: value for key, value in arm.items() if key != GRID})
        for key, (_, value) in zip(grid, point, strict=True):
            _set(settings, key, deepcopy(value), place, file)
        expanded.append(("_".join([name, *(label for label, _ in point)]), settings))
    return expanded


def _axis(key: str, choices: object, place: str, file: Path) -> list[tuple[str, Any]]:
    """Return the values of one key, each with what it adds to the arm's name."""
    if isinstance(choices, dict) and choices:
        return [(str(label), value) for label, value in choices.items()]
    if not isinstance(choices, list) or not choices:
        raise UserError("no values", file=file, place=place, hint="write [1, 2, 4]")
    last = key.split(".")[-1]
    for value in choices:
        if not isinstance(value, str | int | float | bool):
            hint = "give it a name: {two: [...], three: [...]}"
            raise UserError(f"{value!r} names no arm", file=file, place=place, hint=hint)
    return [(f"{last}_{str(value).lower()}", value) for value in choices]


def _set(settings: dict[str, Any], key: str, value: Any, place: str, file: Path) -> None:
    *blocks, last = key.split(".")
    for part in blocks:
        settings = settings.setdefault(part, {})
        if not isinstance(settings, dict):
            raise UserError(f"{part!r} is no block", file=file, place=f"{place}.{key}")
    settings[last] = value
