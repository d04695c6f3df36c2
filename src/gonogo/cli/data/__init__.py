"""gonogo data: from running text to checked training data; one file a verb beside this one."""

from __future__ import annotations

import typer

from gonogo.cli.data import bank as data_bank
from gonogo.cli.data import msmarco as data_msmarco
from gonogo.cli.data import pairs as data_pairs
from gonogo.cli.data import preflight as data_preflight
from gonogo.cli.data import whiten as data_whiten

app = typer.Typer(
    help="Make and check training data: vector banks, pairs, hard negatives, pre-flight checks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _data() -> None:
    """Keep this a group of verbs, however many of them there are."""


app.command("bank")(data_bank.bank)
app.command("msmarco")(data_msmarco.msmarco)
app.command("pairs")(data_pairs.pairs)
app.command("preflight")(data_preflight.preflight)
app.command("whiten")(data_whiten.whiten)
