"""Aliases of verbs: options of the verb, help of their own with their environment variables.

Options are read before anything else happens, so that a wrong one, and ``--help``, are answered
without a look at data or environment.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Any

import typer

from gonogo.cli.main import main as command_line

COMMON = {
    "PYTHON": "the interpreter (shell scripts only)",
    "GONOGO_DATA": "folders that hold data sets, with a colon between them",
    "GONOGO_CACHE": "folder of what is kept between runs",
    "HF_HUB_OFFLINE": "1: nothing is fetched",
}
"""Variables that every alias hears."""


def alias(
    script: str,
    verb: Callable[..., None],
    about: str,
    start: Callable[..., object],
    *,
    variables: Mapping[str, str] | None = None,
    without: Collection[str] = ("study",),
    command: type[typer.core.TyperCommand] | None = None,
) -> Callable[[Sequence[str]], None]:
    """Return a program with the options of a verb.

    Args:
        script: the file that people type.
        verb: the function behind the verb; its options are those of the program.
        about: what the program does; the first lines of its help.
        start: is called with the options' values once all of them are known to be right.
        variables: further environment variables and what they mean.
        without: arguments of the verb that the program supplies.
        command: how the options are read, where the verb has a way of its own.
    """

    @wraps(verb)
    def options(**values: Any) -> None:
        start(**values)

    signature = inspect.signature(verb, eval_str=True)
    kept = [one for name, one in signature.parameters.items() if name not in without]
    options.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
    options.__annotations__ = {one.name: one.annotation for one in kept}
    program = typer.Typer(
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # a line a variable
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    heard = {**(variables or {}), **COMMON}
    width = max(map(len, heard))
    told = [f"  {name:{width}}  {meaning}" for name, meaning in heard.items()]
    listed = "\n".join(["\b", "Environment variables:", *told])
    program.command(help=about, epilog=listed, cls=command)(options)

    return lambda given: program(list(given), prog_name=script)


def gonogo(*words: str) -> None:
    """Run the command line; records name this command, which anybody can repeat."""
    sys.argv = ["gonogo", *words]
    command_line()
