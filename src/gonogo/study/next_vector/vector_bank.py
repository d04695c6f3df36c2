"""Running text to a bank of vectors, by any backbone; what was encoded survives a kill.

Equal texts are encoded once, so that equal chunks have equal vectors to the last bit. Shards of
distinct texts are kept as they are finished; a shard depends on the set of texts alone.

Held in memory are the texts, for equal ones must be found and the longest come first: their
characters and about 250 bytes a chunk, or the characters twice while articles are compared with
those before them. Half a million sentences of a hundred characters are some 200 MB. Of the vectors
a shard and a block of rows are held; the rest lies in the work folder.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gonogo.core.errors import UserError
from gonogo.core.files import fingerprint, sha256_file, write_bytes, write_json
from gonogo.core.progress import Progress, Silent
from gonogo.core.records import read_record
from gonogo.core.types import Device, Precision
from gonogo.data.files.manifest import MANIFEST, read_manifest, write_manifest
from gonogo.data.next_vector.bank import CHUNKS, VECTORS
from gonogo.data.next_vector.chunks import (
    Chunks,
    Level,
    StoredType,
    cut_articles,
    stored_type,
    write_chunks,
    write_rows,
)
from gonogo.data.next_vector.running_text import read_articles, text_files
from gonogo.data.vectors.vectors import unit_length
from gonogo.data.weights import weights

if TYPE_CHECKING:
    from gonogo.models.text.retrieval_model import RetrievalModel

_SHARD = 1024  # distinct texts encoded between two saves: some seconds of work
_BLOCK = 8192  # rows of the bank gathered at once


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRecipe:
    """What a bank is made by.

    Attributes:
        backbone: short name, folder or hub id.
        level: what a chunk is.
        dtype: number format that vectors are stored in.
        longest: tokens that a chunk is cut to.
        articles: only the first so many; None takes all.
    """

    backbone: str = "minilm"
    level: Level = "sentence"
    dtype: StoredType = "fp16"
    longest: int = 256
    articles: int | None = None


def make_bank(
    sources: Sequence[Path],
    out: Path,
    recipe: BankRecipe,
    *,
    device: Literal["auto"] | Device = "auto",
    precision: Literal["auto"] | Precision = "auto",
    force: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Cut, encode and write a bank; what an interrupted run encoded is not encoded again.

    Args:
        sources: see :mod:`gonogo.data.next_vector.running_text`.
        out: folder of the bank.
        recipe: backbone, chunks, number format.
        device: where it is encoded.
        precision: number format of the matrix products.
        force: replace a bank that was made otherwise.
        progress: shows a bar over distinct texts.

    Returns:
        The bank's manifest.

    Raises:
        UserError: for sources or weights that cannot be read, or an ``out`` that holds something
            else.
    """
    from gonogo.models.parts.devices import resolve_device, resolve_precision

    progress = progress or Silent()
    where = resolve_device(device)
    files = text_files(sources)
    made_by = {
        **asdict(recipe),
        "device": where,
        "precision": resolve_precision(precision, where),
        "weights": weights.fingerprint(recipe.backbone),
    }
    key = fingerprint([made_by, {name: sha256_file(file) for name, file in files.items()}])
    if _finished(out, key, force):
        progress.say(f"{out} is up to date")
        return read_manifest(out, "bank")
    chunks = _cut(sources, recipe, progress)
    work = _work_folder(out, key)
    model = _encoder(recipe, where, made_by["precision"])
    encoded = _Shards(work, chunks.texts, recipe.dtype)
    encoded.encode(model, progress)
    return _write(out, work, chunks, encoded, files, made_by, key)


def _cut(sources: Sequence[Path], recipe: BankRecipe, progress: Progress) -> Chunks:
    read = read_articles(sources)
    chunks = cut_articles(islice(read, recipe.articles), recipe.level)
    progress.say(
        f"{chunks.article_count:,} articles, {len(chunks):,} chunks,"
        f" {len(set(chunks.texts)):,} of them distinct"
    )
    if chunks.repeated:
        progress.say(
            f"{len(chunks.repeated)} articles repeat another word for word and are left out"
        )
    return chunks


def _finished(out: Path, key: str, force: bool) -> bool:
    """Say whether the bank is there already; refuse to overwrite anything else."""
    if not out.exists():
        return False
    if (out / MANIFEST).is_file() and read_manifest(out, "bank").get("recipe_hash") == key:
        return True
    if force and (out / MANIFEST).is_file():
        return False
    if (out / MANIFEST).is_file():
        hint = "choose another `out`, or replace it with `force`"
        raise UserError("holds a bank of other texts or settings", file=out, hint=hint)
    raise UserError("holds something that is no bank", file=out, hint="choose another `out`")


def _is_of(state: Path, key: str) -> bool:
    try:
        return read_record(state, dict[str, str]).get("recipe_hash") == key
    except UserError:  # nobody can tell whose work it is
        return False


def _work_folder(out: Path, key: str) -> Path:
    """Return the folder of unfinished work; what another recipe left there is thrown away."""
    work = out.with_name(f".{out.name}.unfinished")
    state = work / "recipe.json"
    if work.exists() and not _is_of(state, key):
        shutil.rmtree(work)
    if not work.exists():
        write_json(state, {"recipe_hash": key})
    return work


def _encoder(recipe: BankRecipe, device: Device, precision: Precision) -> RetrievalModel:
    from gonogo.models.build.build import build_model
    from gonogo.spec.model.model import Frozen, Lengths, TextModel

    lengths = Lengths(query=8, passage=recipe.longest, pair=max(16, recipe.longest))
    spec = TextModel(backbone=recipe.backbone, adapter=Frozen(), lengths=lengths)
    return build_model(spec, 0, device=device, precision=precision)


class _Shards:
    """Vectors of distinct texts, in files of a thousand; the longest texts come first."""

    def __init__(self, work: Path, texts: Sequence[str], dtype: StoredType) -> None:
        self._work, self._name, self._type = work, dtype, stored_type(dtype)
        # The longest first: memory that does not suffice shows at once, and the time that is
        # left is over-estimated rather than under-estimated.
        self.distinct = sorted(set(texts), key=lambda text: (-len(text), text))
        place = {text: number for number, text in enumerate(self.distinct)}
        self.place = np.array([place[text] for text in texts], dtype=np.int64)

    def _file(self, start: int) -> Path:
        return self._work / f"{start // _SHARD:06d}.npy"

    def encode(self, model: RetrievalModel, progress: Progress) -> None:
        """Encode the shards that are not there yet."""
        starts = range(0, len(self.distinct), _SHARD)
        missing = [start for start in starts if not self._file(start).is_file()]
        done = len(self.distinct) - sum(len(self._texts(start)) for start in missing)
        bar = progress.bar("encode", len(self.distinct), done=done)
        for start in missing:
            buffer = io.BytesIO()
            np.save(buffer, self._encoded(model, start), allow_pickle=False)
            write_bytes(self._file(start), buffer.getvalue())
            bar.advance(len(self._texts(start)))
        bar.close()

    def _texts(self, start: int) -> list[str]:
        return self.distinct[start : start + _SHARD]

    def _encoded(self, model: RetrievalModel, start: int) -> NDArray[np.floating]:
        from gonogo.evaluation.encoding.encoding import encode

        vectors = encode(
            model.bi_encoder,
            self._texts(start),
            "passage",
            device=model.device,
            autocast=model.autocast,
        )
        return unit_length(vectors).astype(self._type)

    def rows(self) -> Iterator[NDArray[np.floating]]:
        """Yield the vectors of all texts in their order, by blocks of rows."""
        whole = np.load(self._joined(), mmap_mode="r")
        for start in range(0, len(self.place), _BLOCK):
            yield whole[self.place[start : start + _BLOCK]]

    def _joined(self) -> Path:
        """Return one file of all distinct vectors, so that none of them stays in memory."""
        file = self._work / "distinct.npy"
        shards = [self._file(at) for at in range(0, len(self.distinct), _SHARD)]
        width = np.load(shards[0], mmap_mode="r").shape[1]
        write_rows(file, map(np.load, shards), (len(self.distinct), width), self._name)
        return file


def _write(
    out: Path,
    work: Path,
    chunks: Chunks,
    encoded: _Shards,
    files: dict[str, Path],
    made_by: dict[str, Any],
    key: str,
) -> dict[str, Any]:
    """Put the bank together and move it to its place as a whole."""
    rows = encoded.rows()
    first = next(rows)
    shape = (len(chunks), int(first.shape[1]))
    folder = work / "bank"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_rows(folder / VECTORS, chain([first], rows), shape, made_by["dtype"])
    write_chunks(folder, chunks)
    manifest = write_manifest(
        folder,
        "bank",
        inputs=files,
        outputs=(VECTORS, CHUNKS),
        recipe=made_by,
        recipe_hash=key,
        rows=shape[0],
        dimension=shape[1],
        unit_length=True,
        articles=chunks.article_count,
        distinct=len(encoded.distinct),
        left_out=chunks.repeated,
    )
    if out.exists():
        shutil.rmtree(out)
    folder.replace(out)
    shutil.rmtree(work)
    return manifest
