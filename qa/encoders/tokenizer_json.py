"""Text to tokens by a tokenizer.json, for models without a vocabulary of WordPiece. Needs the package tokenizers."""

from __future__ import annotations

from pathlib import Path

from qa.encoders.wordpiece import Tokens
from qa.errors import EncoderMissingError, UnreadableEncoderError

__all__ = ["JsonTokenizer"]

_PACKAGE = "tokenizers"


class JsonTokenizer:
    """The tokenizer that a tokenizer.json describes; its limits of length and its padding are passed over."""

    def __init__(self, described: bytes, path: Path) -> None:
        """`path` is the file that these bytes were read from.

        Raises:
            EncoderMissingError: where tokenizers is not installed.
            UnreadableEncoderError: for bytes that describe no tokenizer.
        """
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise EncoderMissingError(_PACKAGE) from error
        try:
            self._tokenizer = Tokenizer.from_buffer(described)
        except ValueError as error:
            raise UnreadableEncoderError(path, reason=str(error).rstrip(".")) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        around = self._tokenizer.encode("a")
        own = [place for place, special in enumerate(around.special_tokens_mask) if not special]
        self.first = tuple(around.ids[: own[0]]) if own else ()
        self.last = tuple(around.ids[own[-1] + 1 :]) if own else ()

    def tokens(self, text: str) -> Tokens:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        starts, ends = [start for start, _ in encoding.offsets], [end for _, end in encoding.offsets]
        return Tokens(encoding.ids, starts, ends)
