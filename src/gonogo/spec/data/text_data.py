"""Where texts and judgements come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gonogo.core.types import Split
from gonogo.spec.base import Count, Spec

BEIR_LISTS = ("beir/public", "beir/fast")
"""Short names that stand for several data sets, where data sets to evaluate on are listed."""
CLUSTER_FILES = (".tsv", ".tsv.gz", ".tsv.zst")
PACKAGE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _cluster_source(value: str) -> str:
    first, _, rest = value.partition(".")
    if value.endswith(CLUSTER_FILES) or value == "document":
        return value
    if first in ("metadata", "document") and all(rest.split(".")):
        return value
    raise ValueError(
        f"{value!r} names no clusters; metadata.KEY, document, document.KEY or a .tsv file do"
    )


ClusterSource = Annotated[str, AfterValidator(_cluster_source)]
"""Where the clusters of a data set's queries come from."""


class JudgedTexts(Spec, ABC):
    """What every data set has; code outside of its source asks this alone."""

    split: Split | None = None
    """Judgements used in place of the task's or evaluation's split."""
    cluster: ClusterSource | None = None
    """Which scored queries hang together, such as those on one document, and are no independent
    evidence: ``metadata.KEY`` of a query's line (where no query has it, of its document's),
    ``document`` (the best judged one), ``document.KEY`` of that document's line
    (``document.title``), or a TSV file with the columns query_id, cluster and perhaps dataset. It
    changes intervals, and neither scores nor training."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the name used in tables and file names."""

    @property
    def leaves_out_own(self) -> bool:
        """Say whether a search for a query leaves out the document of the same id."""
        return False

    def with_own_left_out(self) -> Self:
        """Return the same data, where a query's own document is left out if it may have one."""
        return self


class _TextsWithIds(JudgedTexts):
    """What data sets have whose queries and documents come with ids of their own."""

    queries_are_documents: bool = False
    """A query may be a document under the same id, which a search for it must leave out."""

    @property
    def leaves_out_own(self) -> bool:
        """Say whether a search for a query leaves out the document of the same id."""
        return self.queries_are_documents

    def with_own_left_out(self) -> Self:
        """Return the same data, where a query's own document is left out."""
        return self.model_copy(update={"queries_are_documents": True})


class PythonApiData(JudgedTexts):
    """API documentation of an installed package: summary line -> signature and description."""

    kind: Literal["python_api"] = "python_api"
    package: str = Field(pattern=PACKAGE_PATTERN)
    """``stdlib`` or the import name of an installed package."""

    @property
    def name(self) -> str:
        """Return the name used in tables and file names."""
        return f"python-api/{self.package}"


class BeirData(_TextsWithIds):
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


class HubData(_TextsWithIds):
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
    """Queries read from a triplet set, in file order; reading ends at the first one too many."""
    texts_repo: str | None = None
    """Repository of the texts, where a triplet set holds ids and keeps no texts of its own."""

    @model_validator(mode="after")
    def _keys_fit_format(self) -> Self:
        other = {
            "beir": ("config", "limit", "texts_repo"),
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


class IrDatasetsData(_TextsWithIds):
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
    if value in BEIR_LISTS:
        raise ValueError(f"{value!r} is a list of data sets to evaluate on; name single ones here")
    if meant := get_close_matches(value, BEIR_LISTS, n=1, cutoff=0.85):
        raise ValueError(
            f"no data sets {value!r}; did you mean {meant[0]!r}? (a folder: './{value}')"
        )
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
