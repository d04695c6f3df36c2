"""The token table: torch's own embedding, with a gradient that may be sparse."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from gonogo.models.kernels.token_table import TokenTable, replace_token_table, sparse_tables


def model() -> BertModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        sizes = {"hidden_size": 8, "intermediate_size": 8, "vocab_size": 30}
        return BertModel(BertConfig(num_hidden_layers=1, num_attention_heads=2, **sizes)).eval()


def gradient(transformer: BertModel) -> torch.Tensor:
    ids = torch.tensor([[3, 5, 3, 0], [7, 7, 5, 0]])
    out = transformer(ids, attention_mask=ids.clamp(max=1)).last_hidden_state
    table = transformer.get_input_embeddings().weight
    return torch.autograd.grad((out * out.detach().cos()).sum(), table)[0]


def test_both_forms_hold_the_gradient_of_torchs_own_table():
    expected = gradient(model())
    ours = model()
    names = list(ours.state_dict())
    replace_token_table(ours)
    assert type(ours.get_input_embeddings()) is TokenTable
    assert list(ours.state_dict()) == names
    assert torch.equal(gradient(ours), expected)
    with sparse_tables():
        sparse = gradient(ours)
    assert sparse.layout == torch.sparse_coo
    assert sparse._nnz() == 6  # the padding token has no gradient
    torch.testing.assert_close(sparse.to_dense(), expected)
    assert gradient(ours).layout == torch.strided


def test_a_table_that_does_more_is_left_alone():
    transformer = model()
    renormed = nn.Embedding(30, 8, max_norm=1.0)
    transformer.set_input_embeddings(renormed)
    replace_token_table(transformer)
    assert transformer.get_input_embeddings() is renormed


def test_an_error_inside_ends_the_sparse_form():
    table = TokenTable(4, 2)
    with pytest.raises(KeyError), sparse_tables():
        raise KeyError
    (found,) = torch.autograd.grad(table(torch.tensor([1])).sum(), table.weight)
    assert found.layout == torch.strided
