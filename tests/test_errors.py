"""The errors: one tree, drawn as it is; each with its own code, a sentence for people, and what to do next."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import qa.errors
from qa.errors import (
    BibliographyError,
    CitationsError,
    ClusterAccessError,
    ClusterError,
    ClusterIncompleteError,
    ClusterRejectedError,
    ClusterUnreachableError,
    ClusterUntrustedError,
    DamagedDocumentError,
    DamagedLibraryError,
    DamagedSourceError,
    EncoderDigestError,
    EncoderError,
    EncoderFileError,
    EncoderMissingError,
    FeedbackDamagedError,
    FeedbackFullError,
    FeedbackRateError,
    FeedbackUnwritableError,
    FieldProblem,
    FrontMatterError,
    HelperEndedError,
    IndexFormatError,
    InvalidRequestError,
    JobRunningError,
    JudgedQuestionsError,
    LibraryBusyError,
    LibraryError,
    LibraryNotFoundError,
    LibraryPlaceError,
    LibraryThereError,
    LibraryUnreadableError,
    LibraryUnwritableError,
    LockedSourceError,
    MissingExtraError,
    NoSourcesError,
    NotTextError,
    PassageGoneError,
    QAError,
    SettingError,
    SourceError,
    SourceLimitError,
    SourceNotFoundError,
    SynonymsError,
    TokensError,
    UnknownDocumentError,
    UnknownFormatError,
    UnknownPassageError,
    UnreadableEncoderError,
    UnreadableError,
    UnwatchableError,
)

PATH = Path("folder/terns.md")

EXAMPLES: list[QAError] = [
    InvalidRequestError([FieldProblem("/question", "is required"), FieldProblem("", "is not JSON")]),
    SettingError("port", "cannot be 'x': it is a port"),
    SourceNotFoundError(PATH),
    NoSourcesError(PATH, suffixes=(".md", ".txt")),
    UnreadableError(PATH, reason="permission denied"),
    UnwatchableError(PATH, reason="too many files are watched"),
    NotTextError(PATH, reason="it holds control characters"),
    UnknownFormatError(PATH, suffixes=(".md", ".txt")),
    DamagedSourceError(PATH, kind="PDF", reason="it ends too early"),
    LockedSourceError(PATH, reason="it needs a password"),
    SourceLimitError(PATH, what="takes longer than the 60 seconds that reading a file may", setting="max_seconds"),
    FrontMatterError(PATH, reason="it has no closing '---'"),
    BibliographyError(PATH, reason="it is not JSON"),
    LibraryNotFoundError(PATH),
    IndexFormatError(PATH, found="0/x", expected="1/y"),
    DamagedLibraryError(PATH, reason="okapi.npz cannot be read"),
    DamagedDocumentError("terns"),
    JudgedQuestionsError(PATH, reason="line 1 is not of the form"),
    SynonymsError(PATH, line=3, reason="a name is missing"),
    MissingExtraError("eval"),
    TokensError(PATH, reason="is not there"),
    LibraryBusyError(PATH),
    LibraryUnreadableError(PATH, reason="permission denied"),
    LibraryUnwritableError(PATH, reason="no space left on device"),
    LibraryThereError(PATH),
    LibraryPlaceError(PATH, found=["a.pdf", "b.pdf"]),
    HelperEndedError(),
    JobRunningError(),
    ClusterUnreachableError("https://a:9200, https://b:9200", reason="nothing listens there"),
    ClusterIncompleteError("https://a:9200", reason="one shard did not answer"),
    ClusterAccessError("https://a:9200", status=401, asked="GET i"),
    ClusterAccessError("https://a:9200", status=403, asked="GET i"),
    ClusterUntrustedError("https://a:9200", reason="its certificate has expired"),
    ClusterRejectedError("https://a:9200", reason="its disks are full", asked="PUT i"),
    UnknownDocumentError("terns"),
    UnknownPassageError("terns-00000"),
    PassageGoneError("Terns", document_id="terns", nearest="terns-00000"),
    CitationsError("folder/terns.md", reason="it is empty"),
    EncoderMissingError("onnxruntime"),
    EncoderFileError(PATH, wanted="model.onnx"),
    EncoderDigestError(PATH, found="0" * 64, expected="1" * 64, package="weights"),
    UnreadableEncoderError(PATH, reason="it gives no vector for each token"),
    FeedbackUnwritableError(PATH, reason="permission denied"),
    FeedbackFullError(PATH, what="100,000 judgements"),
    FeedbackRateError(200),
    FeedbackDamagedError(PATH, reason="file is not a database"),
]


def all_of(parent: type[QAError]) -> list[type[QAError]]:
    return [each for child in parent.__subclasses__() for each in (child, *all_of(child))]


def tree() -> list[tuple[int, str, str]]:
    """The depth, name and code of every error below the root."""

    def below(parent: type[QAError], depth: int) -> list[tuple[int, str, str]]:
        return [
            line
            for child in parent.__subclasses__()
            if child.__module__ == "qa.errors"
            for line in [(depth, child.__name__, child.code), *below(child, depth + 1)]
        ]

    return below(QAError, 1)


def drawn() -> list[tuple[int, str, str]]:
    """The same as the module's docstring draws it. A parent that is never raised itself is drawn without its code."""
    lines = re.findall(r"^    ((?:│   )*)[├└]── (\w+) *(\w*)", qa.errors.__doc__ or "", re.MULTILINE)
    return [(len(bars) // 4 + 1, name, code or getattr(qa.errors, name).code) for bars, name, code in lines]


def test_the_tree_drawn_in_the_docstring_is_the_tree() -> None:
    assert "\n    QAError\n" in (qa.errors.__doc__ or "")
    assert len(drawn()) > 10
    assert sorted(drawn()) == sorted(tree())


def test_the_branches_are_drawn_under_their_parents() -> None:
    path: list[str] = []
    for depth, name, _ in drawn():
        path[depth - 1 :] = [name]
        assert getattr(qa.errors, name).__base__.__name__ == (path[depth - 2] if depth > 1 else "QAError")


def test_each_error_has_a_code_of_its_own() -> None:
    codes = [QAError.code, *(each.code for each in all_of(QAError))]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)
    assert all("code" in vars(each) for each in all_of(QAError))


def test_every_error_is_public_and_documented() -> None:
    names = {name for name, each in vars(qa.errors).items() if inspect.isclass(each) and issubclass(each, QAError)}
    assert names <= set(qa.errors.__all__)
    assert all((getattr(qa.errors, name).__doc__ or "").endswith(".") for name in names)


def test_there_is_an_example_of_every_error_that_is_raised() -> None:
    assert {type(error) for error in EXAMPLES} == set(all_of(QAError)) - {
        SourceError,
        LibraryError,
        ClusterError,
        EncoderError,
    }


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_every_error_is_a_sentence_with_a_hint(error: QAError) -> None:
    assert error.message.endswith(".")
    assert not error.message.endswith("..")
    assert error.message[0].isupper() or str(PATH) in error.message or isinstance(error, InvalidRequestError)
    assert str(error) == error.message
    assert len(error.hint) > 10
    assert "\n" not in error.message + error.hint


def test_an_error_about_a_path_names_it() -> None:
    about_paths = [error for error in EXAMPLES if isinstance(error, SourceError | LibraryError)]
    others = DamagedDocumentError | HelperEndedError | JobRunningError | ClusterError
    about_paths = [error for error in about_paths if not isinstance(error, others)]
    assert len(about_paths) == 22
    assert all(str(PATH) in error.message for error in about_paths)


def test_an_invalid_request_names_every_field() -> None:
    error = InvalidRequestError([FieldProblem("/question", "is required"), FieldProblem("/limit", "must be a number")])
    assert error.message == "`question` is required. `limit` must be a number."
    assert [problem.pointer for problem in error.problems] == ["/question", "/limit"]
    assert InvalidRequestError([FieldProblem("", "is not JSON")]).message == "The request is not JSON."
