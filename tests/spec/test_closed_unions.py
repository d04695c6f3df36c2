"""A member added to a union is named by the type checker wherever the union is taken apart."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, get_args, get_origin

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gonogo"

ASKED = (
    "AdapterSpec",
    "DataSpec",
    "GateSpec",
    "PairsSpec",
    "ProjectionSpec",
    "RouterSpec",
    "ScoringSpec",
)
"""Unions whose members an object answers for: one match builds it, nobody else looks."""

CLOSED = (
    *ASKED,
    "ContextSpec",
    "Criterion",
    "EmbeddingObjective",
    "EvaluationTask",
    "ModelSpec",
    "MonitorSpec",
    "Reference",
    "RegulariserSpec",
    "ScheduleSpec",
    "ScoreObjective",
    "TaskSpec",
)

PARTS = {"training/text/text_tasks.py"}
"""What takes apart a smaller union (here TextTask), whose members are in a large one too."""


def homes() -> dict[str, str]:
    """Return the module of each union, wherever it has moved to."""
    found = {}
    for path in sorted((SOURCE / "spec").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in CLOSED:
                [name] = names_in(node.targets[0])
                found[name] = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    return found


def members(union: str) -> set[str]:
    """Return the names of a union's members."""
    held = getattr(importlib.import_module(homes()[union]), union)
    while get_origin(held) is Annotated:
        held = get_args(held)[0]
    return {member.__name__ for member in get_args(held)}


@cache
def module_of(name: str) -> str:
    """Return the module below the package that defines a class of the specification."""
    [path] = (
        path
        for path in (SOURCE / "spec").rglob("*.py")
        if f"\nclass {name}(" in path.read_text(encoding="utf-8")
    )
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def names_in(node: ast.AST) -> set[str]:
    """Return the last part of every name below a node."""
    plain = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return plain | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def taken_apart(wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the file of each match and each isinstance on one of these classes, and which it is."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = str(path.relative_to(SOURCE))
        text = path.read_text(encoding="utf-8")
        if not any(name in text for name in wanted):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Match):
                classes = [p.cls for p in ast.walk(node) if isinstance(p, ast.MatchClass)]
                if any(names_in(found) & wanted for found in classes):
                    yield place, "match"
            elif (
                isinstance(node, ast.Call)
                and names_in(node.func) == {"isinstance"}
                and names_in(node.args[1]) & wanted
            ):
                yield place, "isinstance"


@pytest.mark.parametrize("union", ASKED)
def test_one_match_takes_a_union_apart_and_nobody_else(union: str) -> None:
    own = {f"{module_of(name).replace('.', '/')}.py" for name in members(union)}
    # a specification may compare itself with others of its union
    found = [(place, how) for place, how in taken_apart(members(union)) if place not in own]
    assert [how for _, how in found] == ["match"], found


NARROWED = "a task, protocol or row for one kind of model refuses the others"
LOOKED_AT: dict[str, dict[str, str]] = {
    "EvaluationTask": {
        "evaluation/protocols.py": "runs each protocol",
        "study/deciding/query_groups.py": "judged texts alone have queries that repeat others",
        "study/running/calibration.py": "how long each ranking is",
        "study/running/probes.py": "the probe of texts",
        "study/running/references.py": "rows of next vectors",
    },
    "ModelSpec": {
        "evaluation/encoding/corpus_vectors.py": NARROWED,
        "evaluation/protocols.py": NARROWED,
        "models/build/build.py": "builds and loads",
        "spec/checks/figure_names.py": "adapters are of models of texts",
        "spec/checks/fit_checks.py": "what each reads",
        "study/neighbours/linear_rows.py": NARROWED,
        "study/next_vector/given_tower.py": NARROWED,
        "study/next_vector/trained_tower.py": NARROWED,
        "study/running/probes.py": NARROWED,
        "training/loop/tasks.py": NARROWED,
        "training/neighbours/neighbour_tasks.py": NARROWED,
        "training/next_vector/next_vector_task.py": NARROWED,
        "training/watching/monitors.py": "experts are of models of texts",
    },
    "MonitorSpec": {
        "spec/checks/monitor_checks.py": "gradients are compared between tasks",
        "study/running/calibration.py": "what comparing gradients costs",
        "training/watching/monitors.py": "builds",
    },
    "Reference": {
        "spec/evaluation/evaluation.py": "the name of the untrained row",
        "study/folder/fingerprints.py": "what a row is fitted on",
        "study/running/references.py": "scores each row",
    },
}
"""Unions that no one object answers for: the files that look at their members, and why."""


@pytest.mark.parametrize("union", LOOKED_AT)
def test_no_further_file_takes_a_union_apart(union: str) -> None:
    own = {f"{module_of(name).replace('.', '/')}.py" for name in members(union)}
    places = {place for place, _ in taken_apart(members(union))} - own
    assert sorted(places - LOOKED_AT[union].keys()) == [], "ask an object, or say why here"


GATE_FILES = {
    "spec/rule/gates.py",
    "analysis/gates/build.py",
    "analysis/gates/guardrails.py",  # a guardrail is judged as an improvement gate of its own
}
"""Files that may name a gate's class, beside the one that holds its analysis."""


def naming(union: str) -> dict[str, set[str]]:
    """Return for each member of a union the files that name its class."""
    found: dict[str, set[str]] = {member: set() for member in members(union)}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if any(member in text for member in found):
            names = names_in(ast.parse(text)) | imported_in(ast.parse(text))
            for member in names & found.keys():
                found[member].add(str(path.relative_to(SOURCE)))
    return found


def imported_in(tree: ast.AST) -> set[str]:
    """Return the names that are imported anywhere in a module."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in imports for alias in node.names}


def test_a_gate_costs_its_spec_its_analysis_and_one_match() -> None:
    for member, files in naming("GateSpec").items():
        own = files - GATE_FILES
        assert len(own) == 1, f"{member} is known to {sorted(own)}"
        assert own.pop().startswith("analysis/gates/")


def gate_keys() -> set[str]:
    """Return every key that any gate has."""
    home = importlib.import_module(homes()["GateSpec"])
    return {key for name in members("GateSpec") for key in getattr(home, name).model_fields}


def asks_the_kind(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that compare or match the ``kind`` of a gate in place of asking it."""
    for node in ast.walk(tree):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Match):
            asked = [node.subject]
        elif isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and names_in(node.func) <= {"getattr", "hasattr"}:
            told = isinstance(node.args[1], ast.Constant) and node.args[1].value in gate_keys()
            if told and names_in(node.args[0]) & {"gate", "rule", "spec"}:
                yield node.lineno
        for part in asked:
            kind = isinstance(part, ast.Attribute) and part.attr == "kind"
            if kind and "gate" in names_in(part):
                yield part.lineno


@pytest.mark.parametrize(
    "text",
    [
        "verdict.gate.spec.kind == 'bands'",
        "match gate.kind:\n    case 'bands':\n        pass",
        "getattr(gate, 'task', 'run')",
    ],
)
def test_a_gate_that_is_told_by_its_kind_is_found(text: str) -> None:
    assert list(asks_the_kind(ast.parse(text))) == [1]


def test_nobody_tells_gates_by_their_kind() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in asks_the_kind(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found


def with_a_dummy(union: str, text: str) -> str:
    """Return a module whose union has one more member."""
    pattern = rf"(?m)^({union} = Annotated\[\s*(?:Annotated\[)?\s*)"
    base = f"_SpecOf{union}"  # a module may not import it by itself, and Any is no member
    added = (
        f"from gonogo.spec.base import Spec as {base}\n\n\n"
        f"class Dummy{union}({base}):\n    kind: Literal['dummy'] = 'dummy'\n\n\n"
    )
    changed, count = re.subn(pattern, rf"{added}\1Dummy{union} | ", text)
    assert count == 1
    return changed


def checked(tmp_path: Path, texts: dict[str, str]) -> str:
    """Return what the type checker says of the package with these modules in place of its own."""
    api = pytest.importorskip("mypy.api")
    known = ROOT / ".mypy_cache"
    if known.is_dir():
        shutil.copytree(known, tmp_path / "cache")
    shadows: list[str] = []
    for number, (path, text) in enumerate(texts.items()):
        shadow = tmp_path / f"shadow_{number}.py"
        shadow.write_text(text, encoding="utf-8")
        shadows += ["--shadow-file", str(ROOT / path), str(shadow)]
    files = [str(ROOT / "src"), "--config-file", str(ROOT / "pyproject.toml")]
    out, problems, _ = api.run([*files, "--cache-dir", str(tmp_path / "cache"), *shadows])
    assert not problems
    return str(out)


FOURTH = '''class FourthGate(GateParts):
    """A gate that says of itself what is asked."""

    kind: Literal["fourth"] = "fourth"
    metric: MetricName = "nDCG@10"
    arm: Name
    next_actions: Actions = {}

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        return (Contrast("task", self.arm, None),)

    @property
    def candidate_arm(self) -> str:
        return self.arm

    @property
    def arm_places(self) -> Mapping[str, str]:
        return {"arm": self.arm}

    @property
    def task_places(self) -> Mapping[str, str]:
        return {}


'''


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fourth_gate_is_asked_for_in_one_place(tmp_path: Path) -> None:
    path = f"src/{homes()['GateSpec'].replace('.', '/')}.py"
    text = (ROOT / path).read_text(encoding="utf-8")
    union = "GateSpec = Annotated["
    assert text.count(union) == 1
    out = checked(tmp_path, {path: text.replace(union, f"{FOURTH}{union}FourthGate | ")})
    errors = re.findall(r"src/gonogo/([\w/]+\.py):\d+: error", out)
    assert errors == ["analysis/gates/build.py"], out


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_type_checker_names_every_place(tmp_path: Path) -> None:
    texts: dict[str, str] = {}
    for union, module in homes().items():
        path = f"src/{module.replace('.', '/')}.py"
        texts[path] = with_a_dummy(
            union, texts.get(path) or (ROOT / path).read_text(encoding="utf-8")
        )
    out = checked(tmp_path, texts)
    named = {
        (found[1], found[2])
        for found in re.finditer(r"src/gonogo/([\w/]+\.py):\d+: error: .*?(Dummy\w+)", out)
    }
    unnamed = sorted(
        (union, place)
        for union in homes()
        for place, how in taken_apart(members(union))
        if how == "match" and place not in PARTS and (place, f"Dummy{union}") not in named
    )
    assert not unnamed, out
