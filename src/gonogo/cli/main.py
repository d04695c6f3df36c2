"""The command line: every verb, and how wrong input and Ctrl-C end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from gonogo.cli import (
    compare,
    criteria,
    data,
    decide,
    doctor,
    evaluate,
    export,
    isotropy,
    learn,
    plan,
    postmortem,
    report,
    run,
    schema,
    search,
    status,
    studies,
    summary,
)
from gonogo.cli.shared.echo import echo
from gonogo.cli.shared.many_values import ManyValues
from gonogo.core.version import __version__

app = typer.Typer(
    help="Train retrieval models as experiments that end in a defensible go / no-go decision.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(run.run)
app.command()(plan.plan)
app.command()(learn.learn)
app.command()(status.status)
app.command()(decide.decide)
app.command()(compare.compare)
app.command()(report.report)
app.command()(summary.summary)
app.command()(postmortem.postmortem)
app.command()(search.search)
app.command()(criteria.criteria)
app.command(cls=ManyValues)(evaluate.evaluate)
app.command()(export.export)
app.command()(isotropy.isotropy)
app.command()(studies.studies)
app.command()(doctor.doctor)
app.command()(schema.schema)
app.add_typer(data.app, name="data")


def _version(wanted: bool) -> None:
    if wanted:
        echo(f"gonogo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line; wrong input ends with one line and exit code 2, Ctrl-C with 130."""
    end_well(app)


def end_well(command: Callable[[], object]) -> None:
    """Call a command; whatever ends it, the user reads a line and never a traceback.

    A plain ``kill`` ends it as Ctrl-C does, which programs in the background may not hear.
    """
    from gonogo.cli.shared.flags import told
    from gonogo.core.errors import UserError

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        command()
    except UserError as error:
        echo(f"error: {told(error)}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        echo("interrupted; what was finished is kept", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output (head, less) has left; that is no error of ours.
        sys.stderr.close()
        sys.exit(0)
