"""The base of every specification: typed, frozen, and closed to unknown keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gonogo.core.errors import UserError
from gonogo.core.metrics import canonical_metric


class Spec(BaseModel):
    """One block of a study file; unknown keys are errors, values cannot change once read."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        validate_default=True,
        populate_by_name=True,
    )


NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._+=-]{0,79}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A name that can be a file name: letters, digits, '.', '_', '+', '=', '-'."""


def _canonical(name: str) -> str:
    try:
        return canonical_metric(name)
    except UserError as error:
        raise ValueError(str(error)) from error


MetricName = Annotated[str, AfterValidator(_canonical)]
"""A measure as ir-measures writes it; MRR@10 is read as RR@10, Recall@100 as R@100, MAP as AP."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]

NOT_HASHED = {"gonogo_affects_result": False}
"""Mark a field that cannot change a result, so that it stays out of the fingerprint."""

HASHED_UNLESS_DEFAULT = {"gonogo_hashed_unless_default": True}
"""Mark a field that came later: its default is what earlier trials did, so they stay current."""

HASHED_AS_WEIGHTS = {"gonogo_hashed_as": "weights"}
"""Mark a field that names model weights: their content is hashed, not the name."""

HASHED_AS_FILE = {"gonogo_hashed_as": "file"}
"""Mark a field that names a file: its content is hashed, not its name."""

HASHED_AS_MANIFEST = {"gonogo_hashed_as": "manifest"}
"""Mark a field that names a folder of pairs: its ``manifest.json`` stands for its content."""

HASHED_AS_TEXT = {"gonogo_hashed_as": "text"}
"""Mark a field that names sources of running text: their content is hashed, not their names."""

HASHED_BY_SEED = {"gonogo_hashed_as": "start"}
"""Mark a field that names a saved model: its weights are hashed, for each seed its own."""

HASHED_AS_BANK = {"gonogo_hashed_as": "bank", **HASHED_UNLESS_DEFAULT}
"""Mark a field that may name a bank: its ``manifest.json``, or the file, stands for its content."""


class LearnedTask(Spec):
    """What every task says, whatever it teaches."""

    max_steps: Annotated[Count | None, Field(json_schema_extra=HASHED_UNLESS_DEFAULT)] = None
    """Most optimiser steps spent on this task, where ``training.max_steps`` allows as many."""


class LearnedModel(Spec):
    """What every model says, whatever it reads."""

    start_from: Annotated[str | None, Field(json_schema_extra=HASHED_BY_SEED)] = None
    """Weights to start from, in place of random ones: a saved model; a trial, of which the best
    checkpoint is taken (the final one where it kept no best); or an arm of a finished study
    (``.../trials/gru``), of which each seed takes its own. Their content is part of the
    fingerprint. The row ``untrained`` is then where training starts."""
