from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.judged.beir import load_beir
from gonogo.data.sources import python_api
from gonogo.data.sources.python_api import ApiPair, python_api_folder, split_of, unambiguous
from gonogo.data.sources.python_api_sources import find_package


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lay an importable package whose import would fail, with 30 modules of one function each."""
    name = f"toyapi{abs(hash(tmp_path)) % 10**8}"
    home = tmp_path / name
    (home / "tests").mkdir(parents=True)
    (home / "__init__.py").write_text("raise RuntimeError('this package must not be imported')\n")
    for number in range(30):
        (home / f"part{number}.py").write_text(
            f'def act(x, y={number}):\n    """Return what thing {number} does.\n\n'
            f'    Details of number {number} follow here in several words.\n    """\n'
        )
    (home / "tests" / "test_x.py").write_text(
        'def f():\n    """A test that does things.\n\n'
        '    With a longer body of many words.\n    """\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    return name


def test_a_package_is_read_without_being_imported(package: str) -> None:
    data = load_beir(python_api_folder(package, "train"), "train", "x")
    assert package not in sys.modules
    first = data.corpus.ids[0]
    number = first.split(".")[1].removeprefix("part")
    assert data.corpus.texts[0] == (
        f"{first}(x, y={number})\nDetails of number {number} follow here in several words."
    )
    assert data.queries[f"q:{first}"] == f"Return what thing {number} does"
    assert data.qrels[f"q:{first}"] == {first: 1}


def test_splits_share_no_module_and_no_document(package: str) -> None:
    parts = [
        load_beir(python_api_folder(package, split), split, "x") for split in ("train", "test")
    ]
    modules = [{key.rsplit(".", 1)[0] for key in part.corpus.ids} for part in parts]
    assert all(modules)
    assert not modules[0] & modules[1]
    assert not set(parts[0].corpus.texts) & set(parts[1].corpus.texts)
    assert not any("tests" in module for module in modules[0] | modules[1])


def test_a_second_call_reads_the_cache(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = python_api_folder(package, "train")

    def build(found: object) -> None:
        raise AssertionError("built twice")

    monkeypatch.setattr(python_api, "_build", build)
    assert python_api_folder(package, "train") == first


def test_changed_sources_are_built_anew(package: str, tmp_path: Path) -> None:
    first = python_api_folder(package, "train")
    (tmp_path / package / "more.py").write_text("x = 1\n")
    find_package.cache_clear()
    assert python_api_folder(package, "train") != first


def test_a_missing_package_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'numpi' is not installed.*did you mean 'numpy'"):
        python_api_folder("numpi", "train")


def test_a_package_too_small_for_a_split_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tinyapi.py").write_text(
        '"""A module that does something.\n\nAnd says so in quite a few words.\n"""\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))
    here = split_of("tinyapi")
    assert python_api_folder("tinyapi", here).is_dir()
    with pytest.raises(UserError, match="too small to have"):
        python_api_folder("tinyapi", "dev" if here != "dev" else "test")


def test_ambiguous_queries_and_copied_documents_are_left_out() -> None:
    def pair(name: str, query: str, rest: str) -> ApiPair:
        return ApiPair(name, "m", query, name, rest)

    kept = unambiguous(
        [
            pair("a", "Return the sum of it", "one"),
            pair("b", "return the Sum of it", "two"),
            pair("c", "Return something else entirely", "three  words"),
            pair("d", "A copy of c", "three\nwords"),
        ]
    )
    assert [one.name for one in kept] == ["c"]


def test_the_parts_of_a_stdlib_package_stay_together() -> None:
    assert split_of("asyncio.tasks") == split_of("asyncio.events") == split_of("asyncio")
    sides = [split_of(f"package.module{n}") for n in range(2000)]
    assert 0.6 < sides.count("train") / 2000 < 0.7
    assert 0.22 < sides.count("test") / 2000 < 0.28


def test_the_stdlib_gives_about_2200_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path))
    sizes = [
        len(load_beir(python_api_folder("stdlib", split), split, "x").queries)
        for split in ("train", "dev", "test")
    ]
    assert 1800 < sum(sizes) < 3000
    assert all(size > 100 for size in sizes)


@pytest.mark.train
def test_reading_torch_does_not_import_it() -> None:
    code = (
        "import sys; from gonogo.data.sources.python_api_sources import find_package as f;"
        "from gonogo.data.sources import loading; p = f('torch'); assert len(p.modules) > 500;"
        "assert not {'torch', 'datasets', 'ir_datasets'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
