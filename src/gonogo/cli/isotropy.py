"""gonogo isotropy: how evenly models' embeddings fill their space, on the same texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gonogo.cli.shared import options
from gonogo.cli.shared.echo import echo, echo_lines

if TYPE_CHECKING:
    from gonogo.study.running.isotropy_probe import Probed


def isotropy(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="Whatever gonogo evaluate takes, save bm25."),
    ],
    texts: Annotated[
        str, typer.Option(help="A text or JSON lines file, or a data set, whose corpus is taken.")
    ],
    count: Annotated[
        int | None, typer.Option(min=2, help="At most so many texts; all if not given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for JSON, table and spectrum plot.")
    ] = None,
    side: Annotated[
        Literal["passage", "query"], typer.Option(help="Frame texts as queries or as passages.")
    ] = "passage",
    precision: options.PrecisionName = "fp32",
    device: options.DeviceName = "auto",
) -> None:
    """Print 1 - std/mean of the eigenvalues beside the Gaussian, IsoScore*, cosine, rank, norms.

    Several models are also compared with each other (centred kernel alignment).
    """
    _require_training()
    from gonogo.api.showing.progress import open_progress
    from gonogo.data.sources.probe_texts import probe_texts
    from gonogo.data.weights.model_places import find_model

    places = [find_model(model) for model in dict.fromkeys(models)]
    source, chosen = probe_texts(texts, count)
    with open_progress() as progress:
        progress.say("loading the libraries that embed")
        from gonogo.core.workplace import Workplace
        from gonogo.models.build.any_model import load_any
        from gonogo.models.parts.devices import resolve_device, resolve_precision
        from gonogo.study.running.isotropy_probe import probe
        from gonogo.study.trained.evaluate_models import refuse_same_labels

        refuse_same_labels(places)
        where = resolve_device(device)
        probed = [
            probe(
                load_any(place, device=where, precision=resolve_precision(precision, where)),
                chosen,
                Workplace(progress=progress),
                name=place.label,
                source=source,
                side=side,
            )
            for place in places
        ]
    _publish(probed, out)


def _require_training() -> None:
    from gonogo.core.extras import require

    require("train", "gonogo isotropy")


def _publish(probed: list[Probed], out: Path | None) -> None:
    from gonogo.analysis.geometry.cka import LEAST_ROWS, pairwise_cka
    from gonogo.cli.shared.verdicts import command_line
    from gonogo.core.files import write_bytes, write_json, write_text
    from gonogo.report.cells.table_markdown import markdown
    from gonogo.report.cells.table_text import text
    from gonogo.report.tables.geometry_tables import alike_table, geometry_table

    records = [each.record for each in probed]
    tables = [geometry_table(records)]
    cka = None
    if len(records) > 1 and records[0].texts.count >= LEAST_ROWS:
        cka = pairwise_cka([each.vectors for each in probed])
        tables.append(alike_table([record.model for record in records], cka))
    echo_lines("\n".join(map(text, tables)))
    if out is None:
        return
    from gonogo.report.pages.figures import render
    from gonogo.report.plots.spectrum import spectrum_plot

    dumped = [record.model_dump(mode="json") for record in records]
    write_json(out / "isotropy.json", {"command": command_line(), "models": dumped, "cka": cka})
    write_text(out / "isotropy.md", "\n".join(map(markdown, tables)))
    for kind, data in render(spectrum_plot(records), ("png", "pdf")).items():
        write_bytes(out / f"spectrum.{kind}", data)
    echo(f"written: {out / 'isotropy.json'}, isotropy.md, spectrum.png, spectrum.pdf")
