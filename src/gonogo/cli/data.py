"""gonogo data: from running text to checked training data; one file a verb beside this one."""

from __future__ import annotations

import typer

from gonogo.cli import data_bank, data_msmarco, data_pairs, data_preflight, data_whiten

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
