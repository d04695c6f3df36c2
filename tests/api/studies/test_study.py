"""gonogo.study: plan, run, status, result, trials and their models, from a file and from a dict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from planted_runs import finish_all

import gonogo as gg


def test_importing_the_floor_does_not_hide_the_function(tiny_study: Path) -> None:
    import gonogo.study.planning.plan as floor

    assert floor.make_plan
    assert gg.study(tiny_study).name == "tiny"


def test_a_study_is_opened_from_a_file_a_dict_and_a_specification(
    tiny_study: Path, tmp_path: Path
) -> None:
    from gonogo.spec.study import StudyFile

    values = yaml.safe_load(tiny_study.read_text(encoding="utf-8"))
    settings = {"training.max_steps": 3}
    made = [
        gg.study(source, set=settings, out=tmp_path, beside=tiny_study.parent)
        for source in (tiny_study, values, StudyFile(**values))
    ]
    assert made[0].resolved == made[1].resolved == made[2].resolved
    assert {one.training.max_steps for one in made[0].resolved.arms.values()} == {3}
    assert str(made[1].plan()) == str(made[0].plan())


def test_wrong_values_name_place_and_value(tiny_study: Path) -> None:
    values = yaml.safe_load(tiny_study.read_text(encoding="utf-8"))
    with pytest.raises(gg.UserError) as caught:
        gg.study({**values, "seeds": ["x"]})
    assert (caught.value.place, caught.value.value) == ("seeds[0]", "x")
    with pytest.raises(gg.UserError) as caught:
        gg.study(tiny_study, tier="nano")
    assert (caught.value.file, caught.value.value) == (tiny_study, "nano")
    with pytest.raises(gg.UserError, match="is no study"):
        gg.study(3)


def test_plan_and_status_can_be_read_and_nothing_is_touched(
    tiny_study: Path, tmp_path: Path
) -> None:
    study = gg.study(tiny_study, out=tmp_path / "out")
    plan = study.plan()
    assert plan.actions["emb_only/seed_1"] == "run"
    assert "study tiny, tier full" in str(plan)
    assert "<pre>" in plan._repr_html_()
    assert study.status().counts == {"new": len(study.status().to_frame())}
    assert not (tmp_path / "out").exists()
    with pytest.raises(gg.UserError, match="nothing was run"):
        _ = study.result


def test_a_result_is_read_without_running(tiny_study: Path, tmp_path: Path) -> None:
    finish_all(tiny_study, tmp_path / "out")
    study = gg.study(tiny_study, out=tmp_path / "out")
    result = study.result
    assert result.verdict is None
    trial = result.trials["emb_only", 1]
    assert trial.state == "finished"
    assert set(trial.scores()["arm"]) == {"emb_only"}
    history = trial.history()
    assert history["step"].max() == 6
    assert "loss" in history.columns
    assert "emb_only" in set(result.scores()["arm"])
    with pytest.raises(gg.UserError, match="no final checkpoint"):
        trial.load()
    with pytest.raises(gg.UserError, match="no trial") as caught:
        _ = result.trials["emb_onyl", 1]
    assert caught.value.hint == "did you mean 'emb_only, 1'?"


@pytest.mark.slow
def test_a_study_runs_and_its_models_work(tiny_study: Path, tmp_path: Path) -> None:
    study = gg.study(tiny_study, out=tmp_path / "out")
    result = study.run(device="cpu", warn=lambda line: None)
    assert not result.failed
    assert result.verdict is not None
    assert result.verdict.word in ("PASS", "FAIL", "MARGINAL", "INCONCLUSIVE", "INVALID")
    assert result.report.exists()
    again = study.run(device="cpu")
    assert again.summary is None
    assert again.verdict is not None
    assert again.verdict.to_dict() == result.verdict.to_dict()
    model = result.trials["joint_single", 1].load(device="cpu")
    texts = ["read a file", "sum of two arrays", "read a file"]
    vectors = model.encode(texts)
    assert vectors.shape == (3, model.dimension)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    np.testing.assert_array_equal(model.encode("read a file"), vectors[0])
    found = model.rerank("how to read a file", texts)
    assert sorted(one.index for one in found) == [0, 1, 2]
    scores = model.score([("how to read a file", text) for text in texts])
    np.testing.assert_array_equal([one.score for one in found], -np.sort(-scores))
    assert [one.document for one in found] == [texts[one.index] for one in found]
    taught = result.trials["emb_only", 1].load(device="cpu")
    with pytest.warns(UserWarning, match="was not taught to read pairs"):
        taught.score([("a", "b")])
    evaluation = gg.evaluate(
        taught, [str(tiny_study.parent / "left")], ["nDCG@10"], folder=tmp_path / "e", device="cpu"
    )
    assert not evaluation.failed
    table = evaluation.scores()
    mean = evaluation.to_frame().filter(metric="nDCG@10")["mean"].item()
    assert table["value"].mean() == pytest.approx(mean)
