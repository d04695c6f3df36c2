"""Running text to the chunks of a bank, and a bank's folder to disk.

The folder holds ``vectors.npy`` (n d), ``chunks.parquet`` (row, article, position, text) and
``manifest.json``; row i of one belongs to row i of the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.files import write_bytes
from gonogo.data.next_vector.bank import CHUNKS
from gonogo.data.next_vector.running_text import Article
from gonogo.data.next_vector.sentences import split_sentences

Level = Literal["sentence", "paragraph"]
StoredType = Literal["fp16", "fp32"]


@dataclass(slots=True)
class Chunks:
    """What a bank's rows say, in order.

    Attributes:
        articles: article of each chunk; those of one article follow each other.
        positions: place of each chunk in its article, from 0.
        texts: what is encoded.
        repeated: articles that were left out because another has the same text throughout.
    """

    articles: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def article_count(self) -> int:
        """Return how many articles there are."""
        return self.positions.count(0)


def cut_articles(articles: Iterable[Article], level: Level) -> Chunks:
    """Cut articles into chunks; one whose text stands there already is left out.

    Raises:
        UserError: if nothing is left.
    """
    chunks, seen = Chunks(), set[tuple[str, ...]]()
    for article in articles:
        if not article.paragraphs:
            continue
        if article.paragraphs in seen:
            chunks.repeated.append(article.id)
            continue
        seen.add(article.paragraphs)
        texts = _cut(article, level)
        chunks.texts += texts
        chunks.articles += [article.id] * len(texts)
        chunks.positions += range(len(texts))
    if not chunks.texts:
        raise UserError("the sources hold no text")
    return chunks


def _cut(article: Article, level: Level) -> list[str]:
    match level:
        case "sentence":
            return [text for part in article.paragraphs for text in split_sentences(part)]
        case "paragraph":
            return [" ".join(part.split()) for part in article.paragraphs]
        case _:
            assert_never(level)


def write_chunks(folder: Path, chunks: Chunks) -> None:
    """Write ``chunks.parquet`` atomically."""
    from io import BytesIO

    import polars as pl

    frame = pl.DataFrame(
        {
            "row": pl.Series(range(len(chunks)), dtype=pl.Int64),
            "article": pl.Series(chunks.articles, dtype=pl.String),
            "position": pl.Series(chunks.positions, dtype=pl.Int32),
            "text": pl.Series(chunks.texts, dtype=pl.String),
        }
    )
    buffer = BytesIO()
    frame.write_parquet(buffer)
    write_bytes(folder / CHUNKS, buffer.getvalue())


def stored_type(name: StoredType) -> type[np.float16] | type[np.float32]:
    """Return the numpy type that vectors are stored in."""
    return np.float16 if name == "fp16" else np.float32


def write_rows(
    path: Path, blocks: Iterable[NDArray[np.floating]], shape: tuple[int, int], dtype: StoredType
) -> None:
    """Write vectors to a ``.npy`` file block by block, in memory of one block.

    Raises:
        ValueError: if the blocks do not fill the shape.
    """
    out = np.lib.format.open_memmap(path, mode="w+", dtype=stored_type(dtype), shape=shape)
    start = 0
    for block in blocks:
        out[start : start + len(block)] = block
        start += len(block)
    if start != shape[0]:
        raise ValueError(f"{start} rows for {shape[0]}")
    out.flush()
