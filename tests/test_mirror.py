"""Tests mirror src: a module with logic of its own is reached by a test that can be found."""

from __future__ import annotations

import ast
from collections import deque
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "src" / "gonogo", ROOT / "tests"
LOGIC = (
    ast.If, ast.For, ast.While, ast.BoolOp, ast.comprehension, ast.Match, ast.IfExp, ast.BinOp,
    ast.Try, ast.With,
)  # fmt: skip

THROUGH = {
    "api/models/calibrating.py": "study/trained/test_calibrate_models.py",
    "report/plots/reliability.py": "study/trained/test_calibrate_models.py",
    "report/tables/calibration_table.py": "study/trained/test_calibrate_models.py",
    "api/deciding/named_places.py": "cli/test_judged_runs.py",
    "study/deciding/model_judgements.py": "cli/test_judged_runs.py",
    "models/backbone/isolated.py": "models/text/test_isolated_layers.py",
    "analysis/deciding/model_judged.py": "study/trained/test_evaluate_models.py",
    "analysis/gates/extremes.py": "analysis/deciding/test_plateau.py",
    "analysis/promised/copies.py": "analysis/deciding/test_decide.py",
    "api/deciding/rankings.py": "api/deciding/test_verdict_reading.py",
    "api/deciding/watching.py": "study/deciding/test_watching.py",
    "api/showing/card.py": "api/test_python_docs.py",
    "api/showing/progress.py": "api/studies/test_study.py",
    "api/showing/tables.py": "api/deciding/test_comparison.py",
    "api/studies/trials.py": "api/studies/test_study.py",
    "cli/data/bank.py": "cli/test_data_verbs.py",
    "cli/data/msmarco.py": "cli/test_data_verbs.py",
    "cli/data/pairs.py": "cli/test_data_pairs_defaults.py",
    "cli/data/preflight.py": "cli/data/test_data_preflight.py",
    "cli/data/whiten.py": "cli/test_data_verbs.py",
    "cli/shared/announcing.py": "cli/test_plan.py",
    "cli/shared/options.py": "cli/test_wrong_input.py",
    "cli/shared/verdicts.py": "cli/test_decide_verbs.py",
    "data/preflight/preflight_remedies.py": "study/next_vector/test_preflight.py",
    "models/adapters/build.py": "models/build/test_round_trips.py",
    "models/adapters/full.py": "models/build/test_round_trips.py",
    "models/next_vector/attention_context.py": "models/next_vector/test_query_tower.py",
    "models/next_vector/decaying_means.py": "models/next_vector/test_query_tower.py",
    "models/next_vector/gru_context.py": "models/next_vector/test_query_tower.py",
    "models/next_vector/residual_mean.py": "models/next_vector/test_query_tower.py",
    "models/text/build_score.py": "models/build/test_round_trips.py",
    "models/text/build_text.py": "models/build/test_round_trips.py",
    "models/text/mlp_score.py": "models/build/test_round_trips.py",
    "models/text/yes_no_score.py": "models/build/test_round_trips.py",
    "report/plots/bars.py": "report/pages/test_report_figures.py",
    "report/plots/curves.py": "report/pages/test_report_figures.py",
    "report/plots/heatmap.py": "report/pages/test_report_figures.py",
    "report/plots/looks.py": "report/pages/test_report_figures.py",
    "report/plots/postmortem.py": "study/test_two_tower.py",
    "report/plots/seed_points.py": "report/pages/test_report_figures.py",
    "report/tables/check_tables.py": "report/cells/test_report_tables.py",
    "report/tables/effect_tables.py": "report/cells/test_report_tables.py",
    "report/tables/judgement_tables.py": "report/cells/test_report_tables.py",
    "report/tables/matching_tables.py": "report/cells/test_report_tables.py",
    "report/tables/significance_tables.py": "report/cells/test_report_tables.py",
    "report/words/model_judged.py": "study/trained/test_evaluate_models.py",
    "study/deciding/decided.py": "api/studies/test_answers.py",
    "study/deciding/publishing.py": "api/studies/test_answers.py",
    "study/folder/judged.py": "study/deciding/test_gathering.py",
    "study/tracking/learning_curves.py": "study/running/test_aborted_trial.py",
    "training/loop/trackers.py": "training/loop/test_trainer.py",
    "training/neighbours/neighbour_loss.py": "training/neighbours/test_neighbour_task.py",
    "training/neighbours/neighbour_tasks.py": "training/neighbours/test_neighbour_task.py",
    "training/parts/determinism.py": "training/loop/test_trainer.py",
}
"""Modules that no test has the name of and no test imports, nor a module of their room that one
imports: the test that reaches each."""


@cache
def imports(path: Path) -> frozenset[Path]:
    """Return the modules of the package that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    places = (SOURCE.parent / f"{name.replace('.', '/')}.py" for name in names)
    return frozenset(place for place in places if place.is_file())


@cache
def modules() -> tuple[Path, ...]:
    return tuple(path for path in sorted(SOURCE.rglob("*.py")) if not path.stem.startswith("__"))


def has_logic(path: Path) -> bool:
    """Say whether a module decides or computes anything, more than declaring and passing on."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    bodies = [part for each in tree if isinstance(each, functions) for part in each.body]
    return any(isinstance(node, LOGIC) for part in bodies for node in ast.walk(part))


def named_tests(path: Path) -> list[Path]:
    """Return the tests of a module's name, in its place."""
    folder = TESTS / path.relative_to(SOURCE).parent
    return [*folder.glob(f"test_{path.stem}.py"), *folder.glob(f"test_{path.stem}_*.py")]


@cache
def met() -> frozenset[Path]:
    """Return the modules that tests import themselves."""
    return frozenset().union(*map(imports, TESTS.rglob("test_*.py")))


def is_near(path: Path) -> bool:
    """Say whether a test imports a module, or one of its room that does."""
    known = met()
    room = [other for other in path.parent.glob("*.py") if path in imports(other)]
    return path in known or any(other in known or named_tests(other) for other in room)


def reaches(test: Path, path: Path) -> bool:
    """Say whether a test imports a module, through whatever others."""
    seen = set(imports(test))
    queue = deque(seen)
    while queue:
        for other in imports(queue.popleft()) - seen:
            seen.add(other)
            queue.append(other)
    return path in seen


def test_a_module_with_logic_of_its_own_has_a_test_that_can_be_found() -> None:
    without = [
        str(path.relative_to(SOURCE))
        for path in modules()
        if has_logic(path) and not named_tests(path) and not is_near(path)
    ]
    assert sorted(set(without) - set(THROUGH)) == [], "give it a test of its name"
    assert all((SOURCE / module).is_file() for module in THROUGH)


@pytest.mark.parametrize("module", THROUGH)
def test_the_test_that_is_named_reaches_the_module(module: str) -> None:
    test = TESTS / THROUGH[module]
    assert test.is_file()
    # verbs and what the package offers are imported by name when they are asked for
    assert module.startswith(("cli/", "api/")) or reaches(test, SOURCE / module)
