"""gonogo criteria: how far a study has come on its own levels of success."""

from __future__ import annotations

import typer

from gonogo.cli.shared import options


def criteria(
    study: options.Study,
    quick: options.Quick = False,
    tier: options.Tier = None,
    out: options.Out = options.DEFAULT_OUT,
    sets: options.Sets = None,
) -> None:
    """Answer each line of the study's levels from files alone: met, not met, or unknown."""
    from dataclasses import asdict

    from gonogo.core.files import write_json, write_text
    from gonogo.report.cells.table_markdown import markdown
    from gonogo.report.cells.table_text import text
    from gonogo.report.words.criteria_table import criteria_table
    from gonogo.study.deciding.criteria import check_study
    from gonogo.study.folder.layout import StudyFolder

    opened = options.open_study(study, tier=tier, quick=quick, out=out, sets=sets)
    resolved, folder = opened.resolved, StudyFolder(opened.folder)
    found = check_study(resolved, folder, opened.beside)
    rows = [(line.level, line.line, line.status, line.found) for line in found.lines]
    table = criteria_table(
        f"{resolved.study}, tier {resolved.tier}",
        rows,
        found.levels,
        found.changes,
        preliminary=found.preliminary,
    )
    typer.echo(text(table))
    if folder.path.is_dir():
        write_json(folder.path / "criteria.json", {**asdict(found), "reached": found.reached})
        write_text(folder.path / "criteria.md", markdown(table))
