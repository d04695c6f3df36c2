"""A verdict as an object: its word, its effects, its tables, its card."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gonogo.api.deciding.effects import Effect, effect_frame, effects_of, score_frame
from gonogo.api.showing.card import card, figure, points, words
from gonogo.api.showing.tables import as_latex, as_markdown, written
from gonogo.core.files import fingerprint

if TYPE_CHECKING:
    import polars as pl

    from gonogo.analysis.records.verdict import VerdictFile
    from gonogo.report.cells.tables import Table


class Verdict:
    """What a gate says about scores.

    Args:
        file: the contents of ``verdict.json``.
    """

    def __init__(self, file: VerdictFile) -> None:
        self._file = file

    @property
    def word(self) -> str:
        """Return PASS, FAIL, MARGINAL, INCONCLUSIVE, INVALID or INCOMPLETE."""
        return self._file.decision.verdict

    @property
    def counts_as(self) -> str:
        """Return the word to act on: one that the evidence does not bear counts as INCONCLUSIVE."""
        return self._file.decision.counts_as

    @property
    def study(self) -> str:
        """Return what the verdict is called: its study, its gate's file, or the name given."""
        return self._file.study

    @property
    def support(self) -> str:
        """Return how well the word is supported, such as ``supported``."""
        return self._file.decision.support

    @property
    def sentence(self) -> str:
        """Return one sentence: what was decided, how sure, on how much data."""
        return self._file.decision.sentence

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what keeps the verdict from being given."""
        return self._file.decision.missing

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader must know."""
        return self._file.decision.warnings

    @property
    def next_actions(self) -> tuple[str, ...]:
        """Return what to do now."""
        return self._file.decision.next_actions

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Return every figure that the gate looked at."""
        return effects_of(self._file)

    def to_frame(self, of: Literal["effects", "scores"] = "effects") -> pl.DataFrame:
        """Return a polars frame.

        Args:
            of: ``effects``, a row for each effect and each of its data sets; or ``scores``, the
                mean of each arm by task, data set and metric.
        """
        if of == "scores":
            return score_frame(self._file)
        return effect_frame(self.effects)

    def to_latex(self, path: str | Path | None = None) -> str:
        """Return the table of arms and data sets, and of the effects, as LaTeX (booktabs).

        Args:
            path: where to write it, if anywhere.
        """
        return as_latex(self._tables(), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return the sentence and the same tables as Markdown; see `to_latex`."""
        from gonogo.report.cells.table_markdown import escape

        sentence = escape(self.sentence).removeprefix(self.word)
        head = f"**{self.word}**{sentence}\n"
        return as_markdown(self._tables(), path, head)

    def _tables(self) -> Iterator[Table]:
        from gonogo.report.pages.contents import contents

        found = contents(self._file)
        yield from found.comparison[:1] or found.scores[:1]
        yield from found.effects

    def to_dict(self) -> dict[str, Any]:
        """Return everything, as ``verdict.json`` holds it."""
        return self._file.model_dump(mode="json", by_alias=True)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the decision for programs: without every score, written where a path is given."""
        from gonogo.report.pages.pipelines import decision_json

        return written(decision_json(self._file), path)

    def to_junit(
        self, path: str | Path | None = None, *, fail_on: Collection[str] = ("FAIL",)
    ) -> str:
        """Return the verdict as JUnit XML, written where a path is given.

        Args:
            path: where to write it, if anywhere.
            fail_on: the words, as `counts_as` says them, that are told as a failure.
        """
        from gonogo.report.pages.pipelines import junit

        return written(junit(self._file, failed=self.counts_as in fail_on), path)

    def to_summary(self) -> str:
        """Return sentence, lists and judged effects as Markdown, for a pipeline's summary page."""
        from gonogo.report.pages.pipelines import step_summary

        return step_summary(self._file)

    def show(self) -> None:
        """Print the verdict, in colour on a terminal."""
        from rich.console import Console

        from gonogo.report.pages.console import print_verdict

        print_verdict(self._file, Console())

    def write_report(self, folder: str | Path) -> dict[str, Path]:
        """Write the page, tables and figures into a folder.

        Returns:
            For each name, such as ``report.html``, the file.
        """
        from gonogo.report.pages.writing import write_report

        return write_report(self._file, Path(folder))

    def save(self, folder: str | Path) -> Path:
        """Write ``verdict.json``, the page, tables and figures into a folder.

        Returns:
            The page, ``report.html``.
        """
        from gonogo.study.deciding.publishing import write_all

        return write_all(self._file, Path(folder))

    def __repr__(self) -> str:
        """Return the verdict as a terminal shows it."""
        from gonogo.report.pages.console import verdict_lines

        return "\n".join(verdict_lines(self._file))

    def _repr_html_(self) -> str:
        """Return a card with the forest plot, for notebooks."""
        head = f"<span class='gg-word'>{words(self.word)}</span>"
        support = f"<span class='gg-support'>{words(self.support)}</span>" if self.support else ""
        decision = self._file.decision
        return card(
            (
                f"<div>{head}{support}</div>",
                f"<p>{words(self.sentence)}</p>",
                *self._forest(),
                points("Missing", decision.missing),
                points("Why", decision.reasons),
                points("Warnings", decision.warnings),
                points("Next", decision.next_actions),
            ),
            self.word,
        )

    def _forest(self) -> Iterator[str]:
        from gonogo.report.pages.figures import render
        from gonogo.report.pages.svg import inline_svg
        from gonogo.report.plots.forest import forest_plots

        mark = fingerprint(self.to_dict())[:8]  # ids of several cards on one page stay apart
        for place, plot in enumerate(forest_plots(self._file)):
            svg = render(plot, ("svg",))["svg"]
            yield figure(inline_svg(svg, f"gg-{mark}-{place}"), plot.alt)


def read_verdict(path: str | Path) -> Verdict:
    """Read a verdict that was written.

    Args:
        path: ``verdict.json``, or the folder that holds it.

    Raises:
        UserError: if there is none, or it is of another version.
    """
    from gonogo.analysis.records.verdict import read_verdict as read

    file = Path(path)
    return Verdict(read(file / "verdict.json" if file.is_dir() else file))
