"""The 15 public data sets of BEIR (Thakur et al. 2021, arXiv 2104.08663) and their average.

BioASQ, Signal-1M, TREC-NEWS and Robust04 are not public and therefore not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from gonogo.core.types import Split
from gonogo.spec.data import HubData


@dataclass(frozen=True, slots=True)
class BeirSet:
    """One public set.

    Attributes:
        name: as in the paper's tables, in lower case.
        hub: repositories that hold it; CQADupStack has twelve, one a forum.
        split: the split that the paper reports.
        queries_are_documents: a query may be a document of the corpus under the same id, which a
            search must then leave out.
    """

    name: str
    hub: tuple[str, ...]
    split: Split = "test"
    queries_are_documents: bool = False

    @property
    def specs(self) -> tuple[HubData, ...]:
        """Return what a study file would name; mteb keeps judgements beside the corpus."""
        return tuple(
            HubData(repo=repo, qrels_repo=repo if repo.startswith("mteb/") else None)
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


def averaging_group(dataset: str) -> str:
    """Return the set that a data set counts under in an average: CQADupStack's forums are one.

    Hub ids, ir_datasets identifiers and folder names are recognised (``mteb/cqadupstack-gis``,
    ``beir/cqadupstack/gis``, ``cqadupstack/gis``); any other data set counts by itself.
    """
    parts = dataset.lower().replace("cqadupstack-", "cqadupstack/").split("/")
    if "cqadupstack" in parts and parts[-1] in CQADUPSTACK_FORUMS:
        return "cqadupstack"
    return dataset


def group_mean(values: Mapping[str, float]) -> float:
    """Average over data sets, the forums of CQADupStack first among themselves.

    Raises:
        ValueError: if there is nothing to average.
    """
    groups: dict[str, list[float]] = {}
    for dataset, value in values.items():
        groups.setdefault(averaging_group(dataset), []).append(value)
    if not groups:
        raise ValueError("no values to average")
    return fmean(fmean(group) for group in groups.values())
