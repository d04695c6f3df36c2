import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gonogo.cli.main import app
from gonogo.core.errors import UserError
from gonogo.data.weights.model_places import find_model
from gonogo.data.weights.weights import WeightSource
from gonogo.evaluation.encoding.encoding import encode
from gonogo.evaluation.search.search import top_k
from gonogo.models.build.any_model import load_any
from gonogo.models.build.build import build_model, load_model
from gonogo.models.heads.linear_maps import fit_linear_map
from gonogo.models.text.export import export_model
from gonogo.models.text.foreign import load_sentence_model
from gonogo.spec.model.model import Frozen, Lengths, LoraAdapter, TextModel
from gonogo.spec.model.projections import MlpProjection, ResidualProjection

TEXTS = ["read a file", "the sum of two arrays along the given axis " * 12, "", "yes"]
HEADS = {
    "none": None,
    "mlp": MlpProjection(dimension=12),
    "residual": ResidualProjection(hidden=20, dimension=8, skip_scale=0.7),
}


def model_of(folder, head="residual", **changes):
    spec = TextModel(
        backbone=str(folder),
        adapter=Frozen(),
        projection=HEADS[head],
        lengths=Lengths(query=24, passage=24, pair=64),
    )
    model = build_model(spec.model_copy(update=changes), 0)
    with torch.no_grad():  # biases start at 0, where a lost one would not show
        for name, value in model.named_parameters():
            if "projection" in name and value.ndim == 1:
                value.normal_(0, 0.3, generator=torch.Generator().manual_seed(len(value)))
    return model


def vectors(model):
    return encode(model.bi_encoder, TEXTS, "passage", device="cpu", autocast=model.autocast)


@pytest.mark.parametrize("head", list(HEADS))
@pytest.mark.parametrize("similarity", ["cosine", "dot", "euclidean"])
def test_sentence_transformers_gives_the_same_vectors(
    tiny_encoder_folder, tmp_path, head, similarity
):
    library = pytest.importorskip("sentence_transformers")
    model = model_of(tiny_encoder_folder, head, similarity=similarity)
    export_model(model, tmp_path / "out")
    theirs = library.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    assert np.allclose(theirs.encode(TEXTS), vectors(model), atol=2e-5)
    assert theirs.similarity_fn_name == similarity


@pytest.mark.parametrize("pooling", ["mean", "last_token", "first_token"])
def test_the_pooling_is_written_too(tiny_encoder_folder, tmp_path, pooling):
    library = pytest.importorskip("sentence_transformers")
    model = model_of(tiny_encoder_folder, pooling=pooling)
    export_model(model, tmp_path / "out")
    theirs = library.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    assert np.allclose(theirs.encode(TEXTS), vectors(model), atol=2e-5)


@pytest.mark.parametrize("head", list(HEADS))
def test_both_of_our_own_loaders_give_the_same_vectors(tiny_encoder_folder, tmp_path, head):
    model, folder = model_of(tiny_encoder_folder, head), tmp_path / "out"
    export_model(model, folder)
    assert np.array_equal(vectors(load_model(folder)), vectors(model))
    foreign = load_sentence_model(WeightSource("out", "folder", folder))
    assert np.allclose(vectors(foreign), vectors(model), atol=2e-5)


def ranking(model, similarity=None):
    """Rank words for each text, compared as the model itself says."""
    encoder, words = (
        model.bi_encoder,
        [f"{first} {last}" for first in "abcdef" for last in "uvwxyz"],
    )
    asked, kept = (
        encode(encoder, texts, side, device="cpu", autocast=model.autocast)
        for texts, side in ((TEXTS, "query"), (words, "passage"))
    )
    return top_k(asked, kept, 10, similarity or encoder.similarity)[1].tolist()


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("head", list(HEADS))
def test_distances_survive_an_export(tiny_encoder_folder, tmp_path, head, ours):
    """Compared by products, the same vectors would rank otherwise."""
    model, folder = model_of(tiny_encoder_folder, head, similarity="euclidean"), tmp_path / "out"
    export_model(model, folder)
    said = json.loads((folder / "config_sentence_transformers.json").read_text())
    assert said["similarity_fn_name"] == "euclidean"
    if not ours:
        (folder / "model.json").unlink()
    place = find_model(str(folder))
    assert place.kind == ("saved" if ours else "sentence")
    again = load_any(place, device="cpu", precision="fp32")
    assert ranking(again) == ranking(model)
    assert ranking(model) != ranking(model, "dot")


def test_a_linear_map_is_written_with_its_mean(tiny_encoder_folder, tmp_path):
    model = model_of(tiny_encoder_folder)
    unit = np.random.default_rng(0).standard_normal((50, 32)).astype(np.float32)
    unit = (unit + 1) / np.linalg.norm(unit + 1, axis=1, keepdims=True)
    model.bi_encoder.projection = fit_linear_map("pca", unit, 6)
    from gonogo.models.text.export import _write_layout

    folder = tmp_path / "out"
    folder.mkdir()
    model.backbone.transformer.save_pretrained(folder)
    model._tokenizer.saved.save_pretrained(folder)
    _write_layout(model, folder)
    foreign = load_sentence_model(WeightSource("out", "folder", folder))
    assert np.allclose(vectors(foreign), vectors(model), atol=2e-5)


def test_what_the_layout_cannot_hold_is_told(tiny_encoder_folder, tiny_decoder_folder, tmp_path):
    with pytest.raises(UserError, match="decoder's instruction"):
        export_model(model_of(tiny_decoder_folder, "none", lengths=Lengths()), tmp_path / "out")
    with pytest.raises(UserError, match="adapter has no place"):
        export_model(model_of(tiny_encoder_folder, adapter=LoraAdapter(rank=2)), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="is there already"):
        export_model(model_of(tiny_encoder_folder), tmp_path)


def test_the_verb_takes_a_trial_or_a_checkpoint(tiny_encoder_folder, tmp_path):
    model, trial = model_of(tiny_encoder_folder), tmp_path / "trial"
    model.save(trial / "checkpoints" / "final")
    run = CliRunner()
    for number, place in enumerate((trial, trial / "checkpoints" / "final")):
        out = tmp_path / f"out{number}"
        result = run.invoke(app, ["export", str(place), "--out", str(out)])
        assert result.exit_code == 0, result.output
        assert np.array_equal(vectors(load_model(out)), vectors(model))
