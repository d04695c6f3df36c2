"""What can change a trial's result, as flat keys, and nothing else.

Data sets and model weights enter by content; paths, device names, logging and checkpoint
intervals do not enter at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gonogo.core.errors import NoSuchDataError, NotHereYetError, UserError
from gonogo.core.files import fingerprint
from gonogo.core.types import Split
from gonogo.core.version import __version__
from gonogo.data.files.manifest import MANIFEST, read_manifest
from gonogo.data.files.places import find_file, find_folder
from gonogo.data.files.start_weights import find_start, start_digest
from gonogo.data.next_vector.bank import find_bank
from gonogo.data.sources.loading import dataset_fingerprint
from gonogo.data.sources.pairs_data import pairs_source, text_digest
from gonogo.data.sources.query_clusters import check_clusters
from gonogo.data.weights.weights import file_hash
from gonogo.data.weights.weights import fingerprint as weights_fingerprint
from gonogo.spec.data.running_text import PairsSpec
from gonogo.spec.data.text_data import DataSpec, JudgedTexts
from gonogo.spec.data.vector_data import PairsOfVectors
from gonogo.spec.evaluation.references import Bm25Row, Reference, UntrainedRow
from gonogo.spec.study import TrialConfig

Inputs = dict[str, Any]


@dataclass
class Hasher:
    """Hashes data sets and weights once, for all trials of a plan."""

    beside: Path
    """The folder of the study file: relative data folders are looked up there."""
    fetch: bool = True
    """Fetch what is not on this machine; planning passes False and goes on without."""
    file: Path | None = None
    """The study file, named in errors."""
    lists_missing: bool = False
    """Go on without data that lie in no folder either, and list them."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where data come from that must lie in a folder, by their names in the study."""
    missing: dict[str, str] = field(default_factory=dict)
    """What was not here, and why, where ``fetch`` is off."""
    to_make: dict[str, str] = field(default_factory=dict)
    """What a run will make first of what is here, and how much of it."""
    _known: dict[tuple[str, str], str] = field(default_factory=dict)
    _flat: dict[tuple[str, int], tuple[TrialConfig, Inputs]] = field(default_factory=dict)
    """What a configuration came to, by its identity: all seeds of an arm share it."""

    def training_inputs(self, config: TrialConfig, seed: int) -> Inputs:
        """Return everything that can change the trained weights."""
        flat = self._once("training", config, self._training)
        return {"seed": seed, **flat, **self._start(config, seed)}

    def _start(self, config: TrialConfig, seed: int) -> Inputs:
        """Return the hash of the weights that a model starts from; nothing for a fresh one."""
        name = config.model.start_from
        if name is None:
            return {}
        with self._told_at("model.start_from"):
            return {"model.start_from": start_digest(find_start(name, seed, beside=self.beside))}

    def evaluation_inputs(self, config: TrialConfig) -> Inputs:
        """Return everything that can change the scores of given weights."""
        return dict(self._once("evaluation", config, self._evaluation))

    def _once(
        self, kind: str, config: TrialConfig, flatten: Callable[[TrialConfig], Inputs]
    ) -> Inputs:
        # The configuration is kept beside its inputs, so that its identity is not given anew.
        key = kind, id(config)
        if key not in self._flat:
            self._flat[key] = config, flatten(config)
        return self._flat[key][1]

    def _training(self, config: TrialConfig) -> Inputs:
        parts: dict[str, Any] = {"model": config.model, "training": config.training}
        if len(config.tasks) > 1:
            parts["schedule"] = config.schedule
        flat: Inputs = {"gonogo": __version__}
        for name, part in parts.items():
            self._flatten(part, name, flat)
        for name, task in config.tasks.items():
            self._flatten(task, f"tasks.{name}", flat, getattr(task, "split", "train"))
        return flat

    def _evaluation(self, config: TrialConfig) -> Inputs:
        flat: Inputs = {"gonogo": __version__}
        spec = config.evaluation.model_copy(update={"references": ()})
        self._flatten(spec, "evaluation", flat, config.evaluation.split)
        return flat

    def reference_inputs(self, row: Reference, config: TrialConfig, seed: int) -> Inputs:
        """Return everything that can change a reference row's scores."""
        if isinstance(row, Bm25Row):
            return self.evaluation_inputs(config)
        flat: Inputs = {"training.precision": config.training.precision, "seed": seed}
        self._flatten(config.model, "model", flat)
        self._flatten(row, "row", flat)
        if not isinstance(row, UntrainedRow):  # fitted or tuned on what the arms are trained on
            for name, task in config.tasks.items():
                self._flatten(task, f"tasks.{name}", flat)
        return {**self.evaluation_inputs(config), **flat, **self._start(config, seed)}

    def _flatten(self, value: Any, key: str, flat: Inputs, split: Split = "train") -> None:
        if isinstance(value, JudgedTexts):
            with self._told_at(key):
                flat[key] = f"{value.name} {self._data(cast(DataSpec, value), split)}"
        elif isinstance(value, BaseModel):
            if isinstance(value, PairsOfVectors) and not self.fetch:
                with self._told_at(key):
                    self._tell_making(cast(PairsSpec, value))
            for name, info in type(value).model_fields.items():
                self._flatten_field(getattr(value, name), info, f"{key}.{name}", flat, split)
        elif isinstance(value, dict):
            for name, inner in value.items():
                self._flatten(inner, f"{key}.{name}", flat, split)
        elif isinstance(value, list | tuple):
            for position, inner in enumerate(value):
                self._flatten(inner, f"{key}[{position}]", flat, split)
        else:
            flat[key] = value

    def _flatten_field(
        self, value: Any, info: FieldInfo, key: str, flat: Inputs, split: Split
    ) -> None:
        marks = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        if marks.get("gonogo_hashed_unless_default") and value == info.default:
            return
        with self._told_at(key):
            match marks.get("gonogo_hashed_as"):
                case "weights":
                    flat[key] = self._weights(value)
                case "file":
                    flat[key] = self._content(find_file(value, beside=self.beside), "file")
                case "manifest":
                    flat[key] = self._content(find_folder(value, beside=self.beside), "pairs")
                case "start":
                    pass  # each seed may have its own, see _start
                case "text":
                    flat[key] = text_digest(tuple(value), self.beside)
                case "bank":
                    flat[key] = self._content(find_bank(value, beside=self.beside), "bank")
                case _ if marks.get("gonogo_affects_result", True):
                    self._flatten(value, key, flat, split)
                case _:
                    pass  # it cannot change a result

    def _tell_making(self, spec: PairsSpec) -> None:
        """Count what running text will give, where it was not made on this machine yet."""
        known = ("made", spec.model_dump_json())
        if known not in self._known:
            self._known[known] = ""
            if found := pairs_source(spec, beside=self.beside).to_make():
                self.to_make[f"pairs of {spec.name}"] = found

    @contextmanager
    def _told_at(self, key: str) -> Iterator[None]:
        """Name the study file and the key in an error that names no place yet.

        Of data that lie nowhere, the study says where they come from.
        """
        try:
            yield
        except NoSuchDataError as error:
            name = str(error.value)
            words = f"{error.message} ({self.sources.get(name) or error.hint})"
            if not self.lists_missing:
                raise UserError(words, file=self.file, place=key, value=name) from error
            self.missing[name] = words
        except UserError as error:
            if error.file or error.place:
                raise
            raise UserError(error.message, file=self.file, place=key, hint=error.hint) from error

    def _data(self, spec: DataSpec, split: Split) -> str:
        split = spec.split or split
        known = (spec.model_dump_json(), split)
        if known not in self._known:
            try:
                digest = dataset_fingerprint(spec, split, beside=self.beside, fetch=self.fetch)
                if spec.cluster is not None:  # no part of a fingerprint: scores do not know them
                    check_clusters(spec, split, beside=self.beside)
            except NotHereYetError as error:
                self.missing[f"{spec.name} ({split})"] = str(error)
                digest = "not here yet"
            self._known[known] = digest
        return self._known[known]

    def _content(self, path: Path, kind: str) -> str:
        """Hash a file, or the manifest of a data folder of this kind."""
        known = (kind, str(path))
        if known not in self._known:
            if path.is_dir():
                read_manifest(path, kind)
                path /= MANIFEST
            self._known[known] = file_hash(path)
        return self._known[known]

    def _weights(self, backbone: str) -> str:
        known = ("weights", backbone)
        if known not in self._known:
            try:
                self._known[known] = weights_fingerprint(backbone, download=self.fetch)
            except NotHereYetError as error:
                self.missing[f"weights of {backbone}"] = str(error)
                self._known[known] = "not here yet"
        return self._known[known]


def combine(*inputs: Inputs) -> str:
    """Return the fingerprint of several sets of inputs."""
    return fingerprint(list(inputs))


def changed_keys(old: Inputs, new: Inputs) -> list[str]:
    """Describe what differs: ``model.adapter.rank: 8 -> 16``."""
    if old == new:
        return []
    missing = "absent"
    return [
        f"{key}: {old.get(key, missing)} -> {new.get(key, missing)}"
        for key in sorted({*old, *new})
        if old.get(key, missing) != new.get(key, missing)
    ]
