"""Find articles that repeat each other, so that copies stay on one side of a split.

A split by article leaks where one article stands there twice, as a collection of two revisions
does. Exactly equal vectors tell: equal chunks have equal vectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gonogo.data.next_vector.windows import Articles

SHARE = 0.1
"""Part of the shorter article's chunks that must be the other's too."""
_WIDESPREAD = 10  # articles: a chunk of more is a phrase, such as a heading, and copies nothing
_LEAST = 2  # chunks: a single one may be chance


def article_groups(
    digests: NDArray[np.uint64],
    articles: Articles,
    share: float = SHARE,
    order: NDArray[np.int64] | None = None,
) -> list[str]:
    """Return the name of each article's group: the smallest id among its copies, or its own.

    Args:
        digests: of the bank's rows, see :func:`~gonogo.data.vectors.vectors.row_digests`.
        articles: where the articles lie.
        share: of the shorter article's distinct chunks that makes two articles copies.
        order: row of the bank at each place that the articles count in; by default the same.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count = len(articles.ids)
    content = np.unique(digests if order is None else digests[order], return_inverse=True)[1]
    article = np.repeat(np.arange(count), articles.lengths)
    held = np.unique(np.stack([article, content], axis=1), axis=0)
    sizes = np.bincount(held[:, 0], minlength=count)
    spread = np.bincount(held[:, 1])
    shared = held[spread[held[:, 1]] <= _WIDESPREAD]
    ones = np.ones(len(shared), dtype=np.int64)
    incidence = csr_array((ones, (shared[:, 0], shared[:, 1])), shape=(count, len(spread)))
    common = (incidence @ incidence.T).tocoo()
    needed = np.maximum(_LEAST, share * np.minimum(sizes[common.row], sizes[common.col]))
    copies = (common.data >= needed) & (common.row != common.col)
    links = csr_array(
        (np.ones(copies.sum()), (common.row[copies], common.col[copies])), shape=(count, count)
    )
    _, label = connected_components(links, directed=False)
    first: dict[int, str] = {}
    for group, name in sorted(zip(label.tolist(), articles.ids, strict=True)):
        first.setdefault(group, name)
    return [first[group] for group in label.tolist()]
