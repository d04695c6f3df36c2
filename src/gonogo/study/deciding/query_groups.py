"""Which queries of a study are not evidence of their own: named clusters, and repeated texts.

They are read from the data sets once and kept beside the scores, so that a study is decided alike
where its data are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

import polars as pl

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint, write_json
from gonogo.core.records import read_record
from gonogo.data.files.places import find_file
from gonogo.data.judged.repeated_queries import repeated_queries
from gonogo.data.sources.query_clusters import query_clusters, query_texts
from gonogo.data.weights.weights import file_hash
from gonogo.spec.base import Spec
from gonogo.spec.data.text_data import CLUSTER_FILES, DataSpec
from gonogo.spec.evaluation.evaluation_tasks import RerankingEvaluation, RetrievalEvaluation
from gonogo.study.planning.plan import Plan

_FORMAT = 1  # raised when other queries would be found to repeat each other
_SHOWN = 60  # characters of a text that is told


class QueryGroups(Spec):
    """The contents of query_groups.json; all by the name of the data set."""

    key: str = ""
    """Of the data and of where clusters come from."""
    clusters: dict[str, dict[str, str]] = {}
    """The cluster of each query that has one."""
    repeated: dict[str, list[list[str]]] = {}
    """Queries that nearly repeat each other's words."""
    texts: dict[str, str] = {}
    """How the queries begin that repeat another one, as ``<data set>/<query>``."""
    unchecked: str = ""
    """Why nobody could look; empty where somebody did."""

    def notes(self, scores: pl.DataFrame) -> Iterator[str]:
        """Say which scored queries are no evidence of their own, and what could not be checked."""
        for name, scored in _scored(scores):
            if groups := self._repeated(name, scored):
                count = sum(len(group) - 1 for group in groups)
                one, other = (self.texts.get(f"{name}/{query}", query) for query in groups[0][:2])
                yield (
                    f"{name}: {count:,} of {len(scored):,} queries repeat another one nearly word "
                    f"for word (such as {one!r} and {other!r}); they count as one cluster each"
                )
        if self.unchecked:
            yield f"whether queries repeat each other could not be checked: {self.unchecked}"

    def of(self, dataset: str, scored: Collection[str]) -> Mapping[str, str]:
        """Return the cluster of each scored query that has one, repeated texts joined."""
        parents: dict[str, str] = {}

        def root(label: str) -> str:
            while label in parents:
                label = parents[label]
            return label

        named = self.clusters.get(dataset, {})
        own = {query: f"cluster {named[query]}" for query in scored if query in named}
        for group in self._repeated(dataset, scored):
            labels = sorted({root(own.setdefault(query, f"query {query}")) for query in group})
            parents.update(dict.fromkeys(labels[1:], labels[0]))
        return {query: root(label) for query, label in own.items()}

    def _repeated(self, dataset: str, scored: Collection[str]) -> list[list[str]]:
        """Return the groups of two scored queries and more."""
        found = ([q for q in group if q in scored] for group in self.repeated.get(dataset, []))
        return [group for group in found if len(group) > 1]

    def joined_to(self, scores: pl.DataFrame) -> pl.DataFrame:
        """Return scores with their column ``cluster``, where any query has one."""
        rows = [
            (name, *pair)
            for name, scored in _scored(scores)
            for pair in self.of(name, scored).items()
        ]
        if not rows:
            return scores
        keys = ["dataset", "query_id"]
        clusters = pl.DataFrame(rows, schema=[*keys, "cluster"], orient="row")
        return scores.join(clusters, on=keys, how="left", maintain_order="left")


def _scored(scores: pl.DataFrame) -> Iterator[tuple[str, dict[str, None]]]:
    """Yield each data set with its scored queries."""
    keys = scores.select("dataset", "query_id").unique().sort("dataset", "query_id")
    for (name,), part in keys.group_by("dataset", maintain_order=True):
        yield str(name), dict.fromkeys(part["query_id"])


def query_groups(plan: Plan) -> QueryGroups:
    """Return the groups of a study's queries: those kept, or read anew where data have changed.

    Raises:
        UserError: if clusters that the study names can neither be read nor were kept.
    """
    sets, file = list(_judged_sets(plan)), plan.folder.query_groups
    kept = None
    with suppress(UserError):
        kept = read_record(file, QueryGroups)
    try:
        key = _key(plan, sets)
        if kept is not None and kept.key == key:
            return kept
        found = _read(plan, sets, key)
    except UserError as error:
        if kept is not None:
            return kept
        if any(data.cluster is not None for data in sets):
            raise
        return QueryGroups(unchecked=str(error))
    if plan.folder.path.is_dir():
        write_json(file, found.model_dump(mode="json"))
    return found


def _judged_sets(plan: Plan) -> Iterator[DataSpec]:
    spec, known = plan.study.evaluation, set[str]()
    for task in spec.tasks.values():
        if isinstance(task, RetrievalEvaluation | RerankingEvaluation):
            for data in spec.datasets if task.datasets is None else task.datasets:
                if data.name not in known:
                    known.add(data.name)
                    yield data


def _key(plan: Plan, sets: list[DataSpec]) -> str:
    """Return a fingerprint of everything that the groups depend on."""
    inputs = [trial.evaluation for trial in plan.trials] + [row.inputs for row in plan.references]
    tables = [
        file_hash(find_file(data.cluster, beside=plan.beside))
        for data in sets
        if data.cluster is not None and data.cluster.endswith(CLUSTER_FILES)
    ]
    return fingerprint([_FORMAT, inputs[:1], [(one.name, one.cluster) for one in sets], tables])


def _read(plan: Plan, sets: list[DataSpec], key: str) -> QueryGroups:
    split, beside = plan.study.evaluation.split, plan.beside
    clusters = {
        data.name: dict(query_clusters(data, split, beside=beside))
        for data in sets
        if data.cluster is not None
    }
    repeated: dict[str, list[list[str]]] = {}
    begins: dict[str, str] = {}
    for data in sets:
        texts = query_texts(data, split, beside=beside)
        if groups := repeated_queries(texts):
            repeated[data.name] = groups
            asked = (query for group in groups for query in group)
            begins |= {f"{data.name}/{query}": _short(texts[query]) for query in asked}
    return QueryGroups(key=key, clusters=clusters, repeated=repeated, texts=begins)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
