"""The names that a study may use are those that training logs."""

from __future__ import annotations

from pathlib import Path

from planted_sequences import tower_config, write_sequences

from gonogo.models.build.build import build_model
from gonogo.spec.checks.figure_names import logged_figures, look_figures
from gonogo.training.loop.tasks import build_tasks


def test_a_look_and_a_step_of_a_mining_tower_have_exactly_these(tmp_path: Path) -> None:
    config = tower_config(write_sequences(tmp_path))
    model = build_model(config.model, 0)
    task = build_tasks(config, 0, model)["next"]
    task.loss(task.batch(0))  # fills the memory
    task.start_epoch(1)
    step, look = task.loss(task.batch(1)).figures.keys(), task.validate().keys()
    assert {"loss", "gradient_norm", *step, *look} == logged_figures(config)
    assert look_figures(config) < set(look)
