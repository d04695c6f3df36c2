"""A plain tower that was saved elsewhere, under other names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from gonogo.core.errors import UserError
from gonogo.models.next_vector.plain_tower import load_plain_tower


class Elsewhere(nn.Module):
    """The plain tower as anyone writes it."""

    def __init__(self, layers: int = 1, both: bool = True, norm: bool = False) -> None:
        super().__init__()
        self.rnn = nn.GRU(8, 6, layers, batch_first=True, bidirectional=both)
        self.fc = nn.Linear(12 if both else 6, 8)
        self.norm = nn.LayerNorm(8) if norm else nn.Identity()

    def forward(self, context: Tensor) -> Tensor:
        query = self.norm(self.fc(self.rnn(context)[0].mean(dim=1)))
        return nn.functional.normalize(query, dim=-1)


def saved(model: nn.Module, file: Path, form: str) -> Path:
    state = model.state_dict()
    match form:
        case "safetensors":
            save_file({f"query_tower.{name}": value for name, value in state.items()}, file)
        case "plain":
            torch.save(state, file)
        case _:
            named = {f"module.{name}": value for name, value in state.items()}
            optimizer = torch.optim.Adam(model.parameters()).state_dict()
            torch.save({"epoch": 3, "model_state_dict": named, "optimizer": optimizer}, file)
    return file


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("form", ["safetensors", "plain", "checkpoint"])
def test_its_queries_are_those_of_its_own_code(form: str, layers: int, tmp_path: Path) -> None:
    torch.manual_seed(3)
    other = Elsewhere(layers)
    suffix = "safetensors" if form == "safetensors" else "pt"
    file = saved(other, tmp_path / f"tower.{suffix}", form)
    model = load_plain_tower(file, device="cpu", precision="fp32")
    context = torch.randn(5, 7, 8)
    found = model(context, torch.ones(5, 7, dtype=torch.bool))
    torch.testing.assert_close(found, other(context), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Elsewhere(both=False), "reads in one direction only"),
        (Elsewhere(norm=True), r"norm.bias \(8,\) has no place in it"),
        (nn.Linear(3, 4), "0 GRUs, expected one; found bias, weight"),
        (nn.GRU(8, 6, bidirectional=True), r"0 linear layers \(8, 12\) beside the GRU"),
    ],
    ids=["one direction", "norm", "no GRU", "no layer"],
)
def test_another_tower_is_told(model: nn.Module, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        load_plain_tower(saved(model, tmp_path / "x.pt", "plain"), device="cpu", precision="fp32")


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit",)


def test_code_is_never_run(tmp_path: Path) -> None:
    torch.save({"a": _Code()}, tmp_path / "x.pt")
    with pytest.raises(UserError, match="without running its code"):
        load_plain_tower(tmp_path / "x.pt", device="cpu", precision="fp32")
