"""Two or more systems side by side, with a gate or without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gonogo.api.deciding.clusters import in_clusters
from gonogo.api.deciding.deciding import read_rule, wanted_metrics
from gonogo.api.deciding.gates import Gate
from gonogo.api.deciding.given_systems import read_systems
from gonogo.api.deciding.verdict import Verdict
from gonogo.api.showing.card import card, points
from gonogo.api.showing.tables import as_html, as_latex, as_markdown, as_text
from gonogo.spec.reading.python_values import Settings, as_overrides

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.deciding.compare import Comparison as Record
    from gonogo.analysis.promised.expected import Expected
    from gonogo.analysis.records.model_judged import ModelJudged
    from gonogo.report.cells.tables import Table
    from gonogo.spec.rule.gates import GateSpec
    from gonogo.study.deciding.comparison import Systems

COMMAND = "gonogo.compare(...) in Python"


@dataclass(frozen=True, repr=False)
class Comparison:
    """What `compare` found: means, paired differences, tests, changed queries."""

    record: Record
    """Everything that was computed."""
    verdict: Verdict | None = None
    """What the gate says, if one was given."""
    coverage: Mapping[str, str] = field(default_factory=dict)
    """How far each ranking meets its judgements, in words."""
    model_judged: tuple[ModelJudged, ...] = ()
    """Differences by a model's judgements, corrected by people's, if there were both."""
    notes: tuple[str, ...] = ()
    """What a reader must know of the rankings."""

    @property
    def systems(self) -> tuple[str, ...]:
        """Return the systems' names in the order given."""
        return self.record.systems

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        from gonogo.api.deciding.comparison_frames import unranked

        return (*self.record.warnings, *unranked(self.record), *self.notes)

    def to_frame(
        self, of: Literal["pairs", "means", "queries", "model_judged"] = "pairs"
    ) -> pl.DataFrame:
        """Return a polars frame.

        Args:
            of: ``pairs``, a row for each pair of systems, task and metric; ``means``, the mean of
                each system on each data set; ``queries``, those that changed most; or
                ``model_judged``, differences by a model's judgements, corrected by people's.
        """
        from gonogo.api.deciding import comparison_frames as frames

        match of:
            case "pairs":
                return frames.pairs_frame(self.record)
            case "means":
                return frames.means_frame(self.record)
            case "queries":
                return frames.queries_frame(self.record)
            case "model_judged":
                return frames.model_judged_frame(self.model_judged)

    def to_text(self) -> str:
        """Return everything as the command line prints it: each pair, its tests, its queries."""
        from gonogo.api.deciding.comparison_text import comparison_lines
        from gonogo.report.words.model_judged import model_judged_lines

        lines = comparison_lines(self.record) + model_judged_lines(self.model_judged)
        lines += [f"{name}: {found}" for name, found in self.coverage.items()]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])

    def to_latex(self, path: str | Path | None = None) -> str:
        """Return means and differences as LaTeX (booktabs), written to ``path`` where given."""
        return as_latex(self._tables(), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return means and differences as Markdown, written to ``path`` where given."""
        return as_markdown(self._tables(), path)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that was computed."""
        return self.record.model_dump(mode="json")

    def _tables(self) -> Iterator[Table]:
        from gonogo.api.deciding.comparison_frames import means_table, pairs_table

        yield means_table(self.record)
        yield pairs_table(self.record)

    def __repr__(self) -> str:
        """Return the tables as a terminal shows them, and the verdict where there is one."""
        notes = [f"warning: {text}" for text in self.warnings]
        verdict = [] if self.verdict is None else ["", repr(self.verdict)]
        return "\n".join([as_text(self._tables()), *notes, *verdict])

    def _repr_html_(self) -> str:
        """Return a card with the tables, for notebooks."""
        own = card([*map(as_html, self._tables()), points("Warnings", self.warnings)])
        return own if self.verdict is None else own + self.verdict._repr_html_()


def compare(
    systems: Mapping[str, object] | Sequence[str | Path],
    qrels: object = None,
    metrics: Sequence[str] = (),
    *,
    gate: object = None,
    model_qrels: object = None,
    clusters: object = None,
    tier: str | None = None,
    set: Settings | None = None,  # noqa: A002  (what the command line and study files call it)
    command: str = COMMAND,
) -> Comparison:
    """Compare systems by paired differences, with intervals and corrected p-values.

    Args:
        systems: for each name a ranking, a dict of rankings by seed or data set, or a score table;
            see `decide` for their forms. Or the paths of runs, score tables and trials' folders;
            ``NAME=PATH`` names one, and a name may be repeated for further seeds and data sets.
        qrels: judgements for rankings: one for all data sets, or a dict by data set.
        metrics: measures to compute from rankings, in this order; the usual ones if not given.
        gate: judges the systems, too, as `decide` would: they are its arms by their names, or the
            baseline and then the candidate.
        model_qrels: a model's judgements of all queries, where ``qrels`` are people's of some of
            them, drawn at random; one for all data sets, or a dict by data set.
        clusters: which queries hang together; see `decide`.
        tier: the tier of a study whose gate is used.
        set: keys to override of a gate's or study's file.
        command: makes the verdict again; it stands in its report.

    Raises:
        UserError: for fewer than two systems, or something that is neither ranking nor table.
    """
    from gonogo.analysis.deciding.compare import compare as compare_frames
    from gonogo.analysis.deciding.model_judged import model_judged

    rule = None if gate is None else read_rule(gate, "comparison", tier, as_overrides(set))
    wanted = tuple(metrics)
    if rule is not None and qrels is not None:
        wanted = tuple(dict.fromkeys((*metrics, *wanted_metrics(rule[0], ()))))
    found = read_systems(systems, qrels, wanted)
    if clusters is not None:
        frames = {name: in_clusters(frame, clusters) for name, frame in found.frames.items()}
        found = replace(found, frames=frames)
    judged = None
    if model_qrels is not None:
        judged = found.judged_as(read_systems(systems, model_qrels, wanted, "model_qrels"))
    return Comparison(
        _in_order(compare_frames(found.frames), wanted),
        None if rule is None else _judge(found, *rule, command),
        {name: str(one) for name, one in found.coverage.items()},
        () if judged is None else model_judged(found.frames, judged),
        found.notes,
    )


def _in_order(found: Record, metrics: Sequence[str]) -> Record:
    """Return a comparison with its measures in the order in which they were asked for."""
    from gonogo.core.metrics import canonical_metric

    places = {canonical_metric(name): place for place, name in enumerate(dict.fromkeys(metrics))}

    def place(metric: str) -> int:
        return places.get(metric, len(places))

    return found.model_copy(
        update={
            "means": tuple(sorted(found.means, key=lambda row: place(row.metric))),
            "pairs": tuple(sorted(found.pairs, key=lambda pair: place(pair.effect.metric))),
        }
    )


def _judge(found: Systems, rule: Gate | GateSpec, known: Expected, command: str) -> Verdict:
    from gonogo.study.deciding.comparison import as_arms
    from gonogo.study.deciding.decision import judge_scores

    table, evidence = as_arms(found, rule.spec() if isinstance(rule, Gate) else rule)
    spec = rule.spec(table) if isinstance(rule, Gate) else rule
    return Verdict(judge_scores(table, spec, known, command, found.notes, evidence))
