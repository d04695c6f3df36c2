"""How far a study has come, as lines and as a frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gonogo.api.showing.card import card, preformatted

if TYPE_CHECKING:
    import polars as pl

    from gonogo.api.deciding.verdict import Verdict
    from gonogo.study.planning.plan import Plan


@dataclass(frozen=True)
class Status:
    """The state of every trial, made by `Study.status`; print it."""

    planned: Plan = field(repr=False)

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many trials are in each state."""
        return Counter(trial.standing.state for trial in self.planned.trials)

    @property
    def verdict(self) -> Verdict | None:
        """Return the verdict on file, if there is one."""
        if not self.planned.folder.verdict.exists():
            return None
        from gonogo.api.deciding.verdict import read_verdict

        return read_verdict(self.planned.folder.verdict)

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each trial: arm, seed, state, reason, error."""
        import polars as pl

        rows = [
            (one.arm, one.seed, one.standing.state, one.standing.reason, one.standing.error)
            for one in self.planned.trials
        ]
        return pl.DataFrame(rows, schema=["arm", "seed", "state", "reason", "error"], orient="row")

    def __str__(self) -> str:
        """Return a line for each trial, and the verdict if there is one."""
        from gonogo.api.studies.plan_words import stop_lines

        trials = self.planned.trials
        width = max((len(trial.name) for trial in trials), default=0)
        lines = []
        for trial in trials:
            standing = trial.standing
            error = f"  last attempt: {standing.error}" if standing.error else ""
            lines.append(f"{trial.name:{width}}  {standing.state:8}  {standing.reason}{error}")
        counts = sorted(self.counts.items())
        lines.append(", ".join(f"{count} {state}" for state, count in counts))
        lines += stop_lines(self.planned)
        verdict = self.verdict
        if verdict is not None:
            lines += [verdict.sentence, f"report: {self.planned.folder.report}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return card([preformatted(str(self))])
