"""One table of all rows: BM25, the untrained model and the arms, by averages, sets and isotropy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from gonogo.analysis.geometry.geometry_record import GeometryRecord
from gonogo.analysis.records.effects import ArmScore, GroupMean
from gonogo.analysis.records.verdict import VerdictFile
from gonogo.report.cells.formats import Unit
from gonogo.report.cells.tables import Cell, Column, Number, Row, Table, Text
from gonogo.report.tables.score_tables import metrics_of, tasks_of
from gonogo.report.words.judged import interval_words, ordered, slug

NAME = "comparison"
_MEANS = "Means weigh data sets equally and are over those that all rows share"
_BACKBONE_NOTE = "backbone: the base as it came, without a head; vectors of length 1, by cosine."


@dataclass(frozen=True)
class Compared:
    """Everything about one task and metric that a comparison shows."""

    scores: Sequence[ArmScore]
    """A row for each arm and data set."""
    means: Sequence[GroupMean]
    """Means over the data sets that all rows share."""
    geometry: Sequence[GeometryRecord] = ()
    """All on the same texts."""

    @property
    def rows(self) -> list[str]:
        """Reference rows, then arms; each in order of appearance."""
        names = ordered(score.arm for score in self.scores)
        references = {score.arm for score in self.scores if score.reference}
        return sorted(names, key=lambda name: name not in references)

    @property
    def datasets(self) -> list[str]:
        """Data sets in order of appearance."""
        return ordered(s.dataset for s in self.scores if s.dataset is not None)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Each group of data sets and those of it that all rows share."""
        return {mean.group: mean.datasets for mean in self.means}

    @property
    def distinct(self) -> list[GroupMean]:
        """The means but those over the very data sets of the mean over all."""
        every = self.groups.get("all")
        return [m for m in self.means if m.group == "all" or m.datasets != every]

    @property
    def seeded(self) -> bool:
        """Whether any row has seeds, behind which others may lag."""
        return any(score.seeds for score in self.scores)

    def of(self, row: str) -> list[ArmScore]:
        """Return all values of a row."""
        return [score for score in (*self.scores, *self.means) if score.arm == row]

    @property
    def single(self) -> str | None:
        """The only data set, where that is so: means over it would say everything twice."""
        every = self.groups.get("all", ())
        return every[0] if len(every) == 1 and [*every] == self.datasets else None


def comparison_tables(verdict: VerdictFile) -> list[Table]:
    """Make the comparison of each task, and the intervals of all cells where it has them not."""
    tables = []
    for place, task in enumerate(tasks_of(verdict)):
        metric = metrics_of(verdict, task)[0]
        compared = Compared(
            [s for s in verdict.scores if (s.task, s.metric) == (task, metric)],
            [m for m in verdict.groups if (m.task, m.metric) == (task, metric)],
            verdict.evidence.geometry,
        )
        if compared.means:
            name = NAME if place == 0 else slug(NAME, task)
            title = f"{task}: {metric} of all rows"
            tables.append(comparison_table(name, title, compared))
            if not compared.single:  # whose intervals stand there already
                more = interval_table(f"{name}_intervals", f"{title}, with intervals", compared)
                tables.append(more)
    return tables


def comparison_table(name: str, title: str, compared: Compared) -> Table:
    """Make a table with one line a row: means over shared data sets, each data set, isotropy."""
    inside = compared.groups.get("in domain", ())
    groups = [] if compared.single else ordered(mean.group for mean in compared.distinct)
    isotropy = _isotropy_columns(compared.geometry)
    columns = (
        Column(""),
        *([Column("seeds")] if compared.seeded else []),
        *(Column("mean", group, _words(compared, group)) for group in groups),
        *(Column(d, d, "in domain" if d in inside else "") for d in compared.datasets),
        *(one.column for one in isotropy),
    )
    rows = tuple(
        Row(
            (
                Text(row),
                *_seeds(compared, compared.of(row)),
                *(_mean(compared, row, group) for group in groups),
                *(_score(compared, row, dataset) for dataset in compared.datasets),
                *(one.cell(compared.geometry, row) for one in isotropy),
            )
        )
        for row in compared.rows
    )
    return Table(name, title, columns, rows, caption=_caption(compared), down=True)


def interval_table(name: str, title: str, compared: Compared) -> Table:
    """Make a table with one line for each row and data set, intervals included."""
    named: list[tuple[str, ArmScore]] = [
        (f"mean, {_words(compared, mean.group)}", mean) for mean in compared.distinct
    ]
    named += [(one.dataset, one) for one in compared.scores if one.dataset is not None]
    rows = tuple(
        Row((Text(score.arm), Text(what), *_seeds(compared, [score]), _cell(score)))
        for what, score in named
    )
    seeds = [Column("seeds")] if compared.seeded else []
    columns = (Column(""), Column("data set"), *seeds, Column("value"))
    return Table(name, title, columns, rows, caption=_interval_caption(compared))


def _seeds(compared: Compared, scores: Iterable[ArmScore]) -> list[Cell]:
    """Say over how many seeds values are; no cell where no row of the table has seeds."""
    if not compared.seeded:
        return []
    counts = sorted({score.seeds for score in scores})
    if len(counts) > 1:
        return [Text(f"{counts[0]} to {counts[-1]}")]
    return [Number(counts[0] or None, "count")]


def _words(compared: Compared, group: str) -> str:
    count = len(compared.groups[group])
    return f"of {count}" if group == "all" else f"{group}, {count}"


def _mean(compared: Compared, row: str, group: str) -> Cell:
    found = next((m for m in compared.means if (m.arm, m.group) == (row, group)), None)
    if found is None or found.interval is None:
        return _number(found)
    return Number(found.mean, "score", low=found.interval.low, high=found.interval.high)


def _score(compared: Compared, row: str, dataset: str) -> Cell:
    found = next((s for s in compared.scores if (s.arm, s.dataset) == (row, dataset)), None)
    return _cell(found) if found and compared.single else _number(found)


def _number(score: ArmScore | None) -> Number:
    return Number(None, "score") if score is None else Number(score.mean, "score", std=score.std)


def _cell(score: ArmScore) -> Number:
    span = score.interval
    low, high = (span.low, span.high) if span else (None, None)
    return Number(score.mean, "score", std=score.std, low=low, high=high)


@dataclass(frozen=True)
class _IsotropyColumn:
    """A figure of the geometry, over seeds their mean."""

    column: Column
    unit: Unit
    figure: Callable[[GeometryRecord], float | None]

    def cell(self, records: Iterable[GeometryRecord], row: str) -> Number:
        mine = [self.figure(record) for record in records if record.model == row]
        values = [value for value in mine if value is not None]
        if not values or len(values) < len(mine):
            return Number(None, self.unit)
        std = stdev(values) if len(values) > 1 else None
        return Number(fmean(values), self.unit, std=std)


def _isotropy_columns(records: Sequence[GeometryRecord]) -> list[_IsotropyColumn]:
    """Return the figures of the geometry; the Gaussian reference stands beside the first."""
    if not records:
        return []
    return [
        _IsotropyColumn(Column("1 − std/mean"), "score", lambda r: r.isotropy),
        _IsotropyColumn(Column("Gaussian", note="same n, d"), "score", lambda r: r.gaussian),
        _IsotropyColumn(Column("n"), "count", lambda r: r.texts.count),
        _IsotropyColumn(Column("d"), "count", lambda r: r.dimension),
        _IsotropyColumn(Column("IsoScore*"), "score", lambda r: r.isoscore_star),
        _IsotropyColumn(Column("mean cosine"), "score", lambda r: r.mean_cosine),
        _IsotropyColumn(Column("effective rank"), "degrees", lambda r: r.effective_rank),
    ]


def _caption(compared: Compared) -> str:
    parts = [
        "" if compared.single else f"{_MEANS}: {_sets(compared)}.",
        _interval_caption(compared),
        f"{'Mean' if compared.single else 'Data sets: mean'} ± standard deviation over seeds."
        " Column best bold, second underlined.",
        _BACKBONE_NOTE if "backbone" in compared.rows else "",
        _isotropy_caption(compared.geometry),
    ]
    return " ".join(part for part in parts if part)


def _sets(compared: Compared) -> str:
    groups = {**compared.groups}
    if not any(groups.values()):
        return "none"
    return "; ".join(f"{group} ({', '.join(sets)})" for group, sets in groups.items())


def _interval_caption(compared: Compared) -> str:
    words = interval_words(mean.interval for mean in compared.means)
    return f"Intervals of the rows' own levels: {words}." if words else ""


def _isotropy_caption(records: Sequence[GeometryRecord]) -> str:
    if not records:
        return ""
    texts = ordered(f"{r.texts.count:,} {r.texts.side}s of {r.texts.name}" for r in records)
    same = len({record.texts.fingerprint for record in records}) == 1
    warning = "" if same else " NOT THE SAME TEXTS: these figures cannot be compared."
    return (
        f"Isotropy over {', '.join(texts)}: 1 − std/mean of the covariance eigenvalues, beside what"
        f" N(0, I) scores at the same n and d.{warning}"
    )
