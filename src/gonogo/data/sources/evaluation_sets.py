"""From the names on a command line to data sets: BEIR's short names, folders, the hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from gonogo.core.errors import UserError, nearest
from gonogo.data.files.places import find_folder
from gonogo.data.sources.loading import open_source
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


def evaluation_sets(
    names: Sequence[str], *, queries_are_documents: bool = False
) -> list[EvaluationSet]:
    """Return the sets that names stand for, each once, in order.

    Args:
        names: BEIR's short names (``scifact``), ``all``, ``beir/public``, ``beir/fast``, or
            whatever a study file may name. A folder of that name here comes before the hub.
        queries_are_documents: leave a query's own document out of all of them, not of those alone
            that are known for it.

    Two folders with one last name are told apart by more of their paths.

    Raises:
        UserError: for a name that stands for nothing, or two sets that no name tells apart.
    """
    found = [one for name in names for one in _expanded(name)]
    if queries_are_documents:
        found = [
            replace(one, members=tuple(each.with_own_left_out() for each in one.members))
            for one in found
        ]
    once = {
        tuple(open_source(each).settled() for each in one.members) or one.name: one
        for one in reversed(found)
    }
    return _told_apart([one for one in dict.fromkeys(found) if one in once.values()])


def _told_apart(sets: list[EvaluationSet]) -> list[EvaluationSet]:
    names = [one.name for one in sets]
    named = [
        replace(one, name=_longer(one, sets)) if names.count(one.name) > 1 else one for one in sets
    ]
    again = [one.name for one in named]
    for name in again:
        if again.count(name) > 1:
            raise UserError(
                f"two data sets are called {name!r}",
                place="datasets",
                hint="give their folders different names",
            )
    return named


def _longer(one: EvaluationSet, sets: list[EvaluationSet]) -> str:
    """Return the shortest end of a set's path that no other set of its name has."""
    ends = {other: _parts(other) for other in sets if other.name == one.name}
    mine = ends.pop(one)
    for depth in range(2, len(mine) + 1):
        if all(other[-depth:] != mine[-depth:] for other in ends.values()):
            return "/".join(mine[-depth:])
    return one.name


def _parts(one: EvaluationSet) -> tuple[str, ...]:
    place = open_source(one.members[0]).place() if one.members else ()
    return place or (one.name,)


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
    try:
        open_source(spec).place()
    except UserError as error:
        close = nearest(name, (*_SHORT, *NOT_PUBLIC, ALL))
        hint = f"{error.hint}; BEIR's own: {close}"
        raise UserError(error.message, place=place, hint=hint) from error
    return spec


def _named(name: str) -> EvaluationSet:
    spec = named_data(name, "datasets")
    known = _SHORT.get(spec.name)
    if known is not None and len(known.hub) == 1 and open_source(spec).place():
        # a folder of one of BEIR's sets is that set, however its path is written
        spec = spec.model_copy(
            update={"split": known.split, "queries_are_documents": known.queries_are_documents}
        )
    return EvaluationSet(spec.name, (spec,))
