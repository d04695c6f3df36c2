"""Train retrieval models as experiments that end in a defensible go / no-go decision.

Everything that Python code should use is here, by the names in ``__all__``; the packages below are
private. Names are imported when they are first used, so that ``import gonogo`` costs nothing.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from gonogo.core.version import __version__

if TYPE_CHECKING:
    from gonogo.api.deciding.comparison import Comparison, compare
    from gonogo.api.deciding.deciding import decide
    from gonogo.api.deciding.effects import Effect
    from gonogo.api.deciding.gates import Gate, bands, improvement, interference
    from gonogo.api.deciding.verdict import Verdict, read_verdict
    from gonogo.api.models.evaluating import Evaluation, evaluate
    from gonogo.api.models.model import Found, Model, load
    from gonogo.api.studies.learning import Learning
    from gonogo.api.studies.plan import Plan
    from gonogo.api.studies.result import Result
    from gonogo.api.studies.shipped import studies
    from gonogo.api.studies.status import Status
    from gonogo.api.studies.study import Interrupted, Study, study
    from gonogo.api.studies.trials import Trial, Trials
    from gonogo.core.errors import UserError

__all__ = [
    "Comparison",
    "Effect",
    "Evaluation",
    "Found",
    "Gate",
    "Interrupted",
    "Learning",
    "Model",
    "Plan",
    "Result",
    "Status",
    "Study",
    "Trial",
    "Trials",
    "UserError",
    "Verdict",
    "__version__",
    "bands",
    "compare",
    "decide",
    "evaluate",
    "improvement",
    "interference",
    "load",
    "read_verdict",
    "studies",
    "study",
]

_PLACES = {
    "gonogo.api.deciding.comparison": ("Comparison", "compare"),
    "gonogo.api.deciding.deciding": ("decide",),
    "gonogo.api.deciding.gates": ("Gate", "bands", "improvement", "interference"),
    "gonogo.api.deciding.effects": ("Effect",),
    "gonogo.api.deciding.verdict": ("Verdict", "read_verdict"),
    "gonogo.api.models.evaluating": ("Evaluation", "evaluate"),
    "gonogo.api.models.model": ("Found", "Model", "load"),
    "gonogo.api.studies.learning": ("Learning",),
    "gonogo.api.studies.plan": ("Plan",),
    "gonogo.api.studies.result": ("Result",),
    "gonogo.api.studies.shipped": ("studies",),
    "gonogo.api.studies.status": ("Status",),
    "gonogo.api.studies.study": ("Interrupted", "Study", "study"),
    "gonogo.api.studies.trials": ("Trial", "Trials"),
    "gonogo.core.errors": ("UserError",),
}
_HOMES = {name: place for place, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gonogo' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    if name != "study":  # which is a floor below, too, and has been bound by its import
        globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)


class _StudyFloor(ModuleType):
    """The floor ``gonogo.study``, which is also the function of that name."""

    def __call__(self, *args: object, **settings: object) -> object:
        """Open a study: see `gonogo.api.studies.study.study`."""
        from gonogo.api.studies import study as home

        return home.study(*args, **settings)  # type: ignore[arg-type]


class _Package(ModuleType):
    """The package itself: importing the floor ``study`` must not hide the function ``study``."""

    def __setattr__(self, name: str, value: object) -> None:
        """Bind a name; Python binds floors like this when they are imported."""
        if name == "study" and isinstance(value, ModuleType):
            value.__class__ = _StudyFloor
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
