from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_folders import sentence_folder
from study_values import write_beir
from typer.testing import CliRunner

from gonogo.analysis.geometry.geometry import geometry
from gonogo.analysis.geometry.geometry_record import GeometryRecord, TextsRecord, record_of
from gonogo.analysis.geometry.isotropy import gaussian_reference
from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.workplace import ANYWHERE, Workplace
from gonogo.data.sources.probe_texts import chosen, probe_texts
from gonogo.data.weights.model_places import find_model
from gonogo.evaluation.encoding.encoding import encode
from gonogo.models.build.any_model import load_any
from gonogo.models.build.build import build_model
from gonogo.models.text.retrieval_model import RetrievalModel
from gonogo.report.cells.table_text import text
from gonogo.report.tables.geometry_tables import geometry_table
from gonogo.spec.evaluation.evaluation import EvaluationSpec
from gonogo.spec.model.model import TextModel
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.running import evaluating
from gonogo.study.running.evaluating import evaluate_into
from gonogo.study.running.isotropy_probe import probe, probe_dataset

pytestmark = pytest.mark.usefixtures("data_home")


def test_figures_are_those_of_the_vectors_as_the_model_returns_them(
    tmp_path: Path, tiny_encoder_folder: Path
) -> None:
    place = find_model(str(sentence_folder(tmp_path / "long", tiny_encoder_folder)))
    model = load_any(place, device="cpu", precision="fp32")
    name, texts = probe_texts("left", 30)
    record = probe(model, texts, ANYWHERE, name="long", source=name).record
    vectors = encode(model.bi_encoder, texts, "passage", device="cpu", autocast=model.autocast)
    assert record.norm_mean == pytest.approx(np.linalg.norm(vectors, axis=1).mean(), rel=1e-5)
    assert record.norm_mean > 2  # nothing was normalised for the purpose
    eigenvalues = np.linalg.eigvalsh(np.cov(vectors, rowvar=False).astype(float))
    # numpy's std over all d eigenvalues, as in 1 - std / mean
    assert record.isotropy == pytest.approx(1 - eigenvalues.std() / eigenvalues.mean(), rel=1e-4)
    assert (record.texts.count, record.dimension) == (30, 32)
    assert record.gaussian == gaussian_reference(30, 32)


def test_isotropy_is_never_written_without_n_d_and_the_gaussian() -> None:
    for needed in ("gaussian", "dimension", "texts"):
        assert GeometryRecord.model_fields[needed].is_required()
    headings = [column.name for column in geometry_table([record(np.eye(4) + 1)]).columns]
    place = headings.index("1 − std/mean")
    assert headings[place : place + 4] == ["1 − std/mean", "Gaussian", "n", "d"]


def record(vectors: np.ndarray, model: str = "m") -> GeometryRecord:
    texts = TextsRecord(name="t", count=len(vectors), fingerprint="f")
    return record_of(geometry(vectors), model, texts)


def test_collapsed_vectors_have_no_isotropy_and_can_be_written() -> None:
    found = record(np.ones((5, 3)))
    assert found.isotropy is None
    assert found.isoscore_star is None
    assert GeometryRecord.model_validate_json(found.model_dump_json()) == found
    assert "–" in text(geometry_table([found]))


def test_perfect_gaussian_data_is_far_from_1_and_reads_as_its_reference() -> None:
    """0.28 at d 512 and n 1000: nobody may call that anisotropic."""
    rows = np.random.default_rng(0).normal(size=(1000, 512))
    found = record(rows)
    assert found.isotropy == pytest.approx(0.28, abs=0.01)
    assert found.isotropy == pytest.approx(found.gaussian, abs=0.01)


def test_the_same_texts_whatever_their_order_or_copies() -> None:
    texts = [f"text {number}" for number in range(50)]
    some = chosen(texts, 10, "t")
    assert some == chosen([*reversed(texts), texts[3]], 10, "t")
    assert set(some) < set(chosen(texts, 20, "t"))
    with pytest.raises(UserError, match="fewer than two different texts"):
        chosen(["a", "a"], None, "t")


def test_texts_from_files(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("one\n\ntwo\n")
    (tmp_path / "some.jsonl").write_text('{"title": "A", "text": "one"}\n{"text": "two"}\n')
    assert probe_texts("some.txt", None) == ("some.txt", ["one", "two"])
    assert probe_texts("some.jsonl", None) == ("some.jsonl", ["A one", "two"])
    (tmp_path / "bad.jsonl").write_text('{"txt": "A"}\n')
    with pytest.raises(UserError, match="no 'text'"):
        probe_texts("bad.jsonl", None)


def test_a_folder_that_only_trains_has_texts_too(tmp_path: Path) -> None:
    write_beir(tmp_path / "lessons", 0, ("train",))
    name, texts = probe_texts("lessons", None)
    assert name == "lessons"
    assert texts == probe_texts("left", None)[1]


@pytest.mark.parametrize(("name", "count"), [("all", 19), ("beir/fast", 3), ("beir/public", 15)])
def test_a_list_of_sets_is_no_set_of_texts(name: str, count: int) -> None:
    with pytest.raises(UserError, match=f"texts: '{name}' is a list of {count} data sets"):
        probe_texts(name, None)


def headed(backbone: Path, seed: int, adapter: str) -> RetrievalModel:
    """Return a model with a head that starts anew with each seed."""
    spec = TextModel.model_validate(
        {
            "backbone": str(backbone),
            "adapter": {"kind": adapter},
            "projection": {"kind": "mlp", "dimension": 6},
            "lengths": {"query": 8, "passage": 24, "pair": 40},
        }
    )
    model = build_model(spec, seed)
    assert isinstance(model, RetrievalModel)
    return model


SPEC = EvaluationSpec.model_validate(
    {
        "datasets": ["left"],
        "metrics": ["RR@10"],
        "tasks": {"embed": {"kind": "retrieval", "depth": 10}},
        "geometry": {"texts": "left", "count": 40},
    }
)


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("computed anew")


def look(model: RetrievalModel, place: Path) -> GeometryRecord:
    geometry = SPEC.geometry
    assert geometry is not None
    return probe_dataset(
        model, geometry, "test", Workplace(Path.cwd(), vectors=place), arm="a", seed=1
    )


def test_a_look_shares_vectors_of_weights_that_come_back(
    tmp_path: Path, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen backbone is asked once for all heads; an untrained model once."""
    frozen, untrained = (headed(tiny_encoder_folder, 1, kind) for kind in ("frozen", "full"))
    other = headed(tiny_encoder_folder, 2, "frozen")
    first = [look(model, tmp_path / "kept") for model in (frozen, untrained)]
    for module in ("text.retrieval", "encoding.corpus_vectors"):
        monkeypatch.setattr(f"gonogo.evaluation.{module}.compute_rows", never)
    assert [look(model, tmp_path / "kept") for model in (frozen, untrained)] == first
    assert look(other, tmp_path / "kept").spectrum != first[0].spectrum
    with pytest.raises(AssertionError, match="computed anew"):
        look(untrained, tmp_path / "elsewhere")


def test_a_look_is_taken_once_for_an_evaluation(
    tmp_path: Path, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model = TrialFolder(tmp_path / "trial"), headed(tiny_encoder_folder, 1, "full")

    def evaluate(inputs: dict[str, Any]) -> None:
        evaluate_into(folder, model, SPEC, inputs, Workplace(tmp_path), arm="a", seed=1)

    evaluate({"texts": "these"})
    before = folder.geometry.stat().st_mtime_ns
    folder.evaluation.unlink()  # as if it had been interrupted
    with monkeypatch.context() as patched:
        patched.setattr(evaluating, "probe_dataset", never)
        evaluate({"texts": "these"})
        assert folder.geometry.stat().st_mtime_ns == before
        with pytest.raises(AssertionError, match="computed anew"):
            evaluate({"texts": "others"})
    assert not folder.geometry.exists()  # what others have left is never taken for this
    evaluate({"texts": "others"})
    assert folder.geometry.exists()


def test_as_a_user(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    first = sentence_folder(tmp_path / "first", tiny_encoder_folder)
    second = sentence_folder(tmp_path / "second", tiny_encoder_folder, "Dense", "Normalize")
    command = ["isotropy", str(first), str(second), "--texts", "left", "--count", "40"]
    result = CliRunner().invoke(app, [*command, "--out", "shape"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "Isotropy on 40 passages of left" in result.output
    assert "How alike the models see these texts" in result.output
    written = json.loads(Path("shape/isotropy.json").read_text())
    cka = np.array(written["cka"])  # of one backbone, once behind a random layer
    assert (np.diag(cka) == 1).all()
    assert cka[0, 1] == cka[1, 0]
    assert 0.5 < cka[0, 1] < 0.9999
    models = written["models"]
    assert [(one["model"], one["dimension"]) for one in models] == [("first", 32), ("second", 8)]
    assert len({one["texts"]["fingerprint"] for one in models}) == 1
    assert Path("shape/spectrum.png").read_bytes().startswith(b"\x89PNG")
    assert Path("shape/spectrum.pdf").read_bytes().startswith(b"%PDF")


def test_one_model_has_nothing_to_be_alike_to(tmp_path: Path, tiny_encoder_folder: Path) -> None:
    folder = sentence_folder(tmp_path / "first", tiny_encoder_folder)
    command = ["isotropy", str(folder), "--texts", "left", "--count", "40", "--out", "shape"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "How alike" not in result.output
    assert json.loads(Path("shape/isotropy.json").read_text())["cka"] is None


def test_bm25_has_no_vectors() -> None:
    with pytest.raises(UserError, match="no vectors"):
        CliRunner().invoke(app, ["isotropy", "bm25", "--texts", "left"], catch_exceptions=False)
