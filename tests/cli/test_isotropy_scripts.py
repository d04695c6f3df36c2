"""The two isotropy aliases: options first, then the verbs in their order, and nothing is asked."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from alias_scripts import load_script, run_script

from gonogo.core.errors import UserError
from gonogo.core.files import write_json

PLAN = "study isotropy\ntime left   about {0}\ncost        {0}\ncan detect  much"


@pytest.fixture(scope="module")
def publication() -> ModuleType:
    return load_script("publication")


@pytest.fixture(scope="module")
def all_beir() -> ModuleType:
    return load_script("all_beir")


@pytest.fixture
def calls(publication: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was called, of a study that only writes it down."""
    found: list[str] = []

    class Plan:
        def __init__(self, asked: dict[str, Any]) -> None:
            self.asked = asked

        def calibrate(self, *, device: str, progress: bool) -> None:
            found.append(f"calibrate {device}")

        def __str__(self) -> str:
            return PLAN.format(self.asked["workers"])

    def plan(**asked: Any) -> Plan:
        known = {key: value for key, value in asked.items() if value not in (None, False)}
        found.append(f"plan {known}")
        return Plan(asked)

    def opened(study: str, **given: Any) -> SimpleNamespace:
        known = {key: str(v) for key, v in given.items() if v not in (None, False)}
        found.append(f"open {study} {known}")
        return SimpleNamespace(plan=plan)

    for name in ("PRICE", "PLAN_ONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(publication.options, "open_study", opened)
    monkeypatch.setattr(publication, "gonogo", lambda *words: found.append(" ".join(words)))
    monkeypatch.setattr(
        publication.criteria, "criteria", lambda study, **_: found.append(f"criteria {study}")
    )
    return found


def call(module: ModuleType, *given: str) -> int | str | None:
    with pytest.raises(SystemExit) as end:
        module.main(list(given))
    return end.value.code


def test_training_is_planned_run_and_checked(
    publication: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICE", "2.5")
    assert call(publication, "--tier", "cpu", "--device=cpu", "--only", "base*") == 0
    assert calls == [
        "open isotropy {'tier': 'cpu', 'out': 'outputs'}",
        "plan {'only': 'base*', 'fetch': True, 'workers': 3, 'price_per_hour': 2.5}",
        "calibrate cpu",
        "run isotropy --tier cpu --device=cpu --only base*",
        "criteria isotropy",
    ]
    monkeypatch.setenv("PLAN_ONLY", "1")
    calls.clear()
    call(publication)
    assert [one.split()[0] for one in calls] == ["open", "plan", "calibrate"]


@pytest.mark.parametrize("given", [["--workers", "5"], ["--workers=5"]])
def test_time_is_told_for_as_many_workers_as_run(
    publication: ModuleType,
    calls: list[str],
    given: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Beside one and three; of the second plan only times and costs are shown."""
    call(publication, *given)
    assert [one for one in calls if one.startswith("plan")] == [
        "plan {'fetch': True, 'workers': 5}",
        "plan {'workers': 3}",
    ]
    assert capsys.readouterr().out.splitlines() == [
        *PLAN.format(5).splitlines(),
        *("time left   about 3", "cost        3"),
    ]


@pytest.mark.parametrize("flag", ["--dry-run", "-d"])
def test_a_dry_run_measures_and_judges_nothing(
    publication: ModuleType, calls: list[str], flag: str
) -> None:
    call(publication, flag)
    assert calls[1:] == ["plan {'workers': 3}", f"run isotropy {flag}"]


def test_a_failing_run_ends_the_script(
    publication: ModuleType, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(publication, "gonogo", fail)
    assert call(publication) == 3
    assert "criteria isotropy" not in calls


@pytest.mark.parametrize("price", ["many", "-1", "inf", "nan"])
def test_a_price_that_is_none_is_refused(publication: ModuleType, price: str) -> None:
    with pytest.raises(UserError, match=r"PRICE: .* is no price of an hour"):
        publication.price_of({"PRICE": price})


@pytest.mark.parametrize(
    ("given", "code"), [("--help", 0), ("-h", 0), ("--bogus", 2), ("--workers=many", 2)]
)
def test_options_are_answered_before_anything_is_planned(
    publication: ModuleType, calls: list[str], given: str, code: int
) -> None:
    assert call(publication, given) == code
    assert not calls


@pytest.fixture
def words(all_beir: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(all_beir, "gonogo", lambda *given: found.extend(given))
    for name in all_beir.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return found


def test_evaluation_takes_all_sets_and_a_default_file(
    all_beir: ModuleType, words: list[str]
) -> None:
    call(all_beir, "bm25", "minilm")
    assert " ".join(words) == "evaluate bm25 minilm --out beir.md --datasets all"


@pytest.mark.parametrize("out", ["--out x.csv", "--out=x.csv", "-o x.csv", "-ox.csv"])
def test_the_file_that_was_asked_for_is_the_only_one(
    all_beir: ModuleType, words: list[str], out: str
) -> None:
    call(all_beir, "bm25", *out.split(), "--offline")
    assert " ".join(words) == f"evaluate bm25 {out} --offline --datasets all"


def test_without_models_finished_trials_and_reference_rows_are_scored(
    all_beir: ModuleType,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_study: Path,
) -> None:
    monkeypatch.setenv("STUDY", str(tiny_study))
    monkeypatch.setenv("OUTPUTS", str(tmp_path))
    with pytest.raises(UserError, match=r"no finished trial in .*tiny/full .name models"):
        all_beir.main([])
    final = tmp_path / "tiny" / "full" / "trials" / "emb_only" / "seed_1" / "checkpoints" / "final"
    write_json(final / "state.json", {})
    monkeypatch.setattr(all_beir, "rows_of", lambda _: ["bm25"])
    call(all_beir, "--offline")
    trial = str(final.parents[1])
    assert words == [
        *("evaluate", "bm25", trial, "--offline", "--out", "beir.md", "--datasets", "all")
    ]


def test_reference_rows_of_the_isotropy_study_are_models(
    all_beir: ModuleType, tmp_path: Path
) -> None:
    opened = all_beir.study("isotropy", out=tmp_path)
    saved = opened.folder / "references" / "untrained" / "untrained"
    saved.mkdir(parents=True)
    assert all_beir.rows_of(opened) == [
        *("bm25", "sentence-transformers/all-mpnet-base-v2", str(saved))
    ]


@pytest.mark.parametrize(
    ("script", "given", "code", "told"),
    [
        ("train_publication_recommended.sh", "--help", 0, "PRICE"),
        ("train_publication_recommended.sh", "--bogus", 2, "No such option: --bogus"),
        ("evaluate_all_beir.sh", "-h", 0, "OUTPUTS"),
        ("evaluate_all_beir.sh", "--bogus", 2, "No such option: --bogus"),
    ],
)
def test_the_scripts_themselves(
    script: str, given: str, code: int, told: str, tmp_path: Path
) -> None:
    done = run_script(script, given, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stdout + done.stderr
    assert not list(tmp_path.iterdir())
