"""Say what the isotropy study takes, then train and judge it at full size."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from alias import alias, gonogo

from gonogo.api.studies.study import Study
from gonogo.cli import criteria, run
from gonogo.cli.main import end_well
from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo_lines
from gonogo.cli.shared.flags import with_flags
from gonogo.core.errors import UserError

STUDY = "isotropy"
ABOUT = """Train and judge the isotropy study; the same as gonogo run isotropy.

First it says what that takes, measured here on a few steps of every arm unless all is finished:
time for one worker, for as many as are asked for and for three, and what they cost. It asks
nothing. A dry run measures nothing. An interrupted run continues with the same command.
"""
VARIABLES = {
    "PRICE": "of one GPU hour, in any currency, for the estimate",
    "PLAN_ONLY": "1: the estimate alone",
}
MOST_TOLD = 3
"""Workers for which time and cost are always told."""


def main(given: list[str]) -> None:
    """Plan, run and answer the study's levels.

    Raises:
        UserError: for a price that is none, or anything wrong in study and options.
    """

    def start(**values: Any) -> None:
        price = price_of(os.environ)
        opened = options.open_study(
            STUDY, **{name: values[name] for name in ("tier", "quick", "out", "sets")}
        )
        tell_cost(opened, values, price)
        if os.environ.get("PLAN_ONLY", "").strip():
            return
        try:
            gonogo("run", STUDY, *given)
        except SystemExit as end:
            if end.code:
                raise
        if not values["dry_run"]:
            wanted = {name: values[name] for name in ("tier", "quick", "out", "sets")}
            criteria.criteria(STUDY, **wanted)

    script = "train_publication_recommended.sh"
    alias(script, run.run, ABOUT, start, variables=VARIABLES)(given)


def price_of(environment: Mapping[str, str]) -> float | None:
    """Return the price of an hour; None where none is given.

    Raises:
        UserError: if it is no number from 0 on.
    """
    text = environment.get("PRICE", "").strip()
    if not text:
        return None
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise UserError(f"{text!r} is no price of an hour", place="PRICE", hint="such as PRICE=2.5")
    return price


def tell_cost(opened: Study, values: Mapping[str, Any], price: float | None) -> None:
    """Print the plan, and of further numbers of workers time and cost alone."""
    dry, only = values["dry_run"], values["only"]
    asked = MOST_TOLD if values["workers"] == 1 else values["workers"]  # one is always told
    plan = opened.plan(only=only, fetch=not dry, workers=asked, price_per_hour=price)
    if not dry:
        plan.calibrate(device=values["device"], progress=True)
    echo_lines(with_flags(str(plan)))
    if asked != MOST_TOLD:
        more = opened.plan(only=only, workers=MOST_TOLD, price_per_hour=price)
        lines = str(more).splitlines()
        echo_lines("\n".join(one for one in lines if one.startswith(("time left ", "cost "))))


if __name__ == "__main__":
    end_well(lambda: main(sys.argv[1:]))
