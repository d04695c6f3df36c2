"""From the names on a command line to data sets: BEIR's short names, folders, the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from gonogo.core.errors import UserError, nearest
from gonogo.data.files.places import find_folder
from gonogo.spec.data.beir_sets import BEIR_PUBLIC, CQADUPSTACK_FORUMS, BeirSet, beir_list
from gonogo.spec.data.text_data import BEIR_LISTS, BeirData, DataSpec

ALL = "all"
NOT_PUBLIC = ("bioasq", "signal1m", "trec-news", "robust04")
"""Sets of BEIR's paper whose texts are not public."""

_ADAPTER: TypeAdapter[DataSpec] = TypeAdapter(DataSpec)
_SHORT = {one.name: one for one in BEIR_PUBLIC}


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """One set to score.

    Attributes:
        name: as tables show it.
        members: the data sets that it consists of: one, or the forums of CQADupStack.
        unavailable: why it cannot be had, where that is known beforehand.
    """

    name: str
    members: tuple[DataSpec, ...]
    unavailable: str = ""


def evaluation_sets(names: Sequence[str]) -> list[EvaluationSet]:
    """Return the sets that names stand for, each once, in order.

    Args:
        names: BEIR's short names (``scifact``), ``all``, ``beir/public``, ``beir/fast``, or
            whatever a study file may name. A folder of that name here comes before the hub.

    Raises:
        UserError: for a name that stands for nothing.
    """
    found: dict[str, EvaluationSet] = {}
    for name in names:
        for one in _expanded(name):
            found.setdefault(one.name, one)
    return list(found.values())


def _expanded(name: str) -> list[EvaluationSet]:
    if name == ALL:
        return [_short(one) for one in BEIR_PUBLIC] + [_closed(name) for name in NOT_PUBLIC]
    if name in BEIR_LISTS:
        listed = beir_list(name)
        return [_short(one) for one in BEIR_PUBLIC if one.specs[0] in listed]
    if name in _SHORT:
        return [_short(_SHORT[name])]
    if name in NOT_PUBLIC:
        return [_closed(name)]
    return [_named(name)]


def _closed(name: str) -> EvaluationSet:
    return EvaluationSet(name, (), unavailable="its texts are not public")


def _short(one: BeirSet) -> EvaluationSet:
    """Return a set of BEIR from folders here if they are here, else from the hub."""
    folders = [one.name]
    if one.name == "cqadupstack":
        folders = [f"cqadupstack/{forum}" for forum in CQADUPSTACK_FORUMS]
    if not all(map(_is_here, folders)):
        return EvaluationSet(one.name, one.specs)
    members = tuple(
        BeirData(folder=f, split=one.split, queries_are_documents=one.queries_are_documents)
        for f in folders
    )
    return EvaluationSet(one.name, members)


def _is_here(folder: str) -> bool:
    try:
        find_folder(folder)
    except UserError:
        return False
    return True


def named_data(name: str, place: str) -> DataSpec:
    """Return the data set that a study file would mean by ``name``.

    Raises:
        UserError: for a name that stands for nothing.
    """
    try:
        spec = _ADAPTER.validate_python(name)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(message, place=place) from error
    if isinstance(spec, BeirData):
        try:
            find_folder(spec.folder)
        except UserError as error:
            close = nearest(name, (*_SHORT, *NOT_PUBLIC, ALL))
            hint = f"{error.hint}; BEIR's own: {close}"
            raise UserError(error.message, place=place, hint=hint) from error
    return spec


def _named(name: str) -> EvaluationSet:
    spec = named_data(name, "--datasets")
    return EvaluationSet(spec.name, (spec,))
