"""Run the interference study: an alias of ``gonogo run interference`` with the same options."""

from __future__ import annotations

import sys

try:
    from alias import alias, gonogo
except ModuleNotFoundError as error:
    print(
        f"error: this Python has no {error.name} (make test installs into .venv)", file=sys.stderr
    )
    sys.exit(2)

from gonogo.cli import run
from gonogo.cli.main import end_well

ABOUT = """Run the interference study; the same as gonogo run interference.

Does one LoRA adapter that learns embedding and reranking together lose against two specialists?
The plan alone: --dry-run. On packaged data and weights, in minutes: --tier smoke.
"""


def main(given: list[str]) -> None:
    """Run the study."""

    def start(**_: object) -> None:
        gonogo("run", "interference", *given)

    alias("run_experiment1.py", run.run, ABOUT, start)(given)


if __name__ == "__main__":
    end_well(lambda: main(sys.argv[1:]))
