"""Turn environment variables into recorded ``--set`` options of ``gonogo run distillation``.

An empty variable counts as not given. Two names for one setting, or a variable and a ``--set``
of the command line, may stand together only if they say the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from gonogo.cli import main as command_line
from gonogo.cli.shared.flags import told
from gonogo.core.errors import UserError
from gonogo.spec.reading.overrides import parse_override

TASK = "tasks.distill"
MODE, THRESHOLD = "TRACK_B_FALSE_NEG_MODE", "TRACK_B_FALSE_NEG_THRESHOLD"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a variable sets.

    Attributes:
        key: dotted key in the study file.
        kind: how its text is read.
    """

    key: str
    kind: Literal["count", "number", "seeds", "switch", "word"]


SETTINGS = {
    "STEPS": Setting("training.max_steps", "count"),
    "SEEDS": Setting("seeds", "seeds"),
    "LR": Setting("training.learning_rate", "number"),
    "LR_SCHEDULE": Setting("training.learning_rate_schedule", "word"),
    "WARMUP_STEPS": Setting("training.warmup", "count"),
    "AMP": Setting(f"{TASK}.products", "switch"),
    "SAVE_EVERY": Setting("training.checkpoint_every", "count"),
    "EVAL_EVERY": Setting("training.validation.every", "count"),
    "BATCH_SIZE": Setting(f"{TASK}.batch_size", "count"),
    "TRACK_B_DIM": Setting("model.projection.dimension", "count"),
    "TRACK_B_K": Setting(f"{TASK}.neighbours", "count"),
    "TRACK_B_NEG_M": Setting(f"{TASK}.negatives", "count"),
    "TRACK_B_M": Setting(f"{TASK}.negatives", "count"),
    "TRACK_B_QUEUE_SIZE": Setting(f"{TASK}.queue_size", "count"),
    "TRACK_B_TAU": Setting(f"{TASK}.objective.temperature", "number"),
    MODE: Setting(f"{TASK}.false_negatives.kind", "word"),
    THRESHOLD: Setting(f"{TASK}.false_negatives.above", "number"),
}
_SWITCH = {"1": "bf16", "true": "bf16", "0": "fp32", "false": "fp32"}


def arguments(environment: Mapping[str, str], given: Sequence[str]) -> list[str]:
    """Return the options of ``gonogo run distillation``, those of the command line last.

    Raises:
        UserError: for a text that is no such value, and for two values of one setting.
    """
    chosen: dict[str, tuple[str, Any]] = {}
    for source, key, value in (*_variables(environment), *_sets(given)):
        before, known = chosen.setdefault(key, (source, value))
        if known != value:
            raise UserError(
                f"{source} says {value!r}, but {before} says {known!r}",
                place=key,
                hint="two names for one setting; give one of them",
            )
    made = [(key, value) for key, (source, value) in chosen.items() if source in SETTINGS]
    sets = [part for key, value in made for part in ("--set", f"{key}={value}")]
    return [*sets, *_run_id(environment, given), *given]


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Yield (variable, key, value) of those that are given."""
    mode = environment.get(MODE, "").strip()
    if environment.get(THRESHOLD, "").strip() and mode not in ("", "threshold"):
        raise UserError(
            f"a cosine means nothing to the mode {mode!r}",
            place=THRESHOLD,
            hint=f"unset it, or set {MODE}=threshold",
        )
    for name, setting in SETTINGS.items():
        text = environment.get(name, "").strip()
        if text:
            yield name, setting.key, _read(name, text, setting)


def _read(name: str, text: str, setting: Setting) -> Any:
    try:
        match setting.kind:
            case "count":
                return int(text)
            case "number":
                return float(text)
            case "seeds":
                return [int(seed) for seed in text.strip("[]").replace(",", " ").split()]
            case "switch":
                return _SWITCH[text.lower()]
            case "word":
                return text
    except (ValueError, KeyError) as error:
        expected = {
            "count": "a whole number",
            "number": "a number",
            "seeds": "whole numbers such as 0,1,2",
            "switch": "1 or 0",
        }[setting.kind]
        raise UserError(f"{text!r} is not {expected}", place=name) from error


def _sets(given: Sequence[str]) -> Iterator[tuple[str, str, Any]]:
    """Yield the ``--set`` options of the command line; two of one key are its own business."""
    texts = _given("--set", given)
    keys = {setting.key for setting in SETTINGS.values()}
    last = dict(parse_override(text) for text in texts)
    for key, value in last.items():
        if key in keys:
            yield "--set", key, value


def _run_id(environment: Mapping[str, str], given: Sequence[str]) -> list[str]:
    name = environment.get("RUN_ID", "").strip()
    here = _given("--run-id", given)
    if name and here and here[-1] != name:
        raise UserError(f"RUN_ID says {name!r}, but --run-id says {here[-1]!r}", place="RUN_ID")
    return ["--run-id", name] if name and not here else []


def _given(option: str, arguments: Sequence[str]) -> list[str]:
    """Return the values of an option, written ``--set x`` or ``--set=x``."""
    found = [value for name, value in pairwise(arguments) if name == option]
    joined = (text for text in arguments if text.startswith(f"{option}="))
    return [*found, *(text.removeprefix(f"{option}=") for text in joined)]


def run() -> None:
    """Run the study; wrong input ends with one line and exit code 2."""
    try:
        options = arguments(os.environ, sys.argv[1:])
    except UserError as error:
        print(f"error: {told(error)}", file=sys.stderr)
        sys.exit(2)
    sys.argv = ["gonogo", "run", "distillation", *options]
    command_line.main()


if __name__ == "__main__":
    run()
