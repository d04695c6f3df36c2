"""Sliding windows over articles of consecutive vectors, each with the vector that comes next.

Only row numbers are kept: the vectors stay in their bank, and 50,000 windows of 100 rows take
under 2 MB instead of the 15 GB of their copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.seeds import derive_seed, generator
from gonogo.data.next_vector.near_duplicates import keep_distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule:
    """Which windows an article gives.

    Args:
        context: vectors of one window; the next one is its target.
        stride: rows from the start of one window to the start of the next.
        most: windows of one article at most; the first ones.
        least: shortest context that an article too short for a whole one may give; None gives
            such articles none.

    Raises:
        UserError: if one of them is below 1, or ``least`` above ``context``.
    """

    context: int = 100
    stride: int = 32
    most: int = 30
    least: int | None = None

    def __post_init__(self) -> None:
        for name in ("context", "stride", "most", "least"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{value} is below 1", place=name)
        if self.shortest > self.context:
            raise UserError(f"{self.least} is above the context of {self.context}", place="least")

    @property
    def shortest(self) -> int:
        """Return the shortest context that a window can have."""
        return self.context if self.least is None else self.least

    def windows(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many windows articles of these lengths give, near-duplicates included."""
        shortest = np.where(lengths > self.context, self.context, self.shortest)
        return np.clip((lengths - shortest - 1) // self.stride + 1, 0, self.most)

    def first_targets(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in its article the first target stands.

        A short article's windows are counted from its end, so that they reach back farthest.
        """
        last = lengths - 1 - (self.windows(lengths) - 1) * self.stride
        return np.where(lengths > self.context, self.context, last)


@dataclass(frozen=True, slots=True)
class Articles:
    """Where each article's vectors lie in the bank: rows ``starts[i]`` to ``starts[i + 1]``.

    Args:
        ids: of the articles, in the order of the bank.
        starts: first row of each, and the number of rows at the end; (articles + 1).
    """

    ids: tuple[str, ...]
    starts: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the number of vectors of each article."""
        return np.diff(self.starts)

    @classmethod
    def from_rows(cls, article_of_row: Sequence[str] | NDArray[np.str_]) -> Articles:
        """Find the articles from the id that stands beside each row.

        Raises:
            UserError: if an article's rows are torn apart, which would make windows across
                articles, and put one article on both sides of a split.
        """
        names = np.asarray(article_of_row)
        changes = np.flatnonzero(names[1:] != names[:-1]) + 1
        starts = np.concatenate([[0], changes, [len(names)]]) if len(names) else np.zeros(1)
        starts = starts.astype(np.int64)
        return cls.from_runs([str(name) for name in names[starts[:-1]]], np.diff(starts))

    @classmethod
    def from_runs(cls, ids: Sequence[str], lengths: NDArray[np.int64]) -> Articles:
        """Take over articles whose rows are known to follow each other.

        Raises:
            UserError: as :meth:`from_rows`.
        """
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        seen: set[str] = set()
        for name, row in zip(ids, starts.tolist(), strict=False):
            if name in seen:
                raise UserError(
                    f"article {name!r} goes on at row {row} after another article",
                    hint="sort the bank by article",
                )
            seen.add(name)
        return cls(tuple(ids), starts)


@dataclass(frozen=True, slots=True)
class Windows:
    """Pairs of a context and its next vector, as row numbers of a bank; sorted by target.

    Attributes:
        context: vectors of each window; those of short articles hold fewer.
        articles: where the articles lie.
        article: number of each pair's article.
        target: the row that comes next; the context is the rows before it in its article.
        validation: true for pairs of articles that are held out.
        near_duplicates: windows that were left out because their target repeats another one.
    """

    context: int
    articles: Articles
    article: NDArray[np.int64]
    target: NDArray[np.int64]
    validation: NDArray[np.bool_]
    near_duplicates: int

    def __len__(self) -> int:
        return len(self.target)

    @property
    def position(self) -> NDArray[np.int64]:
        """Return where in its article each target stands, from 0."""
        return self.target - self.articles.starts[self.article]

    @property
    def pair_ids(self) -> list[str]:
        """Return a name for each pair that no shuffle changes: its article, and where in it."""
        pairs = zip(self.article.tolist(), self.position.tolist(), strict=True)
        return [f"{self.articles.ids[article]}:{position}" for article, position in pairs]

    @property
    def context_length(self) -> NDArray[np.int64]:
        """Return how many vectors each context holds."""
        return np.minimum(self.context, self.position)

    def context_rows(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the contexts of some pairs (numbers), (pairs, context).

        Where a context is shorter, -1 stands in front of it.
        """
        offsets = np.arange(-self.context, 0)
        held = offsets >= -self.context_length[pairs, None]
        return np.where(held, self.target[pairs, None] + offsets, -1)


def make_windows(
    vectors: NDArray[np.floating],
    articles: Articles,
    rule: WindowRule,
    seed: int,
    *,
    target_pairs: int | None = None,
    validation: float = 0.1,
    near_duplicate: float = 0.999,
    order: NDArray[np.int64] | None = None,
    groups: Sequence[str] | None = None,
) -> Windows:
    """Cut windows, leave out near-duplicate targets, hold out whole articles.

    Args:
        vectors: the bank (n, d), memory-mapped or not; read by blocks.
        articles: where the articles lie in it.
        rule: context, stride and cap.
        seed: of the split and of the choice among too many pairs.
        target_pairs: most pairs; of more, a random choice stays.
        validation: share of the articles held out.
        near_duplicate: see :func:`~gonogo.data.next_vector.near_duplicates.keep_distinct`.
        order: row of the bank at each place that the articles count in; by default the same.
        groups: a name for each article; equal names stay on one side of the split.

    Raises:
        UserError: if the bank and the articles differ in length, or the articles cannot be split.
    """
    places = len(vectors) if order is None else len(order)
    if places != articles.starts[-1]:
        raise UserError(f"the bank holds {places} vectors, its articles {articles.starts[-1]}")
    held_out = split_articles(articles, rule.shortest, seed, validation, groups)
    article, target = _cut(articles, rule)
    rows = target if order is None else order[target]
    stays = np.flatnonzero(keep_distinct(vectors, rows, cosine=near_duplicate))
    dropped = len(target) - len(stays)
    if target_pairs is not None and len(stays) > target_pairs:
        draws = generator(seed, "windows", "pairs")
        stays = np.sort(draws.choice(stays, size=target_pairs, replace=False))
    article, target = article[stays], target[stays]
    return Windows(rule.context, articles, article, target, held_out[article], dropped)


def _cut(articles: Articles, rule: WindowRule) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return article and target row of every window, in the order of the bank."""
    counts = rule.windows(articles.lengths)
    article = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(article)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = articles.starts + np.append(rule.first_targets(articles.lengths), 0)
    return article, first[article] + within * rule.stride


def split_articles(
    articles: Articles,
    context: int,
    seed: int,
    validation: float = 0.1,
    groups: Sequence[str] | None = None,
) -> NDArray[np.bool_]:
    """Return which articles are held out; by article, for windows of one share most vectors.

    Drawn among the articles that are long enough for a window, by a random number of each id's
    own: neither the order of the bank, nor the stride, nor the cap moves an article across.

    Args:
        articles: their ids and lengths.
        context: an article needs more vectors than this.
        seed: of the random numbers.
        validation: share held out.
        groups: a name for each article, drawn in place of the ids: near copies of an article go
            where it goes.

    Raises:
        UserError: if fewer than two groups are long enough, or a side would be empty.
    """
    names = np.array(articles.ids if groups is None else groups, dtype=np.str_)
    fitting = np.unique(names[articles.lengths > context])
    count = round(validation * len(fitting)) if len(fitting) > 1 else 0
    count = max(count, 1) if 0 < validation < 1 else count
    if not 0 < count < len(fitting):
        raise UserError(
            f"{len(fitting)} articles are longer than a context of {context} vectors; holding out"
            f" {validation:.0%} of them leaves one side of the split empty",
            hint="more articles, a shorter context, or a share between 0 and 1",
        )
    ranks = [derive_seed(seed, "windows", "split", str(name)) for name in fitting]
    chosen = fitting[np.argsort(np.array(ranks), kind="stable")[:count]]
    return np.isin(names, chosen) & (articles.lengths > context)
