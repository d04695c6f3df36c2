from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sentence_folders import sentence_folder, write

from gonogo.core.errors import UserError
from gonogo.data.weights.sentence_layout import Dense, Normalize, read_layout


@pytest.fixture
def transformer(tmp_path: Path) -> Path:
    folder = tmp_path / "transformer"
    write(folder / "config.json", {})
    write(folder / "tokenizer_config.json", {"model_max_length": 77})
    return folder


@pytest.mark.train
def test_the_layout_of_versions_2_to_5(tmp_path: Path, transformer: Path) -> None:
    settings = {"prompts": {"query": "q: ", "document": "d: "}, "similarity_fn_name": "euclidean"}
    folder = sentence_folder(
        tmp_path / "model",
        transformer,
        "Dense",
        "Dropout",
        "Normalize",
        pooling={"pooling_mode_max_tokens": True, "pooling_mode_cls_token": True},
        dense={"activation_function": "torch.nn.modules.linear.Identity"},
        settings=settings,
        longest=40,
        lower_case=True,
    )
    layout = read_layout(folder)
    assert layout.pooling == ("cls", "max")  # the order in which their vectors are joined
    dense = Dense(folder="2_Dense", inputs=32, outputs=8, bias=True, activation="Identity")
    assert layout.stages == (dense, Normalize())
    assert (layout.longest, layout.lower_case) == (40, True)
    assert (layout.query_prompt, layout.passage_prompt) == ("q: ", "d: ")
    assert layout.similarity == "euclidean"


def test_the_layout_of_version_6(tmp_path: Path, transformer: Path) -> None:
    folder = sentence_folder(
        tmp_path / "model",
        transformer,
        "Normalize",
        pooling={"pooling_mode": "lasttoken", "include_prompt": True},
    )
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "sentence_transformers.base.modules.transformer.Transformer"
    modules[1]["type"] = "sentence_transformers.sentence_transformer.modules.pooling.Pooling"
    write(folder / "modules.json", modules)
    layout = read_layout(folder)
    assert layout.pooling == ("lasttoken",)
    assert layout.longest == 77  # the tokenizer's, where no other is given


def test_what_is_not_said_is_what_sentence_transformers_takes(
    tmp_path: Path, transformer: Path
) -> None:
    write(transformer / "tokenizer_config.json", {"model_max_length": 1e30})
    layout = read_layout(sentence_folder(tmp_path / "model", transformer))
    assert (layout.similarity, layout.longest, layout.query_prompt) == ("cosine", None, "")


@pytest.mark.parametrize(
    ("prompts", "default", "query", "passage"),
    [
        ({"query": "q ", "passage": "p "}, None, "q ", "p "),
        ({"corpus": "c "}, None, "", "c "),
        ({"both": "b ", "query": ""}, "both", "", "b "),
        ({"both": "b "}, "both", "b ", "b "),
    ],
)
def test_prompts(
    tmp_path: Path,
    transformer: Path,
    prompts: dict[str, str],
    default: str | None,
    query: str,
    passage: str,
) -> None:
    settings = {"prompts": prompts, "default_prompt_name": default}
    layout = read_layout(sentence_folder(tmp_path / "model", transformer, settings=settings))
    assert (layout.query_prompt, layout.passage_prompt) == (query, passage)


@pytest.mark.train
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stages": ["LSTM"]}, "stage 'LSTM' is not known"),
        ({"pooling": {"pooling_mode": "meen"}}, "no pooling 'meen'.*did you mean 'mean'"),
        ({"settings": {"similarity_fn_name": "manhattan"}}, "no similarity 'manhattan'"),
        (
            {"stages": ["Dense"], "dense": {"activation_function": "torch.nn.Tanhh"}},
            "no activation 'Tanhh'.*did you mean 'Tanh'",
        ),
        (
            {
                "pooling": {"pooling_mode": "mean", "include_prompt": False},
                "settings": {"prompts": {"query": "q "}},
            },
            "include_prompt false",
        ),
    ],
)
def test_what_would_be_read_wrongly_is_refused(
    tmp_path: Path, transformer: Path, changes: dict[str, Any], message: str
) -> None:
    changes = dict(changes)
    folder = sentence_folder(tmp_path / "model", transformer, *changes.pop("stages", ()), **changes)
    with pytest.raises(UserError, match=message):
        read_layout(folder)


def test_broken_modules_are_told(tmp_path: Path, transformer: Path) -> None:
    folder = sentence_folder(tmp_path / "model", transformer)
    write(folder / "modules.json", [{"type": "x"}])
    with pytest.raises(UserError, match="list of modules"):
        read_layout(folder)
    write(folder / "modules.json", [{"type": "a.CLIPModel", "path": ""}])
    with pytest.raises(UserError, match="starts with CLIPModel"):
        read_layout(folder)
