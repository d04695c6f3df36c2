"""Which queries of a study are not evidence of their own: named clusters, and repeated texts.

They are read from the data sets once and kept beside the scores, so that a study is decided alike
where its data are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    queries: dict[str, int] = {}
    """How many queries were looked at."""
    examples: dict[str, tuple[str, str]] = {}
    """Two texts that repeat each other."""
    unchecked: str = ""
    """Why nobody could look; empty where somebody did."""

    def notes(self) -> Iterator[str]:
        """Say what does not count as evidence of its own, and what could not be checked."""
        for name, groups in self.repeated.items():
            count = sum(len(group) - 1 for group in groups)
            if count:
                one, other = self.examples[name]
                yield (
                    f"{name}: {count:,} of {self.queries[name]:,} queries repeat another one "
                    f"nearly word for word (such as {one!r} and {other!r}); they count as one "
                    "cluster each"
                )
        if self.unchecked:
            yield f"whether queries repeat each other could not be checked: {self.unchecked}"

    def of(self, dataset: str) -> Mapping[str, str]:
        """Return the cluster of each query that has one, repeated texts joined."""
        named, groups = self.clusters.get(dataset, {}), self.repeated.get(dataset, [])
        parents: dict[str, str] = {}

        def root(label: str) -> str:
            while label in parents:
                label = parents[label]
            return label

        own = {query: f"cluster {cluster}" for query, cluster in named.items()}
        for group in groups:
            labels = sorted({root(own.setdefault(query, f"query {query}")) for query in group})
            parents.update(dict.fromkeys(labels[1:], labels[0]))
        return {query: root(label) for query, label in own.items()}

    def joined_to(self, scores: pl.DataFrame) -> pl.DataFrame:
        """Return scores with their column ``cluster``, where any query has one."""
        names = scores["dataset"].unique().sort().to_list()
        rows = [(name, *pair) for name in names for pair in self.of(name).items()]
        if not rows:
            return scores
        keys = ["dataset", "query_id"]
        clusters = pl.DataFrame(rows, schema=[*keys, "cluster"], orient="row")
        found = scores.join(clusters, on=keys, how="left", maintain_order="left")
        return found if found["cluster"].null_count() < len(found) else scores


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
    repeated, counts, examples = {}, {}, {}
    for data in sets:
        texts = query_texts(data, split, beside=beside)
        groups, counts[data.name] = repeated_queries(texts), len(texts)
        if groups:
            repeated[data.name] = groups
            examples[data.name] = (_short(texts[groups[0][0]]), _short(texts[groups[0][1]]))
    return QueryGroups(
        key=key, clusters=clusters, repeated=repeated, queries=counts, examples=examples
    )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
