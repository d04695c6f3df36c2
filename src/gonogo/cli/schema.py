"""gonogo schema: the JSON schema of study files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonogo.cli.shared.echo import echo, write_json


def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it to this file.")] = None,
) -> None:
    """Print the JSON schema of study files, for editors that complete and check YAML."""
    import json

    from gonogo.core.files import write_text
    from gonogo.spec.reference.schema import study_schema

    text = json.dumps(study_schema(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        write_json(text)
        return
    write_text(out, text)
    echo(f"wrote {out}; begin a study file with")
    echo(f"# yaml-language-server: $schema={out}")
