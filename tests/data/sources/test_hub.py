from __future__ import annotations

import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import TypeAdapter

from gonogo.core.errors import UserError
from gonogo.core.progress import Bar
from gonogo.data.sources import hub
from gonogo.data.sources.hub import hub_folder
from gonogo.data.sources.loading import dataset_fingerprint, load_dataset
from gonogo.spec.data.text_data import DataSpec, HubData, IrDatasetsData

Splits = dict[str, list[dict[str, Any]]]

BEIR: dict[tuple[str, str | None], Splits] = {
    ("BeIR/toy", "corpus"): {
        "corpus": [
            {"_id": "d1", "title": "A", "text": "one"},
            {"_id": "d2", "title": "", "text": "two"},
        ]
    },
    ("BeIR/toy", "queries"): {"queries": [{"_id": "1", "text": "?"}, {"_id": "2", "text": "!"}]},
    ("BeIR/toy-qrels", None): {
        "test": [
            {"query-id": 1, "corpus-id": "d1", "score": 1},
            {"query-id": 1, "corpus-id": "d2", "score": 0},
        ],
        "validation": [{"query-id": 2, "corpus-id": "d2", "score": 2}],
    },
}


class SizedRows:
    """A streamed split whose repository's card tells how many rows it has."""

    def __init__(self, rows: Any, info: SimpleNamespace) -> None:
        self.rows, self.info = rows, info

    def __iter__(self) -> Any:
        return iter(self.rows)


class Shown:
    """Progress that writes down its bars (label, total, steps, closed) and lines."""

    def __init__(self) -> None:
        self.bars: list[list[Any]] = []
        self.lines: list[str] = []

    def bar(self, label: str, total: int, *, done: int = 0) -> Bar:
        self.bars.append([label, total, done, False])
        return ShownBar(self.bars[-1])

    def say(self, message: str) -> None:
        self.lines.append(message)


class ShownBar:
    def __init__(self, state: list[Any]) -> None:
        self.state = state

    def advance(self, count: int = 1, **figures: float | str) -> None:
        self.state[2] += count

    def close(self) -> None:
        self.state[3] = True


class FakeHub(SimpleNamespace):
    """Stands in for the module ``datasets``: load_dataset over tables, counting rows read."""

    def __init__(self, tables: dict[tuple[str, str | None], Splits], version: str = "4.0") -> None:
        super().__init__(__version__=version, tables=tables, read=0, calls=[], sizes=False)

    def load_dataset(self, repo: str, config: str | None = None, **options: Any) -> Any:
        self.calls.append((repo, config, options))
        if (repo, config) not in self.tables:
            raise ValueError(f"BuilderConfig {config!r} not found in {repo}")
        tables = self.tables[repo, config]
        if not self.sizes:
            return {name: self._rows(rows) for name, rows in tables.items()}
        sizes = {name: SimpleNamespace(num_examples=len(rows)) for name, rows in tables.items()}
        info = SimpleNamespace(splits=sizes)
        return {name: SizedRows(self._rows(rows), info) for name, rows in tables.items()}

    def _rows(self, rows: list[dict[str, Any]]) -> Any:
        for row in rows:
            self.read += 1
            if row.get("broken"):
                raise ConnectionError("reset by peer")
            yield row


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))


def use(monkeypatch: pytest.MonkeyPatch, tables: Any, version: str = "4.0") -> FakeHub:
    hub = FakeHub(tables, version)
    monkeypatch.setitem(sys.modules, "datasets", hub)
    return hub


def test_beir_shape_with_the_one_text_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, BEIR)
    data = load_dataset(HubData(repo="BeIR/toy"), "test")
    assert data.name == "BeIR/toy"
    assert dict(zip(data.corpus.ids, data.corpus.texts, strict=True)) == {
        "d1": "A one",
        "d2": "two",
    }
    assert data.queries == {"1": "?"}
    assert data.qrels == {"1": {"d1": 1, "d2": 0}}
    assert load_dataset(HubData(repo="BeIR/toy"), "dev").qrels == {"2": {"d2": 2}}


def test_the_hub_is_asked_once_and_never_runs_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = use(monkeypatch, BEIR, version="3.6")
    spec = HubData(repo="BeIR/toy", revision="abc", qrels_revision="def")
    first = load_dataset(spec, "test")
    calls = len(hub.calls)
    assert dataset_fingerprint(spec, "test") == load_dataset(spec, "test").fingerprint
    assert load_dataset(spec, "test") == first
    assert len(hub.calls) == calls
    assert all(options["trust_remote_code"] is False for _, _, options in hub.calls)
    revisions = {repo: options["revision"] for repo, _, options in hub.calls}
    assert revisions == {"BeIR/toy": "abc", "BeIR/toy-qrels": "def"}


PASSAGES: dict[tuple[str, str | None], Splits] = {
    **BEIR,
    ("BeIR/toy", "corpus"): {"corpus": [{"_id": f"d{n}", "text": f"text {n}"} for n in range(7)]},
}


def test_the_rows_of_a_corpus_are_read_under_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, PASSAGES).sizes = True
    monkeypatch.setattr(hub, "_BLOCK", 3)
    shown = Shown()
    hub_folder(HubData(repo="BeIR/toy"), "test", progress=shown)
    assert shown.bars == [
        ["hub:BeIR/toy qrels: test", 2, 0, True],
        ["hub:BeIR/toy: queries", 2, 0, True],
        ["hub:BeIR/toy: corpus", 7, 6, True],
    ]
    hub_folder(HubData(repo="BeIR/toy"), "test", progress=shown)
    assert len(shown.bars) == 3  # it is in the cache


def test_of_unknown_many_rows_it_is_said_how_far_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, PASSAGES)
    monkeypatch.setattr(hub, "_FAR", 3)
    shown = Shown()
    hub_folder(HubData(repo="BeIR/toy"), "test", progress=shown)
    assert shown.bars == []
    assert shown.lines == [f"hub:BeIR/toy: corpus: {count} rows read" for count in (3, 6)]


def test_a_bar_is_closed_where_reading_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"query": "q", "positive": "p", "negative": "n"}]
    use(monkeypatch, {("st/cut", None): {"train": [*rows, {"broken": True}]}}).sizes = True
    shown = Shown()
    with pytest.raises(UserError, match="reading stopped"):
        hub_folder(HubData(repo="st/cut", format="triplets"), "train", progress=shown)
    assert [closed for _, _, _, closed in shown.bars] == [True]


def test_judgements_beside_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {("mteb/toy", config): BEIR["BeIR/toy", config] for config in ("corpus", "queries")}
    judged = BEIR["BeIR/toy-qrels", None]
    for config in ("default", "qrels"):
        use(monkeypatch, {**tables, ("mteb/toy", config): judged})
        spec = HubData(repo="mteb/toy", qrels_repo="mteb/toy", revision=config)
        assert load_dataset(spec, "test").qrels == {"1": {"d1": 1, "d2": 0}}


TEXTS = [
    {"query": "q one", "positive": "p one", "negative": "shared"},
    {"query": "q two", "positive": "shared", "negative": "p one"},
    {"query": "q one", "positive": "p more", "negative": "p one"},
]


def test_triplets_of_texts_are_deduplicated(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, {("st/trip", "triplet"): {"train": TEXTS}})
    data = load_dataset(HubData(repo="st/trip", format="triplets", config="triplet"), "train")
    text = dict(zip(data.corpus.ids, data.corpus.texts, strict=True))
    assert sorted(text.values()) == ["p more", "p one", "shared"]
    grades = {
        data.queries[query]: {text[key]: grade for key, grade in judged.items()}
        for query, judged in data.qrels.items()
    }
    # "p one" is a negative of the third row, but the first row says that it is relevant
    assert grades == {
        "q one": {"p one": 1, "shared": 0, "p more": 1},
        "q two": {"shared": 1, "p one": 0},
    }


def test_a_limit_counts_queries_and_reads_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = use(monkeypatch, {("st/trip", None): {"train": [TEXTS[0], TEXTS[2], *TEXTS[1:2] * 50]}})
    one = load_dataset(HubData(repo="st/trip", format="triplets", limit=1), "train")
    assert list(one.queries.values()) == ["q one"]
    assert sorted(one.corpus.texts) == ["p more", "p one", "shared"]  # of both its rows
    assert hub.read <= 4  # both, the one too many, and what an iterator may look ahead
    two = load_dataset(HubData(repo="st/trip", format="triplets", limit=2), "train")
    assert list(two.queries.values()) == ["q one", "q two"]


def test_a_limit_keeps_the_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, {("st/trip", None): {"train": TEXTS}})
    whole = load_dataset(HubData(repo="st/trip", format="triplets"), "train")
    few = load_dataset(HubData(repo="st/trip", format="triplets", limit=1), "train")
    assert few.queries.items() <= whole.queries.items()
    assert set(few.corpus.ids) <= set(whole.corpus.ids)


def test_triplets_of_ids_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = use(
        monkeypatch,
        {
            ("st/ids", "triplets"): {
                "train": [{"query_id": 7, "positive_id": 1, "negative_id": 2, "score": 0.5}]
            },
            ("st/ids", "queries"): {"train": [{"query_id": "7", "query": "asks"}]},
            ("st/ids", "corpus"): {
                "train": [{"passage_id": str(n), "passage": f"text {n}"} for n in range(50)]
            },
        },
    )
    data = load_dataset(HubData(repo="st/ids", format="triplets", config="triplets"), "train")
    assert data.queries == {"7": "asks"}
    assert data.corpus.texts == ("text 1", "text 2")
    assert data.qrels == {"7": {"1": 1, "2": 0}}
    assert hub.read < 10
    hub.tables["st/ids", "corpus"]["train"].pop(1)
    with pytest.raises(UserError, match="1 ids have no text, such as '1'"):
        load_dataset(HubData(repo="st/ids", format="triplets", config="triplets", limit=1), "train")


def test_texts_of_ids_in_a_repository_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shape of sentence-transformers/msmarco-bm25 triplet-ids and msmarco-corpus."""
    ids = [{"query": 7, "positive": 1, "negative": 2}, {"query": 8, "positive": 2, "negative": 1}]
    texts = [{"pid": number, "text": f"text {number}"} for number in range(50)]
    tables = {
        ("st/mined", "triplet-ids"): {"train": ids},
        ("st/corpus", "query"): {"train": [{"qid": 7, "text": "asks"}, {"qid": 8, "text": "and"}]},
        ("st/corpus", "passage"): {"train": texts},
    }
    use(monkeypatch, tables)
    spec = HubData(
        repo="st/mined", format="triplets", config="triplet-ids", texts_repo="st/corpus", limit=1
    )
    data = load_dataset(spec, "train")
    assert data.queries == {"7": "asks"}
    assert data.corpus.texts == ("text 1", "text 2")
    with pytest.raises(UserError, match="hub:st/mined: configuration 'query': cannot be opened"):
        load_dataset(spec.model_copy(update={"texts_repo": None}), "train")


def test_how_a_study_searches_the_data_fetches_nothing_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = use(monkeypatch, BEIR)
    plain = load_dataset(HubData(repo="BeIR/toy"), "dev")
    calls = len(hub.calls)
    spec = HubData(repo="BeIR/toy", split="dev", queries_are_documents=True)
    data = load_dataset(spec, "test")
    assert len(hub.calls) == calls
    assert data.qrels == plain.qrels
    assert dataset_fingerprint(spec, "test") == data.fingerprint != plain.fingerprint


def test_negatives_in_several_columns_or_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"anchor": "a", "positive": "p", "negative_1": "n1", "negative_2": "n2", "neg_scores": "x"},
        {"anchor": "b", "positive": "p", "negatives": ["n3", "n1"]},
    ]
    use(monkeypatch, {("st/n", None): {"train": rows}})
    data = load_dataset(HubData(repo="st/n", format="triplets"), "train")
    assert data.corpus.texts == ("p", "n1", "n2", "n3")
    assert [sorted(grades.values()) for grades in data.qrels.values()] == [[0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize(
    ("spec", "split", "problem"),
    [
        (HubData(repo="BeIR/none"), "test", "hub:BeIR/none-qrels: cannot be opened: ValueError"),
        (HubData(repo="BeIR/toy"), "train", "hub:BeIR/toy qrels: no split 'train'"),
        (HubData(repo="st/odd", format="triplets"), "train", "no column 'query' or 'anchor'"),
        (HubData(repo="st/cut", format="triplets"), "train", "reading stopped: reset by peer"),
    ],
)
def test_faults_of_the_hub_are_named(
    monkeypatch: pytest.MonkeyPatch, spec: HubData, split: Any, problem: str
) -> None:
    tables: dict[tuple[str, str | None], Splits] = {
        ("st/odd", None): {"train": [{"left": "a", "right": "b"}]},
        ("st/cut", None): {"train": [TEXTS[0], {"broken": True}]},
    }
    use(monkeypatch, {**BEIR, **tables})
    with pytest.raises(UserError, match=problem):
        load_dataset(spec, split)


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.setitem(sys.modules, "ir_datasets", None)
    with pytest.raises(UserError, match=r"pip install 'gonogo\[hub\]'.*python-api/stdlib"):
        load_dataset(HubData(repo="BeIR/toy"), "test")
    with pytest.raises(UserError, match=r"pip install 'gonogo\[hub\]'"):
        load_dataset(IrDatasetsData(dataset="beir/toy"), "test")


Doc = namedtuple("Doc", "doc_id title text")
Bare = namedtuple("Bare", "doc_id body")
Query = namedtuple("Query", "query_id text")
Judged = namedtuple("Judged", "query_id doc_id relevance iteration")


class FakeIr:
    """Stands in for one data set of ir_datasets."""

    def __init__(self, docs: list[Any], judged: bool = True) -> None:
        self.docs, self.judged = docs, judged

    def has_docs(self) -> bool:
        return True

    def has_queries(self) -> bool:
        return True

    def has_qrels(self) -> bool:
        return self.judged

    def docs_iter(self) -> Any:
        return iter(self.docs)

    def queries_iter(self) -> Any:
        return iter([Query("1", "?"), Query("2", "unjudged")])

    def qrels_iter(self) -> Any:
        return iter([Judged("1", "d1", 1, "0")])


def use_ir(monkeypatch: pytest.MonkeyPatch, known: dict[str, FakeIr]) -> None:
    fake = SimpleNamespace(load=known.__getitem__)
    monkeypatch.setitem(sys.modules, "ir_datasets", fake)


def test_ir_datasets_in_the_same_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    use_ir(monkeypatch, {"beir/toy/test": FakeIr([Doc("d1", "A", "one"), Doc("d2", None, "two")])})
    for name in ("beir/toy", "beir/toy/test"):
        data = load_dataset(TypeAdapter(DataSpec).validate_python(f"ir:{name}"), "test")
        assert data.corpus.texts == ("A one", "two")
        assert (data.queries, data.qrels) == ({"1": "?"}, {"1": {"d1": 1}})


def test_an_identifier_of_another_split_is_a_contradiction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = FakeIr([Doc("d1", "", "one")])
    use_ir(
        monkeypatch, {"beir/toy/test": plain, "vaswani": plain, "half": FakeIr([], judged=False)}
    )
    with pytest.raises(UserError, match="holds the test split, but train is asked for"):
        load_dataset(IrDatasetsData(dataset="beir/toy/test"), "train")
    # a set without splits is a test set: training on it too would leak
    assert load_dataset(IrDatasetsData(dataset="vaswani"), "test").corpus.ids == ("d1",)
    with pytest.raises(UserError, match="knows no 'vaswani/train'"):
        load_dataset(IrDatasetsData(dataset="vaswani"), "train")
    with pytest.raises(UserError, match="with documents, queries and qrels"):
        load_dataset(IrDatasetsData(dataset="half"), "test")
    use_ir(monkeypatch, {"odd": FakeIr([Bare("d1", "x")])})
    with pytest.raises(UserError, match="Bare has no text; its fields are doc_id, body"):
        load_dataset(IrDatasetsData(dataset="odd"), "test")


def test_the_real_library_reads_local_files_of_the_same_shape(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    assert hasattr(datasets, "load_dataset")
    home, judged = tmp_path / "toy", tmp_path / "toy-qrels"
    for folder in (home, judged):
        folder.mkdir()
    (home / "corpus.jsonl").write_text('{"_id": "d1", "title": "A", "text": "one"}\n')
    (home / "queries.jsonl").write_text('{"_id": "1", "text": "?"}\n')
    (home / "README.md").write_text(
        "---\nconfigs:\n"
        "- config_name: corpus\n  data_files:\n  - split: corpus\n    path: corpus.jsonl\n"
        "- config_name: queries\n  data_files:\n  - split: queries\n    path: queries.jsonl\n---\n"
    )
    (judged / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td1\t1\n")
    data = load_dataset(HubData(repo=str(home), qrels_repo=str(judged)), "test")
    assert (data.name, data.corpus.texts, data.qrels) == ("toy", ("A one",), {"1": {"d1": 1}})
