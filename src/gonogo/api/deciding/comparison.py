"""Two or more systems side by side, without a gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gonogo.api.deciding.frames import is_table, score_table
from gonogo.api.deciding.systems import scored_runs, usual_metrics
from gonogo.api.showing.card import card, points
from gonogo.api.showing.tables import as_html, as_latex, as_markdown, as_text
from gonogo.core.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.deciding.compare import Comparison as Record
    from gonogo.report.cells.tables import Table


class Comparison:
    """What `compare` found: means, paired differences, tests, changed queries.

    Args:
        record: everything that was computed.
    """

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the systems' names in the order given."""
        return self._record.systems

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        return self._record.warnings

    def to_frame(self, of: Literal["pairs", "means", "queries"] = "pairs") -> pl.DataFrame:
        """Return a polars frame.

        Args:
            of: ``pairs``, a row for each pair of systems, task and metric; ``means``, the mean of
                each system on each data set; or ``queries``, those that changed most.
        """
        from gonogo.api.deciding.comparison_frames import means_frame, pairs_frame, queries_frame

        match of:
            case "pairs":
                return pairs_frame(self._record)
            case "means":
                return means_frame(self._record)
            case "queries":
                return queries_frame(self._record)

    def to_latex(self, path: str | Path | None = None) -> str:
        """Return means and differences as LaTeX (booktabs), written to ``path`` where given."""
        return as_latex(self._tables(), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return means and differences as Markdown, written to ``path`` where given."""
        return as_markdown(self._tables(), path)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that was computed."""
        return self._record.model_dump(mode="json")

    def _tables(self) -> Iterator[Table]:
        from gonogo.api.deciding.comparison_frames import means_table, pairs_table

        yield means_table(self._record)
        yield pairs_table(self._record)

    def __repr__(self) -> str:
        """Return the tables as a terminal shows them."""
        notes = [f"warning: {text}" for text in self.warnings]
        return "\n".join([as_text(self._tables()), *notes])

    def _repr_html_(self) -> str:
        """Return a card with the tables, for notebooks."""
        return card([*map(as_html, self._tables()), points("Warnings", self.warnings)])


def compare(
    systems: Mapping[str, object] | Sequence[str | Path],
    qrels: object = None,
    metrics: Sequence[str] = (),
) -> Comparison:
    """Compare systems by paired differences, with intervals and corrected p-values.

    Args:
        systems: for each name a ranking, a dict of rankings by seed or data set, or a score table;
            see `decide` for their forms. Or the paths of runs, score tables and trials' folders.
        qrels: judgements for rankings: one for all data sets, or a dict by data set.
        metrics: measures to compute from rankings; the usual ones if not given.

    Raises:
        UserError: for fewer than two systems, or something that is neither ranking nor table.
    """
    from gonogo.analysis.deciding.compare import compare as compare_frames

    if isinstance(systems, Mapping):
        frames, notes = _frames(systems, qrels, tuple(metrics) or usual_metrics())
    else:
        frames, notes = _read(systems, qrels, tuple(metrics))
    found = compare_frames(frames)
    return Comparison(found.model_copy(update={"warnings": (*found.warnings, *notes)}))


Frames = tuple[dict[str, "pl.DataFrame"], list[str]]


def _read(paths: Sequence[str | Path], qrels: object, metrics: tuple[str, ...]) -> Frames:
    from gonogo.study.deciding.comparison import load_systems

    if qrels is not None and not isinstance(qrels, str | Path):
        hint = "name the systems: {name: ranking}"
        raise UserError("paths of runs need a path of judgements", place="qrels", hint=hint)
    judged = None if qrels is None else str(qrels)
    frames, covered = load_systems([Path(path) for path in paths], judged, metrics)
    return frames, [f"{label}: {note}" for label, one in covered.items() for note in one.notes()]


def _frames(systems: Mapping[str, object], qrels: object, metrics: tuple[str, ...]) -> Frames:
    """Return the table of each system; rankings are scored together, for how deep others go."""
    frames = {str(name): _table(str(name), one) for name, one in systems.items()}
    ranked = {name: one for name, one in systems.items() if frames[str(name)] is None}
    tables = {name: frame for name, frame in frames.items() if frame is not None}
    if not ranked:
        return tables, []
    if qrels is None:
        place = f"systems[{next(iter(ranked))!r}]"
        raise UserError("a ranking needs judgements", place=place, hint="give qrels")
    scored = scored_runs(ranked, qrels, metrics)
    parts = scored.scores.partition_by("arm", as_dict=True)
    tables |= {str(name): frame for (name,), frame in parts.items()}
    for name in ranked:
        if str(name) not in tables:
            place, hint = f"systems[{name!r}]", next(iter(scored.notes), None)
            raise UserError("no value of it can be believed", place=place, hint=hint)
    return {str(name): tables[str(name)] for name in systems}, [*scored.notes]


def _table(name: str, system: object) -> pl.DataFrame | None:
    """Return a system's score table; None for one that is given by rankings."""
    place = f"systems[{name!r}]"
    if is_table(system) and _has_values(system):
        return _named(score_table(system, place), name)
    if isinstance(system, str | Path) and _is_table_file(Path(system)):
        from gonogo.study.deciding.comparison import load_systems

        frames, _ = load_systems([Path(system)], None)
        return _named(next(iter(frames.values())), name)
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
