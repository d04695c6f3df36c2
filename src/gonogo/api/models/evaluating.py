"""Any models on any retrieval sets, without a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gonogo.api.models.model import Model
from gonogo.api.showing.card import card
from gonogo.api.showing.tables import as_html, as_latex, as_markdown, as_text
from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision

if TYPE_CHECKING:
    import polars as pl

    from gonogo.core.progress import Progress
    from gonogo.report.cells.tables import Table
    from gonogo.study.trained.evaluate_models import Evaluation as Record

COMMAND = "gonogo.evaluate(...) in Python"
ENDINGS = (".md", ".json", ".csv")
FOLDER = Path("outputs") / "evaluations"
"""Where scores are kept and found again, if no other folder is given."""


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found: every model on every set, and the means over shared sets."""

    record: Record = field(repr=False)
    folder: Path
    """Where the scores of every query are."""

    @property
    def failed(self) -> dict[tuple[str, str], str]:
        """Return for each (model, set) without scores why it has none."""
        parts = self.record.parts
        return {(one.model, one.dataset): one.note for one in parts if one.status != "scored"}

    @property
    def errors(self) -> dict[tuple[str, str], str]:
        """Return those of `failed` that something went wrong with; the others are not there."""
        broken = {(one.model, one.dataset) for one in self.record.parts if one.status == "error"}
        return {pair: why for pair, why in self.failed.items() if pair in broken}

    @property
    def note(self) -> str:
        """Return what is not known of the sets that the models were trained on, if anything."""
        return self.record.domains.note

    def to_frame(self) -> pl.DataFrame:
        """Return the mean of each model on each set: model, dataset, metric, mean, queries."""
        import polars as pl

        rows = [
            (one.arm, one.dataset, one.metric, one.mean, one.queries) for one in self.record.scores
        ]
        columns = ["model", "dataset", "metric", "mean", "queries"]
        return pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)

    def scores(self) -> pl.DataFrame:
        """Return the score of every query, a table that `gonogo.decide` takes.

        Columns arm (the model), seed (null), task, dataset, metric, query_id, value.
        """
        import polars as pl

        from gonogo.data.files.score_table import SCHEMA
        from gonogo.study.trained.evaluate_model_parts import PartFiles

        parts = (one for one in self.record.parts if one.status == "scored")
        frames = [PartFiles(self.folder, one.model, one.dataset).read() for one in parts]
        tables = [frame.select(list(SCHEMA)) for frame in frames]
        return pl.concat(tables) if tables else pl.DataFrame(schema=SCHEMA)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """Return the tables as Markdown, written to ``path`` where given."""
        return as_markdown(self._tables(), path)

    def to_latex(self, path: str | Path | None = None) -> str:
        """Return the tables as LaTeX (booktabs), written to ``path`` where given."""
        return as_latex(self._tables(), path)

    def save(self, path: str | Path, *, command: str = COMMAND, note: str | None = None) -> Path:
        """Write a page, a table, or all of it for programs, as the ending says.

        Args:
            path: a ``.md``, ``.csv`` or ``.json`` file.
            command: makes it again; it stands in it.
            note: stands below the page's tables; `note` itself, if not given.

        Raises:
            UserError: for another ending.
        """
        from gonogo.core.files import write_json, write_text
        from gonogo.report.tables.model_tables import as_json, markdown_page, tidy_csv

        file, found = Path(path), self.record.comparison
        said = self.note if note is None else note
        match checked_ending(file).suffix:
            case ".json":
                domains = vars(self.record.domains)
                write_json(file, {**as_json(found, command), "domains": domains})
            case ".csv":
                write_text(file, tidy_csv(found))
            case _:
                write_text(file, markdown_page(found, command) + (f"\n{said}\n" if said else ""))
        return file

    def _tables(self) -> list[Table]:
        """Return a table a measure, in the order asked for, and what has no score."""
        from gonogo.report.tables.model_tables import metric_table, missing_table

        found = self.record.comparison
        made = [*(metric_table(found, metric) for metric in found.metrics), missing_table(found)]
        return [table for table in made if table.rows]

    def __str__(self) -> str:
        """Return the first measure as a terminal shows it, and what has no score."""
        own = self._tables()
        shown = [*own[:1], *(one for one in own[1:] if one.name == "missing")]
        return "\n".join([as_text(shown), *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        return card(map(as_html, self._tables()))


def checked_ending(path: Path) -> Path:
    """Return a path that `Evaluation.save` can write to.

    Raises:
        UserError: for an ending that it does not know.
    """
    if path.suffix not in ENDINGS:
        hint = f"one of {', '.join(ENDINGS)}"
        raise UserError(f"{path.name!r} has no known ending", place="out", hint=hint)
    return path


def evaluate(
    models: Model | str | Path | Sequence[Model | str | Path],
    datasets: str | Sequence[str],
    metrics: Sequence[str] = (),
    *,
    max_queries: int | None = None,
    in_domain: Sequence[str] | None = None,
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    device: Literal["auto"] | Device = "auto",
    precision: Literal["auto"] | Precision = "fp32",
    download: bool = True,
    queries_are_documents: bool = False,
    folder: str | Path = FOLDER,
    progress: bool | Progress = False,
) -> Evaluation:
    """Score models on retrieval sets; finished sets are kept, and failing ones are told.

    Args:
        models: one or several: a model that was loaded, or whatever `load` takes, or ``bm25``.
        datasets: BEIR's names (``scifact``), ``all``, folders, ``hub:...``, ``ir:...``.
        metrics: measures, such as ``nDCG@10``; the usual ones if not given.
        max_queries: at most so many queries of each set.
        in_domain: sets that the models were trained on; as trials noted them, if not given.
        query_prompt: stands before queries of sentence-transformers models.
        passage_prompt: stands before their documents.
        device: where models compute.
        precision: of matrix products.
        download: fetch models and data that are not on this machine.
        queries_are_documents: queries are documents of these sets under the same id.
        folder: where scores are kept and found again.
        progress: show bars and lines.

    Raises:
        UserError: for a model, set or measure that is not to be had.
    """
    from gonogo.api.showing.progress import watching
    from gonogo.core.extras import require

    require("train", "gonogo.evaluate")
    from gonogo.core.metrics import canonical_metric
    from gonogo.data.sources.evaluation_sets import evaluation_sets
    from gonogo.data.weights.model_places import find_model

    wanted = tuple(map(canonical_metric, [metrics] if isinstance(metrics, str) else metrics))
    named = [datasets] if isinstance(datasets, str) else list(datasets)
    sets = evaluation_sets(named, queries_are_documents=queries_are_documents)
    places = [find_model(name, download=download) for name in names_of_models(models)]
    with watching(progress) as shown:
        shown.say("loading the libraries that embed")
        from gonogo.models.build.any_model import Prompts
        from gonogo.models.parts.devices import resolve_device, resolve_precision
        from gonogo.study.trained.evaluate_model_parts import METRICS, Settings
        from gonogo.study.trained.evaluate_models import Machine, evaluate_models

        where = resolve_device(device)
        prompts = Prompts(query_prompt, passage_prompt)
        machine = Machine(where, resolve_precision(precision, where), prompts, download)
        settings = Settings(metrics=wanted or METRICS, max_queries=max_queries)
        found = evaluate_models(
            places,
            sets,
            Path(folder),
            settings,
            machine,
            progress=shown,
            in_domain=list(in_domain) if in_domain else None,
        )
    return Evaluation(found, Path(folder))


def names_of_models(models: Model | str | Path | Sequence[Model | str | Path]) -> list[str]:
    """Return where the models lie, each once."""
    several = [models] if isinstance(models, Model | str | Path) else list(models)
    return list(dict.fromkeys(map(_name, several)))


def _name(model: object) -> str:
    if isinstance(model, Model):
        return model.path
    if isinstance(model, str | Path):
        return str(model)
    hint = "a loaded model, a folder, or a name"
    raise UserError(f"{model!r} is no model", place="models", value=model, hint=hint)
