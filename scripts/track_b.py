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

from alias import alias, gonogo

from gonogo.cli import run
from gonogo.cli.main import end_well
from gonogo.core.errors import UserError, nearest
from gonogo.spec.reading.overrides import parse_override

ABOUT = """Run the distillation study; the same as gonogo run distillation.

Each variable becomes a recorded --set; empty ones count as not given. Two names for one setting, or
a variable and a --set, may stand together only if they say the same. RUN_ID needs no --only where
the settings leave one run.
"""
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
    kind: Literal["count", "number", "seeds", "format", "word"]


SETTINGS = {
    "STEPS": Setting("training.max_steps", "count"),
    "SEEDS": Setting("seeds", "seeds"),
    "LR": Setting("training.learning_rate", "number"),
    "LR_SCHEDULE": Setting("training.learning_rate_schedule", "word"),
    "WARMUP_STEPS": Setting("training.warmup", "count"),
    "AMP": Setting(f"{TASK}.products", "format"),
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
_FORMATS = {
    **dict.fromkeys(("none", "off", "no", "false", "0", "fp32"), "fp32"),
    **dict.fromkeys(("bf16", "on", "yes", "true", "1"), "bf16"),
    "fp16": "fp16",
    "auto": "auto",
}
"""What ``AMP`` may say, and the format of the head's products that it means."""
ENABLE = "TRACK_B_ENABLE"
PREFIX = "TRACK_B_"
OTHERS = {
    ENABLE: "true, or not given: this alias runs nothing else",
    "RUN_ID": "--run-id",
}
"""What else is read, and what it means."""


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
    _refuse_others(environment)
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


def _refuse_others(environment: Mapping[str, str]) -> None:
    """Refuse what would be passed over in silence: nothing that is given is without effect."""
    for name in environment:
        if name.startswith(PREFIX) and name not in SETTINGS and name not in OTHERS:
            known = [each for each in (*SETTINGS, ENABLE) if each.startswith(PREFIX)]
            raise UserError("no such variable", place=name, hint=nearest(name, known))
    enabled = environment.get(ENABLE, "").strip()
    if enabled.lower() not in ("", "1", "true", "yes", "on"):
        raise UserError(
            f"{enabled!r} leaves nothing to run, for this study is all that the alias runs",
            place=ENABLE,
            hint="set it to true, or unset it",
        )


def _read(name: str, text: str, setting: Setting) -> Any:
    try:
        match setting.kind:
            case "count":
                return int(text)
            case "number":
                return float(text)
            case "seeds":
                return [int(seed) for seed in text.strip("[]").replace(",", " ").split()]
            case "format":
                return _FORMATS[text.lower()]
            case "word":
                return text
    except (ValueError, KeyError) as error:
        expected = {
            "count": "a whole number",
            "number": "a number",
            "seeds": "whole numbers such as 0,1,2",
            "format": "none, bf16, fp16, 0 or 1",
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


def main(given: list[str]) -> None:
    """Run the study.

    Raises:
        UserError: as :func:`arguments`, once the options are known to be right.
    """

    def start(**_: object) -> None:
        gonogo("run", "distillation", *arguments(os.environ, given))

    meanings = {name: setting.key for name, setting in SETTINGS.items()}
    meanings["AMP"] += f" ({', '.join(('none', 'bf16', 'fp16', '0', '1'))}; 1 is bf16)"
    alias("run_track_b.sh", run.run, ABOUT, start, variables={**meanings, **OTHERS})(given)


if __name__ == "__main__":
    end_well(lambda: main(sys.argv[1:]))
