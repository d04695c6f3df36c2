"""What each step tells: a line a task in the log, the bar, the trackers, the monitors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gonogo.core.progress import Progress
from gonogo.spec.study import TrialConfig
from gonogo.training.loop.logs import TrainLog
from gonogo.training.loop.run import Run
from gonogo.training.loop.step import PartOutcome, StepOutcome
from gonogo.training.loop.trackers import Trackers
from gonogo.training.parts.memory import peak_memory_mb
from gonogo.training.watching.monitor import StepRecord


class Reporter:
    """Tells of one run; opened after the run was restored, so that no step is told twice.

    Args:
        config: the trial.
        run: read after every step.
        folder: the trial's.
        total_steps: of the whole schedule.
        progress: shown a bar.
    """

    def __init__(
        self, config: TrialConfig, run: Run, folder: Path, total_steps: int, progress: Progress
    ) -> None:
        self._run, self._total, self._every = run, total_steps, config.training.log_every
        self._log = TrainLog(folder / "logs")
        self._log.drop_after(run.step)
        name = "-".join(folder.parts[-2:])
        self._trackers = Trackers(
            config.training.trackers, name, folder / "logs", config.model_dump(mode="json")
        )
        self._bar = progress.bar("train", total_steps, done=run.step)

    def tell(self, outcome: StepOutcome, rate: float) -> str | None:
        """Write the step down, show it, and return a monitor's reason to abort, if one has any."""
        step = self._run.step
        shown: dict[str, float] = {}
        for part in outcome.parts:
            line = self._line(part, outcome, rate)
            if step % self._every == 0 or step == self._total:
                self._log.write(line)
            speed = line["examples_per_second"]
            shown |= {f"{part.task} loss": part.loss, f"{part.task} examples/s": speed}
            figures = {"loss": part.loss, "examples_per_second": speed, **part.figures}
            sent = {f"{part.task}/{name}": value for name, value in figures.items()}
            self._trackers.log({**sent, "learning_rate": rate}, step)
        self._bar.advance(1, **shown)
        return self._watch(outcome, rate)

    def _line(self, part: PartOutcome, outcome: StepOutcome, rate: float) -> dict[str, Any]:
        return {
            **part.figures,
            "step": self._run.step,
            "task": part.task,
            "loss": part.loss,
            "learning_rate": rate,
            "gradient_norm": outcome.gradient_norm,
            "examples": self._run.examples[part.task],
            "examples_per_second": part.examples / outcome.seconds,
            "tokens": part.tokens,
            "padding": 1.0 - part.tokens / part.padded_tokens if part.padded_tokens else 0.0,
            "memory_mb": peak_memory_mb(self._run.model.device),
        }

    def _watch(self, outcome: StepOutcome, rate: float) -> str | None:
        """Let the monitors look; return the first reason to abort.

        The next step seeds its own random numbers and clears the gradients, so whatever a monitor
        does with them ends here.
        """
        run = self._run
        record = StepRecord(
            step=run.step,
            total_steps=self._total,
            learning_rate=rate,
            gradient_norm=outcome.gradient_norm,
            losses={part.task: part.loss for part in outcome.parts},
            examples=dict(run.examples),
            figures={part.task: part.figures for part in outcome.parts},
        )
        reasons = [each.after_step(record) for each in run.monitors if each.wants(run.step)]
        return next((reason for reason in reasons if reason), None)

    def close(self) -> None:
        """Close the bar and the trackers, and write the logs' parquet twins."""
        self._bar.close()
        self._trackers.close()
        self._log.close()
