"""Systems to compare, in any form, as score tables: paths, or tables and rankings by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonogo.api.deciding.frames import is_table, score_table
from gonogo.api.deciding.systems import scored_runs, usual_metrics
from gonogo.core.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from gonogo.study.deciding.comparison import Systems
    from gonogo.study.deciding.judgements import JudgedBy

Given = Mapping[str, object] | Sequence[str | Path]


def read_systems(
    systems: Given, qrels: object, metrics: tuple[str, ...], place: str = "qrels"
) -> Systems:
    """Read every system.

    Args:
        systems: as `gonogo.compare` takes them.
        qrels: likewise.
        metrics: measures to compute from rankings; the usual ones if empty.
        place: what the judgements are called in errors.

    Raises:
        UserError: for something that is neither ranking nor table, or lacks judgements.
    """
    from gonogo.study.deciding.comparison import load_systems

    if isinstance(systems, Mapping):
        return _by_name(systems, qrels, metrics)
    return load_systems([Path(path) for path in systems], places_of(qrels, place), metrics)


def places_of(qrels: object, place: str) -> JudgedBy | None:
    """Return where judgements lie: one path for all data sets, or one for each by its name.

    Raises:
        UserError: for judgements that are no paths.
    """
    if qrels is None or isinstance(qrels, str | Path):
        return None if qrels is None else str(qrels)
    if isinstance(qrels, Mapping) and all(isinstance(one, str | Path) for one in qrels.values()):
        return {str(name): str(path) for name, path in qrels.items()}
    hint = "name the systems: {name: ranking}"
    raise UserError("paths of runs need a path of judgements", place=place, hint=hint)


def _by_name(systems: Mapping[str, object], qrels: object, metrics: tuple[str, ...]) -> Systems:
    """Read tables; rankings are scored together, for how deep others go."""
    from gonogo.study.deciding.comparison import Systems

    frames = {str(name): _table(str(name), one) for name, one in systems.items()}
    ranked = {name: one for name, one in systems.items() if frames[str(name)] is None}
    tables = {name: frame for name, frame in frames.items() if frame is not None}
    if not ranked:
        return Systems(tables, tables=frozenset(tables))
    if qrels is None:
        place = f"systems[{next(iter(ranked))!r}]"
        raise UserError("a ranking needs judgements", place=place, hint="give qrels")
    scored = scored_runs(ranked, qrels, metrics or usual_metrics())
    parts = scored.scores.partition_by("arm", as_dict=True)
    found = tables | {str(name): frame for (name,), frame in parts.items()}
    for name in ranked:
        if str(name) not in found:
            place, hint = f"systems[{name!r}]", next(iter(scored.notes), None)
            raise UserError("no value of it can be believed", place=place, hint=hint)
    ordered = {str(name): found[str(name)] for name in systems}
    judged = scored.evidence.judged_runs
    return Systems(ordered, scored.coverage, scored.notes, frozenset(tables), judged)


def _table(name: str, system: object) -> pl.DataFrame | None:
    """Return a system's score table; None for one that is given by rankings."""
    place = f"systems[{name!r}]"
    if is_table(system) and _has_values(system):
        return _named(score_table(system, place), name)
    if isinstance(system, str | Path) and _is_table_file(Path(system)):
        from gonogo.study.deciding.comparison import load_systems

        return _named(next(iter(load_systems([Path(system)], None).frames.values())), name)
    return None


def _has_values(system: Any) -> bool:
    """Tell scores from rankings, both of which may be frames."""
    columns = getattr(system, "columns", None)
    if columns is None:
        columns = system if isinstance(system, Mapping) else system[0]
    return "value" in list(columns)


def _is_table_file(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in (".parquet", ".csv")


def _named(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Call a table's only arm by the name that was given."""
    import polars as pl

    return frame.with_columns(arm=pl.lit(name)) if frame["arm"].n_unique() == 1 else frame
