from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.files import read_json
from gonogo.core.progress import Silent
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.examples import retrieval_examples
from gonogo.data.examples.mining import mine_negatives
from gonogo.data.sources import hub, msmarco_blocks
from gonogo.data.sources.loading import load_dataset
from gonogo.data.sources.msmarco import Queries, build_triplets
from gonogo.data.sources.msmarco_blocks import Drawing
from gonogo.spec.data.text_data import BeirData, HubData
from gonogo.spec.task.tasks import JudgedNegatives, RetrievalTask

pytestmark = [pytest.mark.usefixtures("data_home"), pytest.mark.train]


LEFT = Queries(BeirData(folder="left"))


def build(drawing: Drawing, source: Queries = LEFT, out: str = "mined") -> dict[str, Any]:
    return build_triplets(source, drawing, Path(out), progress=Silent())


def judged(out: str = "mined") -> dict[str, dict[str, int]]:
    return load_dataset(BeirData(folder=out), "train").qrels


def test_hard_negatives_are_bm25s_best_without_the_positives() -> None:
    manifest = build(Drawing(count=3, top=8))
    whole = load_dataset(BeirData(folder="left"), "train")
    index, ids = Bm25Index(whole.corpus), whole.corpus.ids
    for query, grades in judged().items():
        best = {ids[row] for row, _ in index.search([whole.queries[query]], 8)[0]}
        negatives = {key for key, grade in grades.items() if grade == 0}
        positives = {key for key, grade in whole.qrels[query].items() if grade > 0}
        assert len(negatives) == 3
        assert negatives <= best - positives
        assert {key for key, grade in grades.items() if grade > 0} == positives
    count = len(whole.queries)
    assert manifest["negatives"] == {"hard": 3 * count, "random": 0, "filled": 0}


def test_only_documents_in_use_are_written_and_read_back_the_same() -> None:
    manifest = build(Drawing(count=1))
    whole = load_dataset(BeirData(folder="left"), "train")
    made = load_dataset(BeirData(folder="mined"), "train")
    used = {key for grades in made.qrels.values() for key in grades}
    assert set(made.corpus.ids) == used
    texts = dict(zip(whole.corpus.ids, whole.corpus.texts, strict=True))
    assert dict(zip(made.corpus.ids, made.corpus.texts, strict=True)).items() <= texts.items()
    assert made.queries == whole.queries
    assert manifest["corpus_searched"] == len(whole.corpus)
    assert manifest["files"].keys() == {"corpus.jsonl", "queries.jsonl", "qrels/train.tsv"}


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_the_share_of_hard_ones(share: float) -> None:
    manifest = build(Drawing(count=2, hard_share=share, top=10))
    drawn, queries = manifest["negatives"], manifest["queries"]
    assert drawn["hard"] + drawn["random"] == 2 * queries
    assert drawn["hard"] == pytest.approx(2 * queries * share, abs=8 if share == 0.25 else 0)


def test_what_bm25_lacks_is_filled_and_told(tmp_path: Path) -> None:
    corpus = [{"_id": "a", "text": "cat"}, {"_id": "b", "text": "dog"}, {"_id": "c", "text": "owl"}]
    folder = tmp_path / "odd"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus))
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "cat"}\n')
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t2\nq\tb\t0\n")
    manifest = build(Drawing(count=2), Queries(BeirData(folder="odd")))
    assert manifest["negatives"] == {"hard": 0, "random": 0, "filled": 2}
    assert judged() == {"q": {"a": 2, "b": 0, "c": 0}}


def test_a_copy_of_the_positive_or_of_the_query_is_no_negative(tmp_path: Path) -> None:
    corpus = ["the cat eats", "the cat eats", "which cat", "the cat sleeps"]
    folder = tmp_path / "odd"
    (folder / "qrels").mkdir(parents=True)
    rows = [{"_id": f"d{place}", "text": text} for place, text in enumerate(corpus)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "which cat"}\n')
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq\td0\t1\n")
    build(Drawing(count=3), Queries(BeirData(folder="odd")))
    assert judged() == {"q": {"d0": 1, "d3": 0}}


def test_an_interrupted_run_continues_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(msmarco_blocks, "BLOCK", 10)
    build(Drawing(count=2, hard_share=0.5), out="whole")
    mine = msmarco_blocks._Miner.mine
    blocks: list[int] = []

    def killed(self: Any, queries: Any) -> Any:
        if len(blocks) == 2:
            raise KeyboardInterrupt
        blocks.append(len(queries))
        return mine(self, queries)

    monkeypatch.setattr(msmarco_blocks._Miner, "mine", killed)
    with pytest.raises(KeyboardInterrupt):
        build(Drawing(count=2, hard_share=0.5))
    assert not (tmp_path / "mined").exists()
    kept = sorted(path.name for path in (tmp_path / ".mined.parts").glob("block_*"))
    assert kept == ["block_00000.jsonl", "block_00001.jsonl"]
    blocks.clear()
    monkeypatch.setattr(
        msmarco_blocks._Miner, "mine", lambda self, q: (blocks.append(1), mine(self, q))[1]
    )
    build(Drawing(count=2, hard_share=0.5))
    assert len(blocks) == 2  # 38 queries, 20 of them done
    assert read_json(tmp_path / "mined" / "manifest.json") == read_json(
        tmp_path / "whole" / "manifest.json"
    )
    assert not (tmp_path / ".mined.parts").exists()


def test_blocks_of_other_settings_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = Path(".mined.parts")
    parts.mkdir()
    (parts / "key.json").write_text('"other"\n')
    (parts / "block_00000.jsonl").write_text("{broken\n")
    build(Drawing(count=1))
    assert judged()


def test_a_finished_folder_is_left_alone_and_a_foreign_one_refused(tmp_path: Path) -> None:
    build(Drawing(count=1))
    written = (tmp_path / "mined" / "corpus.jsonl").stat().st_mtime_ns
    build(Drawing(count=1))
    assert (tmp_path / "mined" / "corpus.jsonl").stat().st_mtime_ns == written
    build(Drawing(count=2))
    assert read_json(tmp_path / "mined" / "manifest.json")["inputs"]["count"] == 2
    with pytest.raises(UserError, match="something other than a triplets folder"):
        build(Drawing(), out="left")


@pytest.mark.parametrize("manifest", ['{"kind": "bank"}', '["kind", "triplets"]', '{"key": "x"}'])
def test_a_folder_with_a_manifest_of_its_own_is_never_replaced(
    tmp_path: Path, manifest: str
) -> None:
    """Banks and pairs have a manifest of the same name."""
    bank = tmp_path / "bank"
    bank.mkdir()
    (bank / "manifest.json").write_text(manifest)
    (bank / "precious.npy").write_bytes(b"hours of work")
    with pytest.raises(UserError, match="bank: holds something other than a triplets folder"):
        build(Drawing(), out="bank")
    assert (bank / "precious.npy").read_bytes() == b"hours of work"


@pytest.mark.parametrize("added", ["notes.txt", "qrels/dev.tsv"])
def test_what_was_added_to_a_mined_folder_is_not_lost(tmp_path: Path, added: str) -> None:
    build(Drawing(count=1))
    assert read_json(tmp_path / "mined" / "manifest.json")["kind"] == "triplets"
    (tmp_path / "mined" / added).write_text("by hand")
    build(Drawing(count=1))  # nothing is replaced
    with pytest.raises(UserError, match=f": holds {added}, which would be lost"):
        build(Drawing(count=2))
    assert (tmp_path / "mined" / added).read_text() == "by hand"
    (tmp_path / "mined" / added).unlink()
    assert build(Drawing(count=2))["inputs"]["count"] == 2


def test_what_is_added_while_blocks_are_mined_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the blocks stay: whoever moves it away mines nothing again."""
    build(Drawing(count=1))
    added, mine = tmp_path / "mined" / "notes.txt", msmarco_blocks._Miner.mine

    def meanwhile(self: Any, queries: Any) -> Any:
        added.write_text("by hand")
        return mine(self, queries)

    monkeypatch.setattr(msmarco_blocks._Miner, "mine", meanwhile)
    with pytest.raises(UserError, match=r"holds notes\.txt"):
        build(Drawing(count=2))
    assert added.read_text() == "by hand"
    added.unlink()
    monkeypatch.setattr(msmarco_blocks._Miner, "mine", None)
    assert build(Drawing(count=2))["inputs"]["count"] == 2


def test_what_a_query_gets_does_not_depend_on_the_others() -> None:
    build(Drawing(count=2), Queries(BeirData(folder="left"), most_queries=7), "few")
    build(Drawing(count=2), out="all")
    few, every = judged("few"), judged("all")
    assert len(few) == 7
    assert all(every[query] == grades for query, grades in few.items())


def test_a_task_trains_on_the_mined_negatives() -> None:
    build(Drawing(count=2))
    data = load_dataset(BeirData(folder="mined"), "train")
    task = RetrievalTask.model_validate(
        {"data": ["mined"], "negatives": {"kind": "judged", "count": 2}}
    )
    for example in retrieval_examples(data, task, seed=1):
        grades = data.qrels[example.query_id]
        assert {key for key, grade in grades.items() if grade == 0} == set(example.negative_ids)


def test_judged_negatives_that_are_short_are_filled_and_counted() -> None:
    build(Drawing(count=1))
    data = load_dataset(BeirData(folder="mined"), "train")
    mined = mine_negatives(data, JudgedNegatives(count=3), seed=1)
    counts = mined.counts
    assert counts.window == counts.pairs
    assert counts.random == 2 * counts.pairs
    assert "come from where they were asked for" in (counts.shortage() or "")


def test_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default source, with a stand-in for the hub's library."""
    tables = {
        ("BeIR/msmarco", "corpus"): {
            "corpus": [{"_id": f"d{n}", "title": "", "text": f"cat number {n}"} for n in range(9)]
        },
        ("BeIR/msmarco", "queries"): {"queries": [{"_id": "1", "text": "which cat"}]},
        ("BeIR/msmarco-qrels", None): {
            "train": [{"query-id": 1, "corpus-id": "d4", "score": 1}],
        },
    }

    def load(repo: str, config: str | None = None, **_: Any) -> Any:
        return {name: iter(rows) for name, rows in tables[repo, config].items()}

    monkeypatch.setitem(
        sys.modules, "datasets", SimpleNamespace(__version__="4.0", load_dataset=load)
    )
    said: list[str] = []
    monkeypatch.setattr(hub, "_FAR", 5)
    source, shown = Queries(HubData(repo="BeIR/msmarco")), Silent()
    monkeypatch.setattr(shown, "say", said.append)
    manifest = build_triplets(source, Drawing(count=4), Path("mined"), progress=shown)
    assert said[0] == "hub:BeIR/msmarco: corpus: 5 rows read"
    assert manifest["negatives"]["hard"] == 4
    assert judged()["1"]["d4"] == 1


def test_as_a_user() -> None:
    command = ["data", "msmarco", "--from", "left", "--out", "mined", "--queries", "5"]
    result = CliRunner().invoke(app, [*command, "--negatives", "2"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "5 queries, 5 positives, 10 hard and 0 random negatives" in result.output
    assert "negatives: {kind: judged, count: 2}" in result.output
    with pytest.raises(UserError, match="no data folder 'lefft'"):
        CliRunner().invoke(
            app, ["data", "msmarco", "--from", "lefft", "--out", "x"], catch_exceptions=False
        )
