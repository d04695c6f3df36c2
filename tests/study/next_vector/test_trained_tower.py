"""A trained tower found again: which checkpoint, which bank, and data beside the study file."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from planted_sequences import planted_vectors, write_sequences
from planted_towers import write_tower_study
from planted_trials import plan_of
from safetensors.torch import load_file, save_file
from shipped_monitors import monitor
from typer.testing import CliRunner

from gonogo.analysis.records.postmortem import FoundMargin
from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.core.files import read_json, write_json
from gonogo.core.progress import Silent
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.next_vectors import open_next_vectors
from gonogo.data.next_vector.pairs import PairSettings, make_pairs, write_pairs
from gonogo.data.next_vector.windows import WindowRule
from gonogo.evaluation.next_vector.next_vector import recalls, target_ranks, tower_queries
from gonogo.models.next_vector.query_tower import QueryTower
from gonogo.spec.next_vector.curriculum import parse_curriculum
from gonogo.study.folder.fingerprints import changed_keys
from gonogo.study.next_vector.postmortem import as_text, postmortem
from gonogo.study.next_vector.preflight import PreflightSettings, run_preflight
from gonogo.study.next_vector.trained_tower import open_tower_trial
from gonogo.study.next_vector.whitened_bank import mean_cosines, whiten_bank
from gonogo.study.planning.plan import Plan
from gonogo.study.running.runner import run_plan


def write_study(world: Path, **changes: Any) -> Path:
    """Write a study of one tower, whose pairs are named by where they lie beside it."""
    rows = ["weighted_mean-tuned", "oracle"]
    return write_tower_study(world, Path("pairs"), rows, baseline=rows[0], **changes)


def run(study: Path, *sets: str) -> Plan:
    plan = plan_of(study, study.parent / "out", *sets)
    run_plan(plan, device="cpu", progress=Silent())
    return plan


def only_trial(plan: Plan) -> Path:
    return plan.trials[0].folder.path


def edit_record(trial: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a trial's folder says that it is."""
    record = yaml.safe_load((trial / "trial.yaml").read_text())
    change(record)
    (trial / "trial.yaml").write_text(yaml.safe_dump(record))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished trial; tests work on copies of it."""
    world = tmp_path_factory.mktemp("world")
    write_sequences(world)
    return only_trial(run(write_study(world)))


@pytest.fixture
def trial(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the trial; data are looked for neither here nor in data folders."""
    monkeypatch.delenv("GONOGO_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(finished, tmp_path / "trial"))


def test_data_beside_the_study_file_are_found_from_anywhere(trial: Path) -> None:
    assert postmortem(trial).pairs
    found = CliRunner().invoke(
        app, ["search", str(trial), "--queries", "5", "--depth", "20"], catch_exceptions=False
    )
    assert "checkpoint final" in found.output


def test_trials_that_do_not_say_where_their_study_lay(
    trial: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_record(trial, lambda record: record.pop("study_folder"))
    with pytest.raises(UserError, match="no data folder 'pairs'"):
        open_tower_trial(trial).pairs()
    world = finished.parents[5]
    assert open_tower_trial(trial).pairs(beside=world).pairs.path == world / "pairs"
    monkeypatch.chdir(world)
    assert len(open_tower_trial(trial).pairs().pairs)


def test_where_the_study_lies_is_no_part_of_the_fingerprint(finished: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(finished.parents[5], moved)
    plan = plan_of(moved / "towers.yaml", moved / "out")
    assert plan.is_finished
    assert not any("bank" in key for key in plan.trials[0].training)


def test_a_finished_trial_is_read_where_its_evaluation_read_it(trial: Path) -> None:
    assert open_tower_trial(trial).tower()[1] == postmortem(trial).checkpoint == "final"

    def score_best(record: dict[str, Any]) -> None:
        record["config"]["evaluation"]["checkpoint"] = "best"

    edit_record(trial, score_best)
    assert open_tower_trial(trial).tower()[1] == postmortem(trial).checkpoint == "best"
    shutil.rmtree(trial / "checkpoints")
    with pytest.raises(UserError, match="no checkpoint yet"):
        open_tower_trial(trial).tower()


def test_a_record_that_no_run_wrote_is_told(trial: Path) -> None:
    edit_record(trial, lambda record: record["config"]["tasks"]["next"].pop("data"))
    with pytest.raises(UserError, match=r"trial.yaml: config.tasks.next.data: this key is missing"):
        open_tower_trial(trial)
    edit_record(trial, lambda record: record.pop("config"))
    with pytest.raises(UserError, match=r"trial.yaml: config: this key is missing"):
        open_tower_trial(trial)
    (trial / "trial.yaml").write_text("config: [")
    with pytest.raises(UserError, match=r"trial.yaml: line 1: "):
        open_tower_trial(trial)


def looks_of(trial: Path) -> list[dict[str, Any]]:
    looks: list[dict[str, Any]] = read_json(trial / "history.json")
    return looks


def test_the_margin_is_that_of_the_weights_that_are_read(trial: Path) -> None:
    looks = looks_of(trial)
    looks[-1]["margin"] = None  # NaN, as JSON holds it
    write_json(trial / "history.json", looks)
    margin = postmortem(trial).margin
    assert margin == FoundMargin(value=None, word="collapsed", over="negatives in force")
    write_json(trial / "history.json", looks[:-1])
    margin = postmortem(trial).margin
    assert margin.over == "other targets"
    assert margin.value not in [look["margin"] for look in looks]


def test_after_an_abort_the_collapsed_tower_is_judged_not_the_best(tmp_path: Path) -> None:
    write_sequences(tmp_path)
    guard = monitor("margin_guard", least=1.9, patience=1, after_epoch=1)
    trial = only_trial(run(write_study(tmp_path, monitors=[guard])))
    abort = trial / "checkpoints/abort"
    assert not (trial / "checkpoints/final").exists()
    weights = load_file(abort / "heads.safetensors")
    astray = {name: 30 * torch.randn_like(weight) for name, weight in weights.items()}
    save_file(astray, abort / "heads.safetensors")
    looks = looks_of(trial)
    looks[-1]["margin"] = 0.01
    write_json(trial / "history.json", looks)
    record = postmortem(trial)
    stopped = read_json(abort / "state.json")["step"]
    assert (record.checkpoint, record.step) == ("abort", stopped)
    assert record.margin.value == 0.01
    assert "margin is collapsed" in record.recommendation[0]
    assert f"checkpoint abort (step {stopped})" in as_text(record)[0]
    wrecked = {name: torch.full_like(weight, torch.nan) for name, weight in weights.items()}
    save_file(wrecked, abort / "heads.safetensors")
    with pytest.raises(UserError, match=r"checkpoints/abort: .* not finite"):
        postmortem(trial)
    shutil.rmtree(abort)
    assert postmortem(trial).recall["R@10"] > record.recall["R@10"] + 0.1
    assert open_tower_trial(trial).tower()[1] == "best"


def test_repeats_are_judged_before_the_filter_and_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_copies(tmp_path)
    task = {"curriculum": "0-9:3@0.5-1.0"}
    trial = only_trial(run(write_study(tmp_path, task=task)))
    monkeypatch.chdir(tmp_path)
    record = postmortem(trial)
    assert record.repeats.dropped > 0.1
    assert record.repeats.left == 0.0
    [advice] = [line for line in record.recommendation if "repeat their positive" in line]
    share = record.repeats.dropped
    assert advice.startswith(f"{share:.1%} of the candidates for hard negatives")
    assert "duplicate_above" not in advice
    [line] = [line for line in as_text(record) if line.startswith("repeats")]
    assert "without the filter (dropped); 0.00% of what is left do" in line

    def let_through(record: dict[str, Any]) -> None:
        record["config"]["tasks"]["next"]["duplicate_above"] = 1.0

    edit_record(trial, let_through)
    record = postmortem(trial)
    assert record.repeats.dropped == 0.0
    assert record.repeats.left > 0.1
    [advice] = [line for line in record.recommendation if "duplicate_above" in line]
    assert "lower duplicate_above from 1 to 0.98" in advice


def test_the_mean_cosine_of_a_bank_is_the_same_in_every_verb(
    trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of 288 rows: another sample would differ.
    monkeypatch.setattr("gonogo.study.next_vector.preflight._SAMPLE", 50)
    data = open_tower_trial(trial).pairs()
    curriculum = parse_curriculum("0-2:none")
    checked = run_preflight(
        data.pairs.path, PreflightSettings(curriculum=curriculum), out=trial / "preflight"
    )
    facts = {finding.check: finding.facts for finding in checked.findings}
    alignment = postmortem(trial).alignment
    assert alignment == mean_cosines(data.bank) == facts["alignment"]["mean_cosine"]


def test_a_tower_is_read_in_the_number_format_of_its_trial(trial: Path) -> None:
    def tower(**asked: Any) -> QueryTower:
        return open_tower_trial(trial).tower(**asked)[0]

    assert read_json(trial / "result.json")["precision"] == "fp32"
    assert tower().precision == "fp32"
    write_json(trial / "result.json", {"precision": "bf16"})
    assert tower().precision == "bf16"
    assert tower(precision="fp16").precision == "fp16"
    data = open_tower_trial(trial).pairs()
    exact, rounded = (
        tower_queries(tower(precision=form))(data, data.validation) for form in ("fp32", None)
    )
    assert 1e-5 < np.abs(exact - rounded).max() < 0.1
    (trial / "result.json").unlink()  # as a trial that was killed leaves it: by its configuration
    assert tower().precision == "fp32"
    edit_record(trial, lambda record: record["config"]["training"].update(precision="bf16"))
    assert tower().precision == "bf16"


def write_copies(world: Path) -> None:
    """Write pairs over a bank in which every article stands twice, once with a little noise."""
    vectors, names = planted_vectors(8, 24, 16)
    noise = 0.05 * np.random.default_rng(1).standard_normal(vectors.shape)
    np.savez(
        world / "bank.npz",
        vectors=np.concatenate([vectors, vectors + noise]).astype(np.float32),
        articles=np.concatenate([names, np.char.add(names, " again")]),
    )
    bank = open_bank(world / "bank.npz")
    rule = WindowRule(context=6, stride=1, most=1000, least=3)
    settings = PairSettings(rule=rule, validation=0.25, seed=1)
    write_pairs(world / "pairs", bank, make_pairs(bank, settings), settings)


def whiten(bank: Path, out: Path) -> tuple[str, ...]:
    """Whiten a bank, and return the overrides that the verb tells."""
    command = ["data", "whiten", str(bank), "--out", str(out)]
    told = CliRunner().invoke(app, command, catch_exceptions=False).output
    [line] = [line for line in told.splitlines() if "gonogo run STUDY" in line]
    return tuple(part for part in shlex.split(line.replace("PAIRS", "pairs")) if "=" in part)


def score(folder: Path, metric: str) -> float:
    table = pl.read_parquet(folder / "scores.parquet").filter(pl.col("metric") == metric)
    return float(table["value"].mean())  # type: ignore[arg-type]


def test_a_tower_is_trained_and_scored_on_a_whitened_bank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sequences(tmp_path)
    study, white = write_study(tmp_path), tmp_path / "white"
    raw = run(study)
    mean = raw.folder.reference("weighted_mean-tuned").path
    before = score(mean, "RR@10")
    plan = run(study, *whiten(tmp_path / "bank.npz", white))
    [changed] = changed_keys(raw.trials[0].training, plan.trials[0].training)
    assert changed.startswith("tasks.next.data.bank: absent -> ")
    assert score(mean, "RR@10") != before
    monkeypatch.chdir(tmp_path.parent)
    trial = only_trial(plan)
    tower, data = open_tower_trial(trial).tower()[0], open_tower_trial(trial).pairs()
    assert data.bank.path == white
    own_ranks = target_ranks(tower_queries(tower)(data, data.validation), data, data.validation)
    assert score(trial, "R@10") == pytest.approx(recalls(own_ranks, [10])["R@10"])
    assert postmortem(trial).recall["R@10"] == pytest.approx(score(trial, "R@10"))
    found = CliRunner().invoke(app, ["search", str(trial), "--queries", "5", "--depth", "20"])
    assert found.exit_code == 0, found.output


def test_a_named_bank_that_changed_is_noticed(tmp_path: Path) -> None:
    write_sequences(tmp_path)
    study, white = write_study(tmp_path), tmp_path / "white"
    sets = whiten(tmp_path / "bank.npz", white)
    before = plan_of(study, tmp_path / "out", *sets).trials[0].training
    whiten_bank(open_bank(tmp_path / "bank.npz"), white, method="pca", force=True)
    after = plan_of(study, tmp_path / "out", *sets).trials[0].training
    [changed] = changed_keys(before, after)
    assert changed.startswith("tasks.next.data.bank: ")
    vectors = np.lib.format.open_memmap(white / "vectors.npy", mode="r+")
    vectors[0, 0] += 1
    vectors.flush()
    with pytest.raises(UserError, match=r"vectors.npy of the bank .* no longer matches"):
        open_next_vectors(str(tmp_path / "pairs"), bank=str(white))


@pytest.mark.parametrize(("articles", "rows"), [(24, 12), (12, 20)])
def test_only_copies_of_the_bank_of_the_pairs_can_be_named(
    articles: int, rows: int, tmp_path: Path
) -> None:
    pairs = write_sequences(tmp_path)
    write_sequences(tmp_path / "other", articles=articles, rows=rows)
    for bank in ("bank.npz", "other/bank.npz"):
        whiten_bank(open_bank(tmp_path / bank), tmp_path / bank.replace("bank.npz", "white"))
    assert len(open_next_vectors(str(pairs), bank="white", beside=tmp_path).bank) == 288
    assert len(open_next_vectors(str(pairs), bank="bank.npz", beside=tmp_path).bank) == 288
    for bank in ("other/white", "other/bank.npz"):
        with pytest.raises(UserError, match="no longer matches what the pairs were made from"):
            open_next_vectors(str(pairs), bank=bank, beside=tmp_path)


def test_training_and_evaluation_must_name_the_same_bank(tmp_path: Path) -> None:
    write_sequences(tmp_path)
    study, white = write_study(tmp_path), tmp_path / "white"
    sets = whiten(tmp_path / "bank.npz", white)
    with pytest.raises(UserError, match=r"that of the pairs here, but .* in training"):
        plan_of(study, tmp_path / "out", sets[0])
    nowhere = [one.replace(str(white), "nowhere") for one in sets]
    with pytest.raises(UserError, match="no data folder 'nowhere'"):
        plan_of(study, tmp_path / "out", *nowhere)
