"""Score models on all public sets of BEIR; without any, what a study has finished."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alias import alias, gonogo

from gonogo.api.studies.study import Study, study
from gonogo.cli import evaluate
from gonogo.cli.main import end_well
from gonogo.cli.shared.many_values import ManyValues
from gonogo.core.errors import UserError
from gonogo.core.files import atomic_folder
from gonogo.spec.model.model import TextModel

OUT = "beir.md"
ABOUT = """Score models on all public sets of BEIR, as gonogo evaluate MODEL... --datasets all does.

Without models: every finished trial of a study, and its reference rows (BM25, the bare
backbone, the untrained model). It asks nothing. Sets that are not public are listed as not
available; one that fails is an error in the table and exit code 1. Finished ones are kept, so that
an interrupted run continues with the same command. Results go to beir.md unless --out says
otherwise.
"""
VARIABLES = {
    "STUDY": "whose finished trials are scored where no model is named; isotropy",
    "TIER": "its tier; full",
    "OUTPUTS": "the folder of all outputs; outputs",
}


class OptionalModels(ManyValues):
    """Options of ``gonogo evaluate``, whose models may be left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for parameter in self.params:
            if parameter.name in ("models", "out"):
                parameter.required = False


def main(given: list[str]) -> None:
    """Score what is named, or what a study has finished.

    Raises:
        UserError: if nothing is named and nothing is finished.
    """

    def start(**values: Any) -> None:
        models = [] if values["models"] else finished(os.environ)
        out = [] if values["out"] else ["--out", OUT]
        gonogo("evaluate", *models, *given, *out, "--datasets", "all")

    alias(
        "evaluate_all_beir.sh",
        evaluate.evaluate,
        ABOUT,
        start,
        variables=VARIABLES,
        without=("datasets",),
        command=OptionalModels,
    )(given)


def finished(environment: Mapping[str, str]) -> list[str]:
    """Return the folders of finished trials, and the reference rows that need no training.

    Raises:
        UserError: if no trial is finished.
    """
    name = environment.get("STUDY", "").strip() or "isotropy"
    tier = environment.get("TIER", "").strip() or "full"
    out = Path(environment.get("OUTPUTS", "").strip() or "outputs")
    opened = study(name, tier=tier, out=out)
    trials = sorted(opened.folder.glob("trials/*/seed_*/checkpoints/final/state.json"))
    if not trials:
        raise UserError(
            f"no finished trial in {opened.folder}",
            hint=f"name models, or train some: gonogo run {name} --tier {tier}",
        )
    return [*rows_of(opened), *(str(path.parents[2]) for path in trials)]


def rows_of(opened: Study) -> list[str]:
    """Return the reference rows as models; the untrained one is built and saved."""
    names = {row.name for row in opened.resolved.evaluation.references}
    spec = next(iter(opened.resolved.arms.values())).model
    if not isinstance(spec, TextModel):
        return []
    rows = {"bm25": "bm25", "backbone": spec.backbone}
    found = [model for name, model in rows.items() if name in names]
    if "untrained" in names:
        folder = opened.folder / "references" / "untrained" / "untrained"
        if not folder.exists():
            from gonogo.models.build.build import build_model

            model = build_model(spec, opened.resolved.seeds[0], device="cpu", precision="fp32")
            with atomic_folder(folder) as place:
                model.save(place)
        found.append(str(folder))
    return found


if __name__ == "__main__":
    end_well(lambda: main(sys.argv[1:]))
