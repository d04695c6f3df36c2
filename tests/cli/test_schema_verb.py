"""gonogo schema: the same schema on the console and in a file."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from gonogo.cli.main import app


def test_schema_on_the_console_and_in_a_file(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["schema"], catch_exceptions=False)
    schema = json.loads(printed.stdout)
    assert {"study", "seeds", "arms", "gate"} <= schema["properties"].keys()
    whole, extending = schema["anyOf"]
    assert {"study", "seeds", "arms", "gate"} <= set(whole["required"])
    assert "extends" in extending["required"]
    path = tmp_path / "study.schema.json"
    written = CliRunner().invoke(app, ["schema", "--out", str(path)], catch_exceptions=False)
    assert path.read_text(encoding="utf-8") == printed.stdout
    assert written.stdout.splitlines() == [
        f"wrote {path}; begin a study file with",
        f"# yaml-language-server: $schema={path}",
    ]
