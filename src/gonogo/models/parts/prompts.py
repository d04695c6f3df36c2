"""How texts are laid out for a backbone: bare texts, instructed queries, and pairs to be judged.

Source of the decoders' prompts: Zhang et al. 2025, Qwen3 Embedding (arXiv 2506.05176), and the
model cards of Qwen3-Embedding and Qwen3-Reranker. Pairs are put together from token ids, so that
a long document can never push out the question behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gonogo.core.errors import UserError
from gonogo.models.parts.tokenization import TextTokenizer

_SYSTEM = (
    "Judge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".'
)


def instructed(query: str, instruction: str | None) -> str:
    """Return the text that a decoder embeds for a query."""
    return query if instruction is None else f"Instruct: {instruction}\nQuery:{query}"


@dataclass(frozen=True, slots=True)
class PairLayout:
    """The token ids of a pair, in order: opening, query, bridge, document, closing.

    Only the document is cut, to what the other parts leave of ``length``; a query longer than
    ``query_length`` counts as that long, as it does everywhere else.
    """

    tokenizer: TextTokenizer
    opening: list[int]
    bridge: list[int]
    closing: list[int]
    query_length: int
    length: int
    lead: str = ""
    """What stands between a label and its text: tokenized with the text, as training data was."""
    bridge_text: str = ""
    """The bridge as text, where it can fuse with the query's end (``?`` and a line break)."""

    def __post_init__(self) -> None:
        least = len(self.opening) + self.query_length + len(self.bridge) + len(self.closing) + 1
        if self.length < least:
            raise UserError(
                f"lengths.pair ({self.length}) leaves no room for a document beside the prompt"
                f" and lengths.query ({self.query_length})",
                hint=f"lengths.pair must be at least {least}",
            )

    def tokenize(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """Return the ids of each pair; every text is tokenized once, however often it occurs."""
        queries = self._ids((query for query, _ in pairs), self.bridge_text)
        documents = self._ids((document for _, document in pairs), "")
        rows = []
        for query, document in pairs:
            head = [*self.opening, *self._with_bridge(queries[query])]
            room = self.length - len(head) - len(self.closing)
            rows.append([*head, *documents[document][:room], *self.closing])
        return rows

    def _ids(self, texts: Iterable[str], tail: str) -> dict[str, list[int]]:
        unique = list(dict.fromkeys(texts))
        ids = self.tokenizer.encode([f"{self.lead}{text.strip()}{tail}" for text in unique])
        return dict(zip(unique, ids, strict=True))

    def _with_bridge(self, query: list[int]) -> list[int]:
        if self.bridge_text and len(query) <= self.query_length + len(self.bridge):
            return query
        return query[: self.query_length] + self.bridge


def encoder_pairs(tokenizer: TextTokenizer, query_length: int, length: int) -> PairLayout:
    """Return the tokenizer's own layout: ``[CLS] query [SEP] document [SEP]`` for BERT."""
    before, between, after = tokenizer.pair
    return PairLayout(tokenizer, before, between, after, query_length, length)


def judge_pairs(
    tokenizer: TextTokenizer, instruction: str, query_length: int, length: int
) -> PairLayout:
    """Return the prompt of Qwen3-Reranker, which the next token answers with yes or no.

    Chat and thinking marks are used where the vocabulary has them; other backbones read the same
    words without the marks.
    """
    chat = tokenizer.knows("<|im_start|>") and tokenizer.knows("<|im_end|>")
    thought = "<think>\n\n</think>\n\n" if tokenizer.knows("<think>") else ""
    if chat:
        opening = f"<|im_start|>system\n{_SYSTEM}<|im_end|>\n<|im_start|>user\n"
        closing = f"<|im_end|>\n<|im_start|>assistant\n{thought}"
    else:
        opening, closing = f"{_SYSTEM}\n", f"\n<Answer>:\n{thought}"
    bridge = "\n<Document>:"
    asked = tokenizer.encode([f"<Instruct>: {instruction}\n<Query>:", bridge])
    return PairLayout(
        tokenizer,
        [*tokenizer.single.before, *tokenizer.encode_markup(opening), *asked[0]],
        asked[1],
        tokenizer.encode_markup(closing),
        query_length,
        length,
        lead=" ",
        bridge_text=bridge,
    )
