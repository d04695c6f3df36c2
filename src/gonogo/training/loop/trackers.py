"""TensorBoard, W&B, MLflow and Trackio, through Accelerate's trackers.

Accelerate's ``Accelerator`` itself stays out: its state is one a process and refuses a second
precision, while one process runs many trials; and models here bring their own autocast. What
trackers need of that state is who is the main process, which no trial changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gonogo.core.errors import UserError
from gonogo.spec.training import Tracker


class Trackers:
    """Sends each step's figures to the chosen trackers; to none at no cost.

    Args:
        names: which ones.
        run: the name of the run there.
        folder: where those that keep files keep them.
        config: the settings shown beside the curves.

    Raises:
        UserError: for a tracker whose package is not installed.
    """

    def __init__(
        self, names: Sequence[Tracker], run: str, folder: Path, config: Mapping[str, Any]
    ) -> None:
        self._started: list[Any] = []
        if not names:
            return
        from accelerate.state import PartialState
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS, filter_trackers

        PartialState(cpu=True)  # the trackers ask it whether this is the main process
        for name in names:
            if not filter_trackers([name], str(folder)):
                raise UserError(
                    f"{name} is not installed",
                    place="training.trackers",
                    hint=f"pip install {name}, or leave it out",
                )
            kind = LOGGER_TYPE_TO_CLASS[name]
            place = {"logging_dir": str(folder)} if kind.requires_logging_directory else {}
            tracker = kind(run, **place)
            tracker.start()
            tracker.store_init_configuration(_flat(config))
            self._started.append(tracker)

    def log(self, figures: Mapping[str, float], step: int) -> None:
        """Send one step's figures."""
        for tracker in self._started:
            tracker.log(dict(figures), step=step)

    def close(self) -> None:
        """Let every tracker write what it holds."""
        for tracker in self._started:
            tracker.finish()


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings under dotted keys; trackers accept plain values only."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value if isinstance(value, bool | int | float) else str(value)
    return flat
