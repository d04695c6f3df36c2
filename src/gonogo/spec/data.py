"""Where texts and judgements come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gonogo.spec.base import Count, Spec


class PythonApiData(Spec):
    """API documentation of an installed package: summary line -> signature and description."""

    kind: Literal["python_api"] = "python_api"
    package: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """``stdlib`` or the import name of an installed package."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return f"python-api/{self.package}"


class BeirData(Spec):
    """A BEIR folder, plain or gzipped: corpus.jsonl, queries.jsonl, ``qrels/<split>.tsv``."""

    kind: Literal["beir"] = "beir"
    folder: str
    """A path, or a name looked up in the data folders (``$GONOGO_DATA``, beside the study)."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        path = Path(self.folder)
        forum = path.parent.name == "cqadupstack"  # its parts have names like "english"
        return f"cqadupstack/{path.name}" if forum else path.name


class HubData(Spec):
    """A Hugging Face data set in BEIR's shape: configurations corpus, queries and qrels."""

    kind: Literal["hub"] = "hub"
    repo: str
    """Repository id, such as ``BeIR/scifact``."""
    qrels_repo: str | None = None
    """Repository of the judgements; ``<repo>-qrels`` when not given."""
    revision: str | None = None
    """A commit or tag, so that the data cannot change under a study."""
    qrels_revision: str | None = None
    """A commit or tag of ``qrels_repo``, where that is another repository."""
    format: Literal["beir", "triplets"] = "beir"
    """``triplets``: rows of query, positive, negative (``sentence-transformers/msmarco*``)."""
    config: str | None = None
    """Configuration of a triplet repository that has several."""
    limit: Count | None = None
    """Rows read from a triplet set, in file order."""

    @model_validator(mode="after")
    def _keys_fit_format(self) -> Self:
        other = {
            "beir": ("config", "limit"),
            "triplets": ("qrels_repo", "qrels_revision"),
        }[self.format]
        for key in other:
            if getattr(self, key) is not None:
                raise ValueError(f"{key} means nothing where format is {self.format}")
        return self

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        repo = Path(self.repo).name if self.repo.startswith(("/", ".", "~")) else self.repo
        return f"{repo}/{self.config}" if self.config else repo


class IrDatasetsData(Spec):
    """A data set of the ir_datasets package."""

    kind: Literal["ir_datasets"] = "ir_datasets"
    dataset: str
    """Identifier, such as ``beir/scifact``; one that names no split at all has a test set only."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return self.dataset


def _expand(value: Any) -> Any:
    """Turn the short forms ``python-api/X``, ``hub:X``, ``ir:X`` and a folder into blocks."""
    if not isinstance(value, str):
        return value
    if value.startswith("python-api/"):
        return {"kind": "python_api", "package": value.removeprefix("python-api/")}
    if value.startswith("hub:"):
        return {"kind": "hub", "repo": value.removeprefix("hub:")}
    if value.startswith("ir:"):
        return {"kind": "ir_datasets", "dataset": value.removeprefix("ir:")}
    return {"kind": "beir", "folder": value}


DataSpec = Annotated[
    Annotated[PythonApiData | BeirData | HubData | IrDatasetsData, Field(discriminator="kind")],
    BeforeValidator(_expand, json_schema_input_type=str | dict[str, Any]),
]
"""A data set: ``python-api/numpy``, a BEIR folder, ``hub:BeIR/scifact``, ``ir:...`` or a block."""
