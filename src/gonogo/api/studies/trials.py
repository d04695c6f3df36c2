"""A study's trials: their state, their history, their scores, their model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gonogo.core.errors import UserError, nearest
from gonogo.core.types import Device, Precision

if TYPE_CHECKING:
    import polars as pl

    from gonogo.api.models.model import Model
    from gonogo.study.planning.plan import Plan, PlannedTrial


@dataclass(frozen=True)
class Trial:
    """One arm on one seed."""

    planned: PlannedTrial

    @property
    def arm(self) -> str:
        """Return the arm."""
        return self.planned.arm

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.planned.seed

    @property
    def state(self) -> str:
        """Return how far it has come: new, training, trained, finished or stale."""
        return self.planned.standing.state

    @property
    def folder(self) -> Path:
        """Return where it is."""
        return self.planned.folder.path

    @property
    def config(self) -> dict[str, Any]:
        """Return its whole configuration, as a study file would hold it."""
        return self.planned.config.model_dump(mode="json", by_alias=True)

    def history(self) -> pl.DataFrame:
        """Return what its training logged: a row a step and task, with losses, figures and looks.

        Columns stand in the same order whatever was logged: step, task and loss first.

        Raises:
            UserError: if it has logged nothing.
        """
        from gonogo.api.studies.history import history_frame
        from gonogo.core.files import read_json_lines

        place = self.planned.folder
        for name in ("train_logs.jsonl", "train.jsonl"):
            if place.log(name).exists():
                return history_frame(list(read_json_lines(place.log(name))))
        raise UserError(f"{self.planned.name} has logged nothing yet", file=self.folder)

    def scores(self) -> pl.DataFrame:
        """Return its score table.

        Raises:
            UserError: if it has not been scored.
        """
        from gonogo.data.files.score_table import SCHEMA, read_scores

        return read_scores(self.planned.folder.scores).select(list(SCHEMA))

    def load(
        self,
        which: Literal["final", "best"] | None = None,
        *,
        device: Literal["auto"] | Device = "auto",
        precision: Literal["auto"] | Precision = "fp32",
    ) -> Model:
        """Load the model that it trained.

        Args:
            which: the last weights, or the best that were seen on the way; those that are scored,
                if not given.
            device: where it computes.
            precision: of matrix products.

        Raises:
            UserError: if it is not trained yet, or reads no texts.
        """
        from gonogo.api.models.model import load

        chosen = which or self.planned.config.evaluation.checkpoint
        folder = self.planned.folder.checkpoint(chosen)
        if not (folder / "model.json").exists():
            why = f"{self.planned.name} has no {chosen} checkpoint"
            raise UserError(why, file=self.folder, hint=f"it is {self.state}: run the study")
        return load(folder, device=device, precision=precision)

    def __repr__(self) -> str:
        """Return name and state."""
        return f"<trial {self.planned.name}: {self.state}, {self.planned.standing.reason}>"


class Trials(Mapping[tuple[str, int], Trial]):
    """A study's trials by arm and seed: ``trials["joint", 42]``.

    Args:
        plan: the study as it stands.
    """

    def __init__(self, plan: Plan) -> None:
        self._trials = {(one.arm, one.seed): Trial(one) for one in plan.trials}

    def __getitem__(self, key: tuple[str, int]) -> Trial:
        """Return one trial.

        Raises:
            UserError: for an arm or a seed that the study does not have.
        """
        if key in self._trials:
            return self._trials[key]
        names = [f"{arm}, {seed}" for arm, seed in self._trials]
        asked = ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)
        raise UserError(f"no trial {key!r}", place="trials", value=key, hint=nearest(asked, names))

    def __contains__(self, key: object) -> bool:
        """Tell whether the study has a trial."""
        return key in self._trials

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Iterate over arms and seeds, seed by seed."""
        return iter(self._trials)

    def __len__(self) -> int:
        """Return how many trials there are."""
        return len(self._trials)

    def __repr__(self) -> str:
        """Return a line for each trial."""
        return "\n".join(map(repr, self._trials.values()))
