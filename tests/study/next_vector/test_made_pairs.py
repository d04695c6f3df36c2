"""Running text named in a study: counted by the plan, made by the first trial, kept for all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from planted_sequences import tower_config, write_sequences
from planted_trials import plan_of
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.progress import Silent
from gonogo.core.workplace import Workplace
from gonogo.data.next_vector.next_vectors import count_validation_pairs
from gonogo.data.sources.pairs_data import expected_pairs, kept_pairs, open_pairs_data
from gonogo.spec.checks.resolve import resolve
from gonogo.spec.data.running_text import RunningTextPairs
from gonogo.study.next_vector import made_pairs
from gonogo.study.next_vector.made_pairs import prepare_pairs, running_texts
from gonogo.study.planning.sensitivity import forecast_sensitivity
from gonogo.study.running.runner import run_plan

WORDS = ["arrays", "files", "lines", "axes", "shapes", "errors", "sums", "texts", "rows", "pages"]


@pytest.fixture
def text(
    tmp_path: Path, tiny_encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> RunningTextPairs:
    """Ten documents of ten sentences and one that repeats the first."""
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    rows = [
        {"id": f"a{n}", "paragraphs": [f"Read the {word} of {n}." for word in WORDS]}
        for n in range(10)
    ]
    rows.append({"id": "copy", "paragraphs": ["A copy.", *rows[0]["paragraphs"]]})
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return RunningTextPairs(
        source=("source",), encoder=str(tiny_encoder_folder), context=4, stride=1, validation=0.3
    )


def study(tmp_path: Path, text: RunningTextPairs, **scored: object) -> Path:
    config = tower_config(tmp_path / "unused").model_dump(mode="json", by_alias=True)
    named = text.model_dump(mode="json")
    config["tasks"]["next"]["data"] = named
    config["training"] |= {"epochs": 1}
    evaluation = config.pop("evaluation")
    evaluation["tasks"]["next"]["data"] = [named | scored]
    evaluation["references"] = ["context_mean", "weighted_mean-tuned"]
    config["model"]["dimension"] = 32
    gate = {"kind": "improvement", "task": "next", "metric": "R@10", "candidate": "one"}
    whole = {"study": "texts", "seeds": [1], "defaults": config, "arms": {"one": {}}}
    path = tmp_path / "texts.yaml"
    whole |= {"evaluation": evaluation, "gate": gate | {"baseline": "context_mean"}}
    path.write_text(yaml.safe_dump(whole))
    return path


def test_a_plan_counts_and_makes_nothing_and_a_run_makes_them_once(
    tmp_path: Path, text: RunningTextPairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study(tmp_path, text)
    plan = plan_of(path, tmp_path / "out")
    expected = expected_pairs(text, beside=tmp_path)
    assert (expected.documents, expected.chunks) == (11, 111)
    assert expected.pairs == 10 * 6 + 7
    (said,) = plan.to_make.values()
    assert "111 sentences of 11 documents" in said
    assert f"{expected.validation:,} of them held out" in said
    assert forecast_sensitivity(plan, None).queries == expected.validation
    kept = kept_pairs(text, beside=tmp_path)
    assert not kept.made
    with pytest.raises(UserError, match="no pairs of source in the cache folder"):
        open_pairs_data(text, beside=tmp_path)

    made: list[str] = []
    original = made_pairs._make
    monkeypatch.setattr(made_pairs, "_make", lambda *all_: (made.append(""), original(*all_))[1])
    assert not run_plan(plan, device="cpu", progress=Silent()).failed
    assert len(made) == 1
    assert kept.made
    again = plan_of(path, tmp_path / "out")
    assert again.is_finished
    assert not again.to_make


def test_no_document_and_no_copy_is_on_both_sides(tmp_path: Path, text: RunningTextPairs) -> None:
    config = resolve(study(tmp_path, text), "full", ()).arms["one"]
    assert running_texts(config) == [text]
    prepare_pairs(config, Workplace(tmp_path))
    pairs = open_pairs_data(text, beside=tmp_path).pairs
    sides = [set(pairs.articles[side]) for side in (pairs.train, pairs.validation)]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not any("source/copy" in side and "source/a0" not in side for side in sides)
    rows = [np.unique(pairs.contexts[side]) for side in (pairs.train, pairs.validation)]
    assert not np.intersect1d(*rows).size


def test_changed_text_or_settings_have_a_place_of_their_own(
    tmp_path: Path, text: RunningTextPairs
) -> None:
    first = kept_pairs(text, beside=tmp_path)
    other = kept_pairs(text.model_copy(update={"stride": 2}), beside=tmp_path)
    assert other.bank == first.bank  # nothing is encoded anew for other windows
    assert other.pairs != first.pairs
    before = plan_of(study(tmp_path, text), tmp_path / "out").trials[0].training
    source = tmp_path / "source/documents.jsonl"
    source.write_text(source.read_text().replace("arrays", "tensors"))
    assert kept_pairs(text, beside=tmp_path).bank != first.bank
    after = plan_of(study(tmp_path, text), tmp_path / "out").trials[0].training
    assert {key for key in after if after[key] != before[key]} == {"tasks.next.data.source"}


def test_another_split_of_the_same_text_is_refused(tmp_path: Path, text: RunningTextPairs) -> None:
    with pytest.raises(UserError, match="cut or split in another way here than in training"):
        resolve(study(tmp_path, text, seed=7), "full", ())


def test_the_plan_of_the_shipped_study_counts_the_pairs_that_lie_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sequences(tmp_path / "next_vector")
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(app, ["plan", "two_tower"])
    held_out = count_validation_pairs(str(folder))
    assert f"3 seeds x {held_out:,} queries" in told.output
    assert "assumed for what is not here" not in told.output
    assert "to make first" not in told.output
