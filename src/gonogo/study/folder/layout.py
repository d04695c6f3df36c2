"""Where a study keeps what: one folder a study and tier, one folder a trial."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gonogo.core.files import safe_name


@dataclass(frozen=True)
class TrialFolder:
    """The files of one trial, or of one reference row."""

    path: Path

    @property
    def config(self) -> Path:
        """Return the frozen configuration with its fingerprint."""
        return self.path / "trial.yaml"

    @property
    def inputs(self) -> Path:
        """Return everything that the result depends on, key by key, as the fingerprint saw it."""
        return self.path / "inputs.json"

    @property
    def environment(self) -> Path:
        """Return the frozen description of machine and packages."""
        return self.path / "environment.json"

    @property
    def result(self) -> Path:
        """Return what the trial cost and how far it came."""
        return self.path / "result.json"

    @property
    def final(self) -> Path:
        """Return the finished checkpoint."""
        return self.path / "checkpoints" / "final"

    def checkpoint(self, which: Literal["final", "best"]) -> Path:
        """Return the last weights, or the best that were seen on the way."""
        return self.path / "checkpoints" / which

    @property
    def scores(self) -> Path:
        """Return the trial's whole score table."""
        return self.path / "scores.parquet"

    @property
    def in_fp32(self) -> TrialFolder:
        """Return where the same weights are scored in fp32, beside the format that is judged."""
        return TrialFolder(self.path / "fp32")

    @property
    def evaluation(self) -> Path:
        """Return the record that the evaluation is complete, and of what."""
        return self.path / "evaluation.json"

    @property
    def geometry(self) -> Path:
        """Return the geometry of the embeddings, where the evaluation asks for it."""
        return self.path / "geometry.json"

    @property
    def routing(self) -> Path:
        """Return how a mixture routed the texts that it was scored on."""
        return self.path / "routing.json"

    def part(self, task: str, dataset: str) -> Path:
        """Return the score table of one task on one data set."""
        return self.path / "parts" / safe_name(task) / f"{file_name(dataset)}.parquet"

    def run(self, task: str, dataset: str) -> Path:
        """Return the ranking of one task on one data set, in TREC format."""
        return self.path / "runs" / safe_name(task) / f"{file_name(dataset)}.trec"

    def judged(self, task: str, dataset: str) -> Path:
        """Return how far that ranking met its judgements."""
        return self.part(task, dataset).with_suffix(".judged.json")

    def log(self, name: str) -> Path:
        """Return a log file."""
        return self.path / "logs" / name


@dataclass(frozen=True)
class StudyFolder:
    """The files of one study at one tier."""

    path: Path

    @classmethod
    def under(cls, out: Path, study: str, tier: str) -> StudyFolder:
        """Return the folder of a study's tier below the output folder."""
        return cls(out / safe_name(study) / safe_name(tier))

    @property
    def lock(self) -> Path:
        """Return the file that keeps a second runner out."""
        return self.path / ".lock"

    @property
    def study(self) -> Path:
        """Return the frozen, resolved study."""
        return self.path / "study.yaml"

    @property
    def query_groups(self) -> Path:
        """Return which queries hang together or repeat each other, as the data sets say."""
        return self.path / "query_groups.json"

    @property
    def gate(self) -> Path:
        """Return the frozen gate."""
        return self.path / "gate.json"

    @property
    def criteria(self) -> Path:
        """Return the frozen success levels."""
        return self.path / "criteria.frozen.json"

    @property
    def looks(self) -> Path:
        """Return the record that the study was looked at before its last seed, and went on."""
        return self.path / "looks.json"

    @property
    def stopped(self) -> Path:
        """Return the record that the study stopped early, and why."""
        return self.path / "stopped.json"

    @property
    def runs(self) -> Path:
        """Return the names of the runs that were started."""
        return self.path / "runs.json"

    @property
    def verdict(self) -> Path:
        """Return the verdict."""
        return self.path / "verdict.json"

    @property
    def scores(self) -> Path:
        """Return the score table of all finished trials and references."""
        return self.path / "scores.parquet"

    @property
    def report(self) -> Path:
        """Return the page."""
        return self.path / "report.html"

    def trial(self, arm: str, seed: int) -> TrialFolder:
        """Return the folder of one trial."""
        return TrialFolder(self.path / "trials" / safe_name(arm) / f"seed_{seed}")

    def reference(self, name: str) -> TrialFolder:
        """Return the folder of one reference row."""
        return TrialFolder(self.path / "references" / safe_name(name))

    def set_aside(self, arm: str, seed: int, mark: str) -> Path:
        """Return where a stale trial is kept."""
        return self.path / "stale" / safe_name(arm) / f"seed_{seed}_{safe_name(mark)}"

    def aside(self, arm: str, seed: int) -> list[Path]:
        """Return what is kept of a trial that was moved away, the oldest first."""
        place = self.set_aside(arm, seed, "x").parent
        return sorted(place.glob(f"seed_{seed}_*"))


def file_name(dataset: str) -> str:
    """Return a data set's name as a file name."""
    return safe_name(dataset.replace("/", "__").replace(":", "_"))
