"""Any models on any sets: what is compared, what is kept, and that nothing is dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_folders import sentence_folder
from study_values import write_beir
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.cli.shared.many_values import repeat_names
from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.data.sources.evaluation_sets import NOT_PUBLIC, evaluation_sets
from gonogo.data.sources.loading import load_dataset
from gonogo.data.weights.model_places import find_model
from gonogo.evaluation.encoding.encoding import encode
from gonogo.models.build.any_model import load_any
from gonogo.report.tables.model_tables import as_json, markdown_page, tidy_csv
from gonogo.spec.data.beir_sets import BEIR_PUBLIC
from gonogo.spec.data.text_data import BeirData, HubData
from gonogo.study.trained import evaluate_model_parts
from gonogo.study.trained import evaluate_models as evaluate_models_module
from gonogo.study.trained.evaluate_model_parts import Settings
from gonogo.study.trained.evaluate_models import Evaluation, Machine, evaluate_models

PUBLIC = {one.name for one in BEIR_PUBLIC}


@pytest.fixture(autouse=True)
def _home(data_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_beir(data_home / "right", 20)


@pytest.fixture
def model(tmp_path: Path, tiny_encoder_folder: Path) -> str:
    return str(sentence_folder(tmp_path / "mine", tiny_encoder_folder, longest=24))


def run(models: list[str], sets: list[str], in_domain: tuple[str, ...] | None = None) -> Evaluation:
    return evaluate_models(
        [find_model(name) for name in models],
        evaluation_sets(sets),
        Path("out.parts"),
        Settings(max_queries=10),
        Machine(fetch=False),
        progress=Silent(),
        in_domain=in_domain,
    )


def figure(found: Evaluation, model: str, dataset: str | None, metric: str = "nDCG@10") -> float:
    rows = found.means if dataset is None else found.scores
    [value] = [
        row.mean for row in rows if (row.arm, row.dataset, row.metric) == (model, dataset, metric)
    ]
    return value


def test_every_model_on_every_set_by_all_four_measures(model: str) -> None:
    found = run(["bm25", model], ["left", "right"])
    assert {row.metric for row in found.scores} == {"nDCG@10", "RR@10", "R@100", "AP@100"}
    assert len(found.scores) == 2 * 2 * 4
    assert all(part.status == "scored" and part.queries == 10 for part in found.parts)
    mean = (figure(found, "bm25", "left") + figure(found, "bm25", "right")) / 2
    assert figure(found, "bm25", None) == pytest.approx(mean)
    assert {mean.datasets for mean in found.means} == {("left", "right")}


def test_the_similarity_belongs_to_the_model(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    """A euclidean model is scored by minus the distance without being told."""
    settings = {"similarity_fn_name": "euclidean"}
    folder = sentence_folder(tmp_path / "far", tiny_encoder_folder, settings=settings, longest=24)
    place = find_model(str(folder))
    model = load_any(place, device="cpu", precision="fp32")
    data = load_dataset(BeirData(folder="left"), "test")

    def vectors(texts: list[str], side: Any) -> Any:
        return encode(model.bi_encoder, texts, side, device="cpu", autocast=model.autocast)

    documents = vectors(list(data.corpus.texts), "passage")
    queries = vectors(list(data.queries.values()), "query")
    distances = np.linalg.norm(queries[:, None] - documents[None], axis=-1)
    unit = documents / np.linalg.norm(documents, axis=1, keepdims=True)
    orders = {"euclidean": distances.argsort(1), "cosine": (-queries @ unit.T).argsort(1)}
    gold = [data.corpus.ids.index(next(iter(data.qrels[query]))) for query in data.queries]
    expected = {
        name: np.mean([1 / (1 + list(row).index(at)) for row, at in zip(rows, gold, strict=True)])
        for name, rows in orders.items()
    }
    assert expected["euclidean"] != expected["cosine"]
    found = evaluate_models(
        [place],
        evaluation_sets(["left"]),
        tmp_path / "parts",
        Settings(metrics=("RR@100",)),
        Machine(),
        progress=Silent(),
    )
    assert figure(found, "far", "left", "RR@100") == pytest.approx(expected["euclidean"])


def test_a_failing_set_is_told_and_in_nobodys_mean(tmp_path: Path, model: str) -> None:
    (tmp_path / "right" / "corpus.jsonl").write_text("{broken\n")
    found = run(["bm25", model], ["left", "right"])
    errors = [(part.model, part.dataset) for part in found.parts if part.status == "error"]
    assert errors == [("bm25", "right"), ("mine", "right")]
    assert {mean.datasets for mean in found.means} == {("left",)}
    page = markdown_page(found.comparison, "again")
    assert page.count("| error |") >= 2
    assert "not valid JSON" in page
    assert "bm25,right,,,,,,error" in tidy_csv(found.comparison)


def test_a_set_that_one_model_fails_on_is_in_no_ones_mean(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Averages over different sets are never held against one another."""
    whole = evaluate_model_parts.rank_corpus

    def fails_on_right(model: Any, dataset: Any, *rest: Any, **options: Any) -> Any:
        if dataset.name == "right":
            raise MemoryError("too large")
        return whole(model, dataset, *rest, **options)

    monkeypatch.setattr(evaluate_model_parts, "rank_corpus", fails_on_right)
    found = run(["bm25", model], ["left", "right"])
    assert {(mean.arm, mean.datasets) for mean in found.means} == {
        ("bm25", ("left",)),
        ("mine", ("left",)),
    }
    assert figure(found, "bm25", "right") > 0  # its own score is shown all the same
    [part] = [part for part in found.parts if part.status == "error"]
    assert part.note == "MemoryError: too large"


class Panic(BaseException):
    """What a library of Rust raises."""


@pytest.mark.parametrize("raised", [Panic("index out of bounds"), MemoryError("none left")])
def test_a_panic_fails_one_model_alone(
    model: str, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(evaluate_models_module, "load_any", broken)
    found = run([model, "bm25"], ["left"])
    assert [(part.model, part.status) for part in found.parts] == [
        ("mine", "error"),
        ("bm25", "scored"),
    ]
    assert found.parts[0].note == f"{type(raised).__name__}: {raised}"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_evaluation_is_heard(
    model: str, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise stop

    monkeypatch.setattr(evaluate_models_module, "load_any", stopped)
    with pytest.raises(stop):
        run([model], ["left"])


def test_finished_parts_are_kept_and_failed_ones_are_tried_again(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (tmp_path / "right" / "corpus.jsonl").read_text()
    (tmp_path / "right" / "corpus.jsonl").write_text("{broken\n")
    first = run([model], ["left", "right"])
    (tmp_path / "right" / "corpus.jsonl").write_text(whole)
    seen = []
    ranked = evaluate_model_parts.rank_corpus

    def watched(model: Any, dataset: Any, *rest: Any, **options: Any) -> Any:
        seen.append(dataset.name)
        return ranked(model, dataset, *rest, **options)

    monkeypatch.setattr(evaluate_model_parts, "rank_corpus", watched)
    second = run([model], ["left", "right"])
    assert seen == ["right"]
    assert figure(second, "mine", "left") == figure(first, "mine", "left")
    assert run([model], ["left", "right"]).scores == second.scores
    assert seen == ["right"]
    (tmp_path / "mine" / "sentence_bert_config.json").write_text('{"max_seq_length": 9}')
    run([model], ["left"])  # another model now
    assert seen == ["right", "left"]


def test_what_is_not_public_or_not_here_is_listed(model: str) -> None:
    found = run([model], ["left", "scifact", "robust04"])
    status = {part.dataset: (part.status, part.note) for part in found.parts}
    assert status["robust04"] == ("not available", "its texts are not public")
    assert status["scifact"][0] == "not available"
    assert as_json(found.comparison, "again")["not_available"].keys() == {"scifact", "robust04"}


@pytest.mark.parametrize("why", ["cannot be opened: no network", "no column 'query-id'"])
def test_the_hub_that_cannot_be_reached_or_read(
    monkeypatch: pytest.MonkeyPatch, model: str, why: str
) -> None:
    """Every public set is then an error, whether it was named or is one of ``all``."""

    def failing(*_: Any, **__: Any) -> str:
        raise UserError(why, file="hub:BeIR/scifact")

    monkeypatch.setattr(evaluate_model_parts, "dataset_fingerprint", failing)
    for name in ("scifact", "left"):
        [named] = run([model], [name]).parts
        assert (named.status, named.note) == ("error", f"hub:BeIR/scifact: {why}")
    listed = {part.dataset: part.status for part in run([model], ["all"]).parts}
    assert {name for name, status in listed.items() if status == "error"} == PUBLIC
    assert {name for name, status in listed.items() if status == "not available"} == set(NOT_PUBLIC)
    command = ["evaluate", model, "--datasets", "all", "--out", "r.md", "--device", "cpu"]
    assert CliRunner().invoke(app, command).exit_code == 1


def test_offline_all_is_not_available_and_no_error(model: str) -> None:
    command = ["evaluate", model, "--datasets", "all", "--offline", "--out", "r.json"]
    result = CliRunner().invoke(app, [*command, "--device", "cpu"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    missing = json.loads(Path("r.json").read_text())["not_available"]
    assert missing.keys() == PUBLIC | set(NOT_PUBLIC)
    assert "not fetched yet" in missing["scifact"]


def test_in_and_out_of_domain_apart(model: str) -> None:
    found = run(["bm25", model], ["left", "right"], in_domain=("left",))
    groups = {(mean.group, mean.datasets) for mean in found.means}
    assert groups == {
        ("all", ("left", "right")),
        ("in domain", ("left",)),
        ("out of domain", ("right",)),
    }
    page = markdown_page(found.comparison, "again")
    assert "all (left, right); in domain (left); out of domain (right)" in page
    with pytest.raises(UserError, match="did you mean 'left'"):
        run(["bm25"], ["left"], in_domain=("lefd",))


@pytest.mark.parametrize("damage", ["parquet", "json"])
@pytest.mark.parametrize("left", [b"", b"not a table", b"PAR1"])
def test_a_damaged_part_is_scored_anew(model: str, damage: str, left: bytes) -> None:
    first = run([model], ["left"])
    kept = Path("out.parts/mine/left.parquet").with_suffix(f".{damage}")
    kept.write_bytes(left)
    again = run([model], ["left"])
    assert [part.status for part in again.parts] == ["scored"]
    assert again.scores == first.scores
    assert kept.read_bytes() != left
    assert run([model], ["left"]).parts == again.parts  # found again, its time included


@pytest.mark.parametrize("record", ["[]", '{"part": {}}', '"text"'])
def test_a_record_of_another_shape_is_as_good_as_missing(model: str, record: str) -> None:
    run([model], ["left"])
    Path("out.parts/mine/left.json").write_text(record)
    assert [part.status for part in run([model], ["left"]).parts] == ["scored"]


def test_offline_downloads_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked: list[bool] = []

    def snapshot(*_: Any, local_files_only: bool, **__: Any) -> str:
        asked.append(local_files_only)
        raise OSError("not cached")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    command = ["evaluate", "some/model", "--datasets", "left", "--out", "r.md"]
    for options in (["--offline"], []):
        with pytest.raises(UserError, match="are not on this machine"):
            CliRunner().invoke(app, [*command, *options], catch_exceptions=False)
    assert asked == [True, True, False]  # without the option it is asked for, too


def test_forums_are_one_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gonogo.data.sources.evaluation_sets import EvaluationSet

    for name in ("gis", "unix"):
        write_beir(tmp_path / "cqadupstack" / name, 40)
    members = tuple(BeirData(folder=f"cqadupstack/{name}") for name in ("gis", "unix"))
    found = evaluate_models(
        [find_model("bm25")],
        [EvaluationSet("cqadupstack", members)],
        tmp_path / "parts",
        Settings(max_queries=3),
        Machine(),
        progress=Silent(),
    )
    [part] = found.parts
    assert part.queries == 6


def test_models_and_measures_that_make_no_sense(tmp_path: Path, model: str) -> None:
    with pytest.raises(UserError, match="two models are called"):
        run(["bm25", "bm25"], ["left"])
    with pytest.raises(UserError, match="R@500 looks deeper than rank 100"):
        evaluate_models(
            [find_model("bm25")],
            evaluation_sets(["left"]),
            tmp_path,
            Settings(metrics=("R@500",)),
            Machine(),
            progress=Silent(),
        )


def test_isotropy_refuses_two_models_of_one_name(tmp_path: Path, model: str) -> None:
    other = sentence_folder(tmp_path / "other" / "mine", Path(model))
    command = ["isotropy", model, str(other), "--texts", "left", "--device", "cpu"]
    with pytest.raises(UserError, match="two models are called 'mine'"):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_hub_sets_by_short_name_are_the_papers() -> None:
    [one] = evaluation_sets(["msmarco"])
    assert one.members == (HubData(repo="BeIR/msmarco", split="dev"),)


@pytest.mark.parametrize("ending", [".md", ".json", ".csv"])
def test_as_a_user(tmp_path: Path, model: str, ending: str) -> None:
    out = f"results{ending}"
    command = ["evaluate", "bm25", model, "--datasets", "left", "right", "--max-queries", "4"]
    command += ["--in-domain", "left", "--out", out, "--device", "cpu"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    text = Path(out).read_text()
    assert "bm25" in text
    assert "out of domain" in text
    assert "not known" not in result.output
    if ending == ".json":
        assert {row["set"] if "set" in row else row["dataset"] for row in json.loads(text)["sets"]}
    assert Path("results.parts/mine/right.parquet").exists()


def test_errors_give_exit_code_1_and_wrong_names_2(tmp_path: Path) -> None:
    (tmp_path / "right" / "corpus.jsonl").write_text("{broken\n")
    command = ["evaluate", "bm25", "--datasets", "left", "right", "--out", "r.md"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    with pytest.raises(UserError, match="no known ending"):
        CliRunner().invoke(
            app,
            ["evaluate", "bm25", "--datasets", "left", "--out", "r.xls"],
            catch_exceptions=False,
        )


def test_options_take_all_values_up_to_the_next() -> None:
    many = {"--datasets"}
    assert repeat_names(["a", "b"], many) == ["a", "b"]
    assert repeat_names(["m", "--datasets", "x", "--out", "f", "g"], many) == [
        *("m", "--datasets", "x", "--out", "f", "g"),
    ]
    assert repeat_names(["--datasets", "x", "y", "--datasets", "z"], many) == [
        *("--datasets", "x", "--datasets", "y", "--datasets", "z"),
    ]
