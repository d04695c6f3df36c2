"""Texts to token ids, without padding, such that no text can smuggle in a control token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from gonogo.core.errors import UserError


class Frame(NamedTuple):
    """The control tokens that a tokenizer puts around and between texts."""

    before: list[int]
    between: list[int]
    after: list[int]


class TextTokenizer:
    """A tokenizer that gives plain lists of ids.

    Raises:
        UserError: when the folder holds no tokenizer that the tokenizers library can run.
    """

    def __init__(self, folder: Path) -> None:
        self.saved: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False
        )
        backend = getattr(self.saved, "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            raise UserError("no fast tokenizer", file=folder, hint="a tokenizer.json is needed")
        # Copies: the saved tokenizer stays as it was. A saved file may ask for truncation and
        # padding to a fixed length (all-MiniLM-L6-v2 does, at 128), which must not act here.
        self._markup, self._plain = (Tokenizer.from_str(backend.to_str()) for _ in range(2))
        for tokenizer in (self._markup, self._plain):
            tokenizer.no_truncation()
            tokenizer.no_padding()
        self._plain.encode_special_tokens = True

    @property
    def pad_id(self) -> int:
        """Return the id that fills rows up; any id will do, as the mask says where tokens are."""
        for token in (self.saved.pad_token_id, self.saved.eos_token_id):
            if token is not None:
                return int(token)
        return 0

    @property
    def end_id(self) -> int:
        """Return the id that a decoder reads last, whose vector stands for the text.

        The one that the tokenizer itself puts after a text (Qwen3-Embedding's differs from its
        end token), otherwise the end token.

        Raises:
            UserError: when the tokenizer has neither.
        """
        if self.single.after:
            return self.single.after[-1]
        if self.saved.eos_token_id is None:
            raise UserError("the tokenizer has no end token to pool on", hint="use pooling: mean")
        return int(self.saved.eos_token_id)

    @cached_property
    def single(self) -> Frame:
        """Return the control tokens around one text."""
        return self._frame("a")

    @cached_property
    def pair(self) -> Frame:
        """Return the control tokens around two texts."""
        return self._frame("a", "a")

    def _frame(self, *texts: str) -> Frame:
        encoding = self._plain.encode_batch([texts if len(texts) > 1 else texts[0]])[0]
        owners = encoding.sequence_ids  # None for control tokens, else the text's number
        first = owners.index(0)
        last = len(owners) - 1 - owners[::-1].index(len(texts) - 1)
        between = [i for i in range(first, last) if owners[i] is None]
        ids = encoding.ids
        return Frame(ids[:first], [ids[i] for i in between], ids[last + 1 :])

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text alone; control tokens spelled out in it are mere text."""
        encodings = self._plain.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def encode_markup(self, text: str) -> list[int]:
        """Return the ids of our own markup, in which control tokens count as such."""
        return list(self._markup.encode(text, add_special_tokens=False).ids)

    def knows(self, token: str) -> bool:
        """Return whether ``token`` is one entry of the vocabulary."""
        return self._markup.token_to_id(token) is not None

    def word_id(self, word: str) -> int:
        """Return the id of a word that is one token.

        Raises:
            UserError: when it takes several tokens or is unknown.
        """
        ids = self.encode([word])[0]
        if len(ids) != 1 or ids == self.encode_markup(str(self.saved.unk_token or "")):
            raise UserError(f"{word!r} is not one token of this backbone", hint="use scoring: mlp")
        return ids[0]
