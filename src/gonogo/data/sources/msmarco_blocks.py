"""Negatives of many queries, block by block, so that an interrupted run loses one block at most."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gonogo.core.files import read_json_lines, write_lines
from gonogo.core.progress import Progress
from gonogo.core.seeds import generator
from gonogo.data.examples.bm25 import Bm25Index
from gonogo.data.examples.mining import Forbidden, random_rows
from gonogo.data.judged.datasets import RetrievalDataset

BLOCK = 1024
"""Queries of one file."""


@dataclass(frozen=True)
class Drawing:
    """Which negatives are drawn."""

    count: int = 1
    """Negatives a query."""
    hard_share: float = 1.0
    """Share of them that come from BM25's best documents, the others from the whole corpus."""
    top: int = 100
    """BM25 ranks that hard ones are drawn from; ranks of positives count, but are left out."""
    seed: int = 42

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Mined:
    """The negatives of one query.

    Attributes:
        query: its id.
        hard: ids of documents from BM25's best.
        random: ids of documents drawn from the corpus, as asked.
        filled: further ones, where BM25's best held too few.
    """

    query: str
    hard: tuple[str, ...]
    random: tuple[str, ...]
    filled: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Return all of them, without repetition."""
        return (*self.hard, *self.random, *self.filled)


def mine_blocks(
    dataset: RetrievalDataset, drawing: Drawing, folder: Path, progress: Progress
) -> Iterator[Mined]:
    """Yield the negatives of every query in the order of the ids; finished blocks are read.

    What a query gets depends on its id, the corpus and the settings, not on the block or on the
    other queries.

    Args:
        dataset: queries, corpus and judgements.
        drawing: which negatives.
        folder: where blocks are kept.
        progress: shows a bar over queries.
    """
    queries = sorted(dataset.queries)
    blocks = [queries[start : start + BLOCK] for start in range(0, len(queries), BLOCK)]
    paths = [folder / f"block_{number:05d}.jsonl" for number in range(len(blocks))]
    done = sum(len(b) for b, path in zip(blocks, paths, strict=True) if path.exists())
    miner: _Miner | None = None
    bar = progress.bar(f"{dataset.name}: negatives", len(queries), done=done)
    for block, path in zip(blocks, paths, strict=True):
        if not path.exists():
            if miner is None:
                progress.say(f"{dataset.name}: indexing {len(dataset.corpus):,} documents")
                miner = _Miner(dataset, drawing)
            found = miner.mine(block)
            write_lines(path, (json.dumps(asdict(one), ensure_ascii=False) for one in found))
            bar.advance(len(block))
        for row in read_json_lines(path):
            parts = {name: tuple(row[name]) for name in ("hard", "random", "filled")}
            yield Mined(row["query"], **parts)
    bar.close()


class _Miner:
    """Holds what all blocks share: the index, and what may not be drawn."""

    def __init__(self, dataset: RetrievalDataset, drawing: Drawing) -> None:
        self._dataset, self._drawing = dataset, drawing
        self._index = Bm25Index(dataset.corpus)
        self._forbidden = Forbidden(dataset)

    def mine(self, queries: Sequence[str]) -> list[Mined]:
        texts = [self._dataset.queries[query] for query in queries]
        found = self._index.search(texts, self._drawing.top)
        return [
            self._one(query, [row for row, _ in hits])
            for query, hits in zip(queries, found, strict=True)
        ]

    def _one(self, query: str, ranking: list[int]) -> Mined:
        drawing, documents = self._drawing, len(self._dataset.corpus)
        draws = generator(drawing.seed, "hard_negatives", query)
        never = self._forbidden.rows(query)
        wanted = drawing.count * drawing.hard_share
        hard_wanted = int(wanted) + (draws.random() < wanted - int(wanted))
        window = [row for row in ranking if row not in never]
        hard = [window[at] for at in draws.permutation(len(window))[:hard_wanted]]
        rest = drawing.count - len(hard)
        others = random_rows(documents, never.union(hard), rest, draws)
        asked = drawing.count - hard_wanted
        ids = self._dataset.corpus.ids
        return Mined(
            query,
            tuple(ids[row] for row in hard),
            tuple(ids[row] for row in others[:asked]),
            tuple(ids[row] for row in others[asked:]),
        )
