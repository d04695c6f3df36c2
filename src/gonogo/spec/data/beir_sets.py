"""The 15 public data sets of BEIR (Thakur et al. 2021, arXiv 2104.08663), by short names.

BioASQ, Signal-1M, TREC-NEWS and Robust04 are not public and therefore not among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidatorFunctionWrapHandler

from gonogo.core.types import Split
from gonogo.spec.data.text_data import BEIR_LISTS, HubData


@dataclass(frozen=True, slots=True)
class BeirSet:
    """One public set.

    Attributes:
        name: as in the paper's tables, in lower case.
        hub: repositories that hold it; CQADupStack has twelve, one a forum.
        split: the split that the paper reports, where that is not ``test``.
        queries_are_documents: a query may be a document of the corpus under the same id, which a
            search must then leave out.
    """

    name: str
    hub: tuple[str, ...]
    split: Split | None = None
    queries_are_documents: bool = False

    @property
    def specs(self) -> tuple[HubData, ...]:
        """Return what a study file would name; mteb keeps judgements beside the corpus."""
        return tuple(
            HubData(
                repo=repo,
                qrels_repo=repo if repo.startswith("mteb/") else None,
                split=self.split,
                queries_are_documents=self.queries_are_documents,
            )
            for repo in self.hub
        )


CQADUPSTACK_FORUMS = (
    "android", "english", "gaming", "gis", "mathematica", "physics",
    "programmers", "stats", "tex", "unix", "webmasters", "wordpress",
)  # fmt: skip

BEIR_PUBLIC: tuple[BeirSet, ...] = (
    BeirSet("msmarco", ("BeIR/msmarco",), split="dev"),
    BeirSet("trec-covid", ("BeIR/trec-covid",)),
    BeirSet("nfcorpus", ("BeIR/nfcorpus",)),
    BeirSet("nq", ("BeIR/nq",)),
    BeirSet("hotpotqa", ("BeIR/hotpotqa",)),
    BeirSet("fiqa", ("BeIR/fiqa",)),
    BeirSet("arguana", ("BeIR/arguana",), queries_are_documents=True),
    BeirSet("webis-touche2020", ("BeIR/webis-touche2020",)),
    BeirSet("cqadupstack", tuple(f"mteb/cqadupstack-{forum}" for forum in CQADUPSTACK_FORUMS)),
    BeirSet("quora", ("BeIR/quora",), queries_are_documents=True),
    BeirSet("dbpedia-entity", ("BeIR/dbpedia-entity",)),
    BeirSet("scidocs", ("BeIR/scidocs",)),
    BeirSet("fever", ("BeIR/fever",)),
    BeirSet("climate-fever", ("BeIR/climate-fever",)),
    BeirSet("scifact", ("BeIR/scifact",)),
)

_FAST = ("scifact", "nfcorpus", "fiqa")


def beir_list(name: str) -> tuple[HubData, ...]:
    """Return the data sets that ``beir/public`` or ``beir/fast`` stands for.

    Raises:
        KeyError: for any other name.
    """
    by_name = {one.name: one for one in BEIR_PUBLIC}
    chosen = dict(zip(BEIR_LISTS, (tuple(by_name), _FAST), strict=True))[name]
    return tuple(spec for one in chosen for spec in by_name[one].specs)


def expand_list(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validate one entry of a list of data sets; the name of a BEIR list gives a tuple."""
    return beir_list(value) if value in BEIR_LISTS else handler(value)


def flatten(entries: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put the data sets of lists in the lists' place."""
    return tuple(
        data for entry in entries for data in (entry if isinstance(entry, tuple) else (entry,))
    )


def forum(dataset: str) -> str | None:
    """Return the forum of CQADupStack that a data set is, if it is one.

    Hub ids, ir_datasets identifiers and folder names are recognised (``mteb/cqadupstack-gis``,
    ``beir/cqadupstack/gis``, ``cqadupstack/gis``).
    """
    parts = dataset.lower().replace("cqadupstack-", "cqadupstack/").split("/")
    return parts[-1] if "cqadupstack" in parts and parts[-1] in CQADUPSTACK_FORUMS else None


def averaging_group(dataset: str) -> str:
    """Return the set that a data set counts under in an average: CQADupStack's forums are one."""
    return "cqadupstack" if forum(dataset) else dataset
