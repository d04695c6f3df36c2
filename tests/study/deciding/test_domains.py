"""Which sets the models under comparison were trained on, as their trials noted it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from sentence_folders import sentence_folder
from study_values import study_values, write_beir
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.progress import Silent
from gonogo.data.sources.evaluation_sets import evaluation_sets
from gonogo.data.weights.model_places import find_model
from gonogo.models.build.build import build_model
from gonogo.spec.study import TrialConfig
from gonogo.study.deciding.domains import Domains, models_domains
from gonogo.study.folder.layout import TrialFolder
from gonogo.study.folder.states import write_config
from gonogo.study.trained.evaluate_model_parts import Settings
from gonogo.study.trained.evaluate_models import Evaluation, Machine, evaluate_models


@pytest.fixture(autouse=True)
def _home(data_home: Path) -> None:
    write_beir(data_home / "right", 20)


@pytest.fixture
def model(tmp_path: Path, tiny_encoder_folder: Path) -> str:
    return str(sentence_folder(tmp_path / "mine", tiny_encoder_folder, longest=24))


@pytest.fixture
def trial(tmp_path: Path, tiny_encoder_folder: Path) -> str:
    """Return a trial's folder whose record says that it was trained on the set left."""
    values = study_values(tiny_encoder_folder)["defaults"]
    config = TrialConfig.model_validate(
        {
            "model": {**values["model"], "adapter": {"kind": "frozen"}, "scoring": None},
            "tasks": {"embed": values["tasks"]["embed"]},
            "evaluation": {"datasets": ["left"], "tasks": {"embed": {"kind": "retrieval"}}},
        }
    )
    folder = TrialFolder(tmp_path / "trials" / "ours" / "seed_1")
    build_model(config.model, 1).save(folder.final)
    write_config(folder, {"config": config.model_dump(mode="json", by_alias=True)}, {})
    return str(folder.path)


def run(models: list[str], sets: list[str], in_domain: tuple[str, ...] | None = None) -> Evaluation:
    return evaluate_models(
        [find_model(name) for name in models],
        evaluation_sets(sets),
        Path("out.parts"),
        Settings(max_queries=4),
        Machine(fetch=False),
        progress=Silent(),
        in_domain=in_domain,
    )


def test_a_trial_tells_itself_what_it_was_trained_on(trial: str) -> None:
    found = run(["bm25", trial], ["left", "right"])
    assert found.domains == Domains(("left",), "in domain by the trials' own record: left")
    assert {mean.group for mean in found.means} == {"all", "in domain", "out of domain"}
    assert run([trial], ["right"]).domains.note.endswith("record: no set")
    assert run([trial], ["left", "right"], ("right",)).domains == Domains(("right",))
    assert run([trial], ["left", "right"], ()).domains == Domains(())


def test_of_others_models_nobody_knows(trial: str, model: str) -> None:
    why = "in-domain sets not known for mine; `in_domain` names them"
    assert run(["bm25", model], ["left"]).domains == Domains((), why)
    both = run([trial, model], ["left", "right"]).domains
    assert both == Domains(("left",), f"in domain by the trials' own record: left; {why}")
    assert run(["bm25"], ["left"]).domains == Domains(())  # it is trained on nothing


@pytest.mark.parametrize("text", ["config: {tasks: 3}\n", "{broken\n", "- a list\n", None])
def test_a_trial_without_a_readable_record_is_scored_all_the_same(
    trial: str, text: str | None
) -> None:
    record = Path(trial) / "trial.yaml"
    record.unlink()
    if text is not None:
        record.write_text(text)
    found = run([trial], ["left"])
    assert [part.status for part in found.parts] == ["scored"]
    assert found.domains.note.startswith("in-domain sets not known for ours/seed_1")


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        ("hub:BeIR/scifact", ("scifact",)),
        ("scifact", ("scifact",)),
        ("hub:mteb/cqadupstack-gis", ("cqadupstack",)),
        ("hub:BeIR/nq", ()),
    ],
)
def test_a_public_set_is_the_same_in_a_folder_and_on_the_hub(
    trial: str, trained: str, expected: tuple[str, ...]
) -> None:
    file = Path(trial) / "trial.yaml"
    record = yaml.safe_load(file.read_text())
    record["config"]["tasks"]["embed"]["data"] = [trained]
    file.write_text(yaml.safe_dump(record))
    places, sets = [find_model(trial)], evaluation_sets(["scifact", "cqadupstack", "left"])
    assert models_domains(places, sets).sets == expected


def test_what_the_study_called_in_domain_is_so_here(trial: str) -> None:
    """Such as MS MARCO, trained on under another name."""
    file = Path(trial) / "trial.yaml"
    record = yaml.safe_load(file.read_text())
    record["config"]["tasks"]["embed"]["data"] = ["hub:st/msmarco"]
    record["config"]["evaluation"]["in_domain"] = ["left"]
    file.write_text(yaml.safe_dump(record))
    assert models_domains([find_model(trial)], evaluation_sets(["left"])).sets == ("left",)


@pytest.mark.parametrize("ending", [".md", ".json", ".csv"])
def test_a_user_reads_who_says_what_is_in_domain(trial: str, model: str, ending: str) -> None:
    command = ["evaluate", trial, model, "--datasets", "left", "right", "--device", "cpu"]
    command += ["--max-queries", "4", "--out", f"r{ending}"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "mean (out of domain, 1)" in result.output
    assert "record: left; in-domain sets not known for mine" in result.output
    text = Path(f"r{ending}").read_text()
    assert ("in-domain sets not known for mine" in text) == (ending != ".csv")
    if ending == ".json":
        assert json.loads(text)["domains"]["sets"] == ["left"]
