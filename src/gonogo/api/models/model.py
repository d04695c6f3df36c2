"""A model to work with: texts to vectors, pairs to scores, documents in order."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gonogo.core.errors import UserError
from gonogo.core.types import Device, Precision, Side, Similarity

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from gonogo.data.weights.model_places import ModelPlace
    from gonogo.models.text.foreign import ForeignModel
    from gonogo.models.text.retrieval_model import RetrievalModel


@dataclass(frozen=True, slots=True)
class Found:
    """One document of a ranking."""

    index: int
    """Its place among the documents that were given."""
    document: str
    score: float


class Model:
    """A model that reads texts, made by `load` and `Trial.load`.

    Args:
        place: where it lies.
        inner: the model.
    """

    def __init__(self, place: ModelPlace, inner: RetrievalModel | ForeignModel) -> None:
        self._place, self._inner = place, inner

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        return self._place.label

    @property
    def path(self) -> str:
        """Return the folder or the name that it was loaded by."""
        return self._place.name

    @property
    def dimension(self) -> int:
        """Return the width of its vectors."""
        return self._inner.bi_encoder.dimension

    @property
    def similarity(self) -> Similarity:
        """Return how its vectors are compared."""
        return self._inner.bi_encoder.similarity

    def encode(
        self, texts: str | Sequence[str], side: Side = "passage"
    ) -> Float[np.ndarray, "n d"]:
        """Return one fp32 vector a text (n d); of a single text its vector (d).

        Args:
            texts: to embed.
            side: queries and passages may be framed differently.
        """
        from gonogo.evaluation.encoding.encoding import encode

        if side not in ("query", "passage"):
            raise UserError(f"{side!r} is no side", place="side", value=side, hint="query, passage")
        listed = [texts] if isinstance(texts, str) else list(texts)
        inner = self._inner.eval()
        vectors = encode(
            inner.bi_encoder, listed, side, device=inner.device, autocast=inner.autocast
        )
        return vectors[0] if isinstance(texts, str) else vectors

    def similarities(
        self, queries: Sequence[str], documents: Sequence[str]
    ) -> Float[np.ndarray, "q n"]:
        """Return the similarity of each query's vector with each document's (q n)."""
        import numpy as np

        from gonogo.evaluation.search.search_scores import pair_scores

        left, right = self.encode(list(queries), "query"), self.encode(list(documents))
        places = np.repeat(np.arange(len(left)), len(right))
        rows = np.tile(np.arange(len(right)), len(left))
        found = pair_scores(left, places, right, rows, self.similarity)
        return found.reshape(len(left), len(right))

    @property
    def scores_pairs(self) -> bool:
        """Tell whether it has a head that reads query and document together."""
        return hasattr(self._inner, "cross_encoder")

    def score(self, pairs: Sequence[tuple[str, str]]) -> Float[np.ndarray, "n"]:
        """Return the logit of each (query, document) pair, to rank by (n).

        Raises:
            UserError: if the model reads no pairs.
        """
        import numpy as np

        from gonogo.core.progress import Silent
        from gonogo.evaluation.text.reranking import pair_logits
        from gonogo.models.text.retrieval_model import RetrievalModel

        if not isinstance(self._inner, RetrievalModel):
            hint = "rank by vectors: encode, similarities, or rerank"
            raise UserError("this model embeds texts and reads no pairs", file=self.path, hint=hint)
        self._warn_untaught()
        given = [(str(query), str(document)) for query, document in pairs]
        logits = pair_logits(self._inner.eval(), given, self.name, Silent())
        return np.array(logits, dtype=np.float32)

    def rerank(
        self,
        query: str,
        documents: Sequence[str],
        *,
        top: int | None = None,
        by: Literal["pairs", "vectors"] | None = None,
    ) -> list[Found]:
        """Return documents in order, best first; equal ones as they were given.

        Args:
            query: what is asked.
            documents: to put in order.
            top: how many to return; all if not given.
            by: read query and document together, or compare their vectors; by pairs where the model
                was taught to, if not given.
        """
        import numpy as np

        listed = list(documents)
        if not listed:
            return []
        pairs = by == "pairs" or (by is None and self.scores_pairs and self._taught != "vectors")
        scores = (
            self.score([(query, one) for one in listed])
            if pairs
            else self.similarities([query], listed)[0]
        )
        order = np.argsort(-scores, kind="stable")[:top]
        return [Found(int(row), listed[row], float(scores[row])) for row in order]

    @property
    def _taught(self) -> Literal["pairs", "vectors", "unknown"]:
        """Return what a trial's tasks taught, as far as its configuration says."""
        at = Path(self.path).resolve()
        for folder in (at, *at.parents[:2]) if at.is_dir() else ():
            if (folder / "trial.yaml").is_file():
                from gonogo.spec.reading.reading import read_mapping

                tasks = read_mapping(folder / "trial.yaml").get("config", {}).get("tasks", {})
                kinds = {str(task.get("kind")) for task in tasks.values()}
                return "vectors" if kinds and "relevance" not in kinds else "pairs"
        return "unknown"

    def _warn_untaught(self) -> None:
        if self._taught == "vectors":
            warnings.warn(
                f"{self.name} was not taught to read pairs: its scoring head is as it was built",
                stacklevel=3,
            )

    def export(self, folder: str | Path) -> Path:
        """Write backbone, head and tokenizer of an embedder into a new folder.

        gonogo and sentence-transformers load it.

        Raises:
            UserError: if it is no model of ours, or the folder is there.
        """
        from gonogo.models.text.export import export_model
        from gonogo.models.text.retrieval_model import RetrievalModel

        if not isinstance(self._inner, RetrievalModel):
            raise UserError("this model is no model of ours", file=self.path)
        export_model(self._inner, Path(folder))
        return Path(folder)

    def __repr__(self) -> str:
        """Return name, width and similarity."""
        return f"<model {self.name}: {self.dimension} dimensions, {self.similarity}>"


def load(
    name: str | Path,
    *,
    device: Literal["auto"] | Device = "auto",
    precision: Literal["auto"] | Precision = "fp32",
    download: bool = True,
) -> Model:
    """Load a model that reads texts.

    Args:
        name: a trial's or model's folder, a sentence-transformers folder, a packaged name such as
            ``minilm``, or a hub id.
        device: where it computes.
        precision: of matrix products.
        download: fetch what is not on this machine.

    Raises:
        UserError: if it is none of these, or embeds no texts.
    """
    from gonogo.core.extras import require

    require("train", "loading a model")
    from gonogo.data.weights.model_places import find_model

    place = find_model(str(name), download=download)
    from gonogo.models.build.any_model import load_any
    from gonogo.models.parts.devices import resolve_device, resolve_precision

    where = resolve_device(device)
    inner = load_any(place, device=where, precision=resolve_precision(precision, where))
    return Model(place, inner)
