"""Bank and pairs of running text, made on first use and kept in the cache folder."""

from __future__ import annotations

from filelock import FileLock

from gonogo.core.workplace import Workplace
from gonogo.data.files.manifest import MANIFEST
from gonogo.data.next_vector.bank import open_bank
from gonogo.data.next_vector.pairs import make_pairs, write_pairs
from gonogo.data.sources.pairs_data import KeptPairs, kept_pairs, pair_settings
from gonogo.spec.data.running_text import RunningTextPairs, running_text_among
from gonogo.spec.next_vector.next_vector_task import NextVectorTask
from gonogo.spec.study import TrialConfig
from gonogo.study.next_vector.vector_bank import BankRecipe, make_bank


def prepare_pairs(config: TrialConfig, workplace: Workplace) -> None:
    """Make what a trial's tasks and its evaluation read of running text, where it is not there.

    Raises:
        UserError: if sources or encoder are not to be had, or the documents are too few.
    """
    for spec in running_texts(config):
        kept = kept_pairs(spec, beside=workplace.beside)
        if kept.made:
            continue
        with FileLock(kept.pairs.with_suffix(".lock")):  # trials side by side want it at once
            if not kept.made:
                _make(spec, kept, workplace)


def running_texts(config: TrialConfig) -> list[RunningTextPairs]:
    """Return the running text that a configuration names, each once."""
    named = [task.data for task in config.tasks.values() if isinstance(task, NextVectorTask)]
    for task in config.evaluation.tasks.values():
        named += task.pairs
    return running_text_among(named)


def _make(spec: RunningTextPairs, kept: KeptPairs, workplace: Workplace) -> None:
    say = workplace.progress.say
    with FileLock(kept.bank.with_suffix(".lock")):
        if not (kept.bank / MANIFEST).is_file():
            say(f"{spec.name}: cut and encoded once by {spec.encoder}, then kept in {kept.bank}")
            recipe = BankRecipe(backbone=spec.encoder, level=spec.level, longest=spec.longest)
            device, progress = workplace.device, workplace.progress
            make_bank(kept.sources, kept.bank, recipe, device=device, progress=progress)
    bank, settings = open_bank(kept.bank), pair_settings(spec)
    made = make_pairs(bank, settings)
    write_pairs(kept.pairs, bank, made, settings)
    held_out = int(made.windows.validation.sum())
    say(
        f"{spec.name}: {len(made) - held_out:,} pairs to learn from and {held_out:,} of held-out"
        f" documents, over {len(bank):,} vectors, in {kept.pairs}"
    )
