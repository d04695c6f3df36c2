"""Pairs of a context and its next vector: cut, split by article, written with their ceiling."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gonogo.core.files import atomic_folder, sha256_file, write_bytes
from gonogo.data.files.manifest import check_replaceable, write_manifest
from gonogo.data.next_vector.article_copies import article_groups
from gonogo.data.next_vector.bank import Bank
from gonogo.data.next_vector.row_sequences import RowSequences, read_row_sequences
from gonogo.data.next_vector.sequences import CONTEXTS, PAIRS
from gonogo.data.next_vector.window_ceiling import Ceiling, ceiling, remedies
from gonogo.data.next_vector.windows import Articles, WindowRule, Windows, make_windows
from gonogo.data.vectors.vectors import row_blocks, row_digests

RETRY = WindowRule(stride=25, most=40)
"""What ``auto_retry`` lowers the stride and raises the cap to."""
ENOUGH = 0.9
"""Part of the wanted pairs below which ``auto_retry`` tries again: 45,000 of 50,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSettings:
    """What pairs are made by.

    Attributes:
        rule: context, stride and cap.
        target_pairs: most pairs.
        seed: of the split and of the choice among too many.
        validation: share of the articles held out.
        near_duplicate: cosine above which a target repeats one of the last 2,000 kept.
        auto_retry: try a smaller stride and a higher cap when there are too few.
    """

    rule: WindowRule
    target_pairs: int = 50_000
    seed: int = 42
    validation: float = 0.1
    near_duplicate: float = 0.999
    auto_retry: bool = False


@dataclass(frozen=True, slots=True)
class MadePairs:
    """Pairs, and what there is to tell about them.

    Attributes:
        windows: which pairs; in places of ``order`` where the bank is not in order.
        order: bank row of each place; None if they are the same.
        ceiling: what the articles could give at most.
        repeats: training pairs left out because their target is a validation target too.
        copies: articles that repeat another one and stay on its side of the split.
        remedies: what would give as many pairs as were wanted; empty if there are enough.
    """

    windows: Windows
    order: NDArray[np.int64] | None
    ceiling: Ceiling
    repeats: int
    copies: int
    remedies: list[str]

    def __len__(self) -> int:
        return len(self.windows)


def make_pairs(
    bank: Bank,
    settings: PairSettings,
    *,
    sequences: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> MadePairs:
    """Cut the windows of a bank's articles, or of sequences of its rows.

    Raises:
        UserError: for sequences that are none, or articles too few to split.
    """
    laid = read_row_sequences(sequences, len(bank)) if sequences else None
    articles = laid.articles if laid else bank.articles
    digests = row_digests(bank.vectors)
    made = _make(bank, settings, articles, laid, digests)
    retry = replace(
        settings.rule,
        stride=min(settings.rule.stride, RETRY.stride),
        most=max(settings.rule.most, RETRY.most),
    )
    if (
        settings.auto_retry
        and len(made) < ENOUGH * settings.target_pairs
        and (retry != settings.rule)
    ):
        say(f"{len(made):,} pairs: trying stride {retry.stride} and up to {retry.most} an article")
        made = _make(bank, replace(settings, rule=retry), articles, laid, digests)
    return made


def _make(
    bank: Bank,
    settings: PairSettings,
    articles: Articles,
    laid: RowSequences | None,
    digests: NDArray[np.uint64],
) -> MadePairs:
    order = laid.order if laid else None
    groups = article_groups(digests, articles, order=order)
    windows = make_windows(
        bank.vectors,
        articles,
        settings.rule,
        settings.seed,
        target_pairs=settings.target_pairs,
        validation=settings.validation,
        near_duplicate=settings.near_duplicate,
        order=order,
        groups=groups,
    )
    windows, repeats = _without_repeats(windows, digests if order is None else digests[order])
    lengths = articles.lengths
    short = len(windows) < settings.target_pairs
    needed = settings.target_pairs + windows.near_duplicates + repeats  # these come off again
    return MadePairs(
        windows,
        order,
        ceiling(lengths, settings.rule),
        repeats,
        sum(group != name for group, name in zip(groups, articles.ids, strict=True)),
        remedies(lengths, settings.rule, needed) if short else [],
    )


def _without_repeats(windows: Windows, digests: NDArray[np.uint64]) -> tuple[Windows, int]:
    """Leave out training pairs whose target is, bit for bit, a validation target too."""
    content = digests[windows.target]
    repeats = np.isin(content, content[windows.validation]) & ~windows.validation
    stays = ~repeats
    kept = replace(
        windows,
        article=windows.article[stays],
        target=windows.target[stays],
        validation=windows.validation[stays],
    )
    return kept, int(repeats.sum())


def write_pairs(
    out: Path, bank: Bank, made: MadePairs, settings: PairSettings, sequences: Path | None = None
) -> dict[str, Any]:
    """Write ``pairs.parquet``, ``contexts.npy`` where contexts are no slices, and the manifest.

    Returns:
        The manifest.

    Raises:
        UserError: if ``out`` holds something that is no folder of pairs.
    """
    check_replaceable(out, "pairs")
    windows = made.windows
    with atomic_folder(out) as folder:
        write_bytes(folder / PAIRS, _table(made))
        outputs = [PAIRS]
        if made.order is not None:
            write_bytes(folder / CONTEXTS, _contexts(windows, made.order))
            outputs.append(CONTEXTS)
        inputs = dict(bank.files)
        recorded = {"sequences": sha256_file(sequences)} if sequences else {}
        return write_manifest(
            folder,
            "pairs",
            inputs=inputs,
            outputs=outputs,
            content=content_hash(made),
            bank=os.path.relpath(bank.path.resolve(), out.resolve()),
            settings={**asdict(settings), "rule": asdict(made.ceiling.rule), **recorded},
            ceiling=made.ceiling.pairs,
            pairs=len(windows),
            train=int((~windows.validation).sum()),
            validation=int(windows.validation.sum()),
            near_duplicates=windows.near_duplicates,
            repeated_across_split=made.repeats,
            copied_articles=made.copies,
        )


def _table(made: MadePairs) -> bytes:
    import polars as pl

    windows = made.windows
    start = windows.target - windows.context_length
    buffer = BytesIO()
    frame = pl.DataFrame(
        {
            "pair": pl.Series(windows.pair_ids, dtype=pl.String),
            "article": pl.Series([windows.articles.ids[n] for n in windows.article.tolist()]),
            "split": np.where(windows.validation, "validation", "train"),
            "context_start": start if made.order is None else made.order[start],
            "context_length": windows.context_length.astype(np.int32),
            "target": _target_rows(made),
        }
    )
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _target_rows(made: MadePairs) -> NDArray[np.int64]:
    return made.windows.target if made.order is None else made.order[made.windows.target]


def _contexts(windows: Windows, order: NDArray[np.int64]) -> bytes:
    places = windows.context_rows(np.arange(len(windows)))
    buffer = BytesIO()
    np.save(buffer, np.where(places < 0, -1, order[places]), allow_pickle=False)
    return buffer.getvalue()


def content_hash(made: MadePairs) -> str:
    """Return a sha256 of every pair's name, side, context and target, in order.

    Equal for equal bank, settings and seed, whatever wrote the files.
    """
    windows, digest = made.windows, hashlib.sha256()
    for pair, side in zip(windows.pair_ids, windows.validation.tolist(), strict=True):
        digest.update(repr((pair, side)).encode())
    digest.update(_target_rows(made).astype("<i8").tobytes())
    for block in row_blocks(len(windows), 4096):
        places = windows.context_rows(block)
        rows = places if made.order is None else np.where(places < 0, -1, made.order[places])
        digest.update(rows.astype("<i8").tobytes())
    return digest.hexdigest()
