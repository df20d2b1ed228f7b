"""Source files to Documents: one reader a format, found by the file's ending."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qa.errors import (
    BibliographyError,
    NoSourcesError,
    SourceError,
    SourceLimitError,
    SourceNotFoundError,
    UnknownFormatError,
    UnreadableError,
)
from qa.model import Document, FileState, Reference
from qa.readers.bibliography import bracketed
from qa.readers.decoding import decode
from qa.readers.judged import JudgedQuestions, read_judged, read_lines, read_run, write_run
from qa.readers.sandbox import MEGABYTE, GivenFile, Limits, ReadingStoppedError, Sandbox
from qa.readers.sidecars import MOST_BYTES, SIDECARS, parsed_sidecar
from qa.readers.writing import SourceFile

if TYPE_CHECKING:
    from qa.concepts import Concept

__all__ = [
    "READERS",
    "RECORDS",
    "JudgedQuestions",
    "Limits",
    "Reader",
    "ReadingStoppedError",
    "Sandbox",
    "Work",
    "document_id",
    "file_size",
    "file_state",
    "find_sources",
    "is_there",
    "legible",
    "parsed",
    "read",
    "read_judged",
    "read_lines",
    "read_run",
    "read_synonyms",
    "read_text",
    "read_works",
    "resolved",
    "write_run",
]


Reader = Callable[[SourceFile], Iterable[Document]]
"""A file of one format to its documents, one after the other. Offsets of a Document refer to its own plain text.

What a reader needs is imported when it reads its first file, not before: most libraries hold one format or two.
"""


def _read_markdown(file: SourceFile) -> Iterable[Document]:
    from qa.readers.markdown import read_markdown

    text = decode(file.data, file.path)
    return [read_markdown(text, path=file.path, document_id=file.document_id, listed=file.listed(text))]


def _read_plain(file: SourceFile) -> Iterable[Document]:
    from qa.readers.plain import read_plain

    text = decode(file.data, file.path)
    return [read_plain(text, path=file.path, document_id=file.document_id, listed=file.listed(text))]


def _read_html(file: SourceFile) -> Iterable[Document]:
    from qa.readers.html import read_html

    return read_html(file)


def _read_jsonl(file: SourceFile) -> Iterable[Document]:
    from qa.readers.records import read_jsonl

    return read_jsonl(file)


def _read_table(file: SourceFile) -> Iterable[Document]:
    from qa.readers.records import read_table

    return read_table(file)


def _read_pdf(file: SourceFile) -> Iterable[Document]:
    from qa.readers.pdf import read_pdf

    return read_pdf(file)


def _read_docx(file: SourceFile) -> Iterable[Document]:
    from qa.readers.docx import read_docx

    return read_docx(file)


def _read_epub(file: SourceFile) -> Iterable[Document]:
    from qa.readers.epub import read_epub

    return read_epub(file)


READERS: dict[str, Reader] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".txt": _read_plain,
    ".text": _read_plain,
    ".html": _read_html,
    ".htm": _read_html,
    ".xhtml": _read_html,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
    ".docm": _read_docx,
    ".epub": _read_epub,
    ".jsonl": _read_jsonl,
    ".csv": _read_table,
    ".tsv": _read_table,
}


RECORDS = frozenset({".jsonl", ".csv", ".tsv"})
"""The endings of files that hold many documents, each known by its own id."""

_TEXTS = RECORDS | {".md", ".markdown", ".txt", ".text"}
_SMALL = 16 * 1024
"""Bytes up to which a file of text is read without a child, which would take longer to start than most such files to
read: these readers are Python throughout, and so cannot break the process, nor fill it with so little, nor take more
than seconds over the worst of it (Markdown that is nothing but opening brackets)."""


_MOST_KINDS = 8  # of files that are not read, by their endings, that are told apart


class Work(NamedTuple):
    """A document of a file, and which of the file's it is: empty where the file is one document."""

    part: str
    document: Document


READING = 3
"""Raised whenever a reader makes another document of the same file, so that files are read again."""


def file_state(path: Path, *, before: FileState | None = None, limits: Limits | None = None) -> FileState:
    """How a source file stands, with the file of references beside it. One whose stamp is that of `before` is not read.

    Raises:
        SourceNotFoundError, UnreadableError, SourceLimitError.
    """
    files = [path, *filter(None, [_sidecar(path)])]
    try:
        found = [(each.name, each.stat()) for each in files]
    except OSError as error:
        raise _refused(path, error) from None
    stamp = json.dumps([READING, *((name, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for name, each in found)])
    if before and before.stamp == stamp:
        return before
    digest = hashlib.sha256(str(READING).encode())
    for each in files:
        digest.update(f"\0{each.name}\0".encode("utf-8", "surrogateescape"))
        digest.update(_bytes(each, limits=limits or Limits()))
    return FileState(stamp, digest.hexdigest())


def file_size(path: Path) -> int:
    """The bytes of a file, 0 where the system does not say."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def is_there(origin: str) -> bool:
    """Whether anything is where a file was; so it counts as well where the system does not say."""
    try:
        Path(origin).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def find_sources(
    path: Path,
    *,
    note: Callable[[str], None] = lambda _: None,
    on_unreadable: Callable[[UnreadableError], None] | None = None,
) -> Iterator[tuple[Path, str]]:
    """The source files at a path, in order of their names, each with the id that its document gets.

    A folder gives all that lie in it, at any depth; README files, whatever begins with a dot, and links to folders
    (which may lead round in circles) are passed over; and so is a file of references that is named itself, as
    `FOLDER/*` does, where the document lies beside it with which it is read. Of judged questions in BEIR's form it
    gives the corpus alone. Left out, and said to `note`, are links that lead out of the folder or to nothing, what is
    no file, as pipes and devices are, READMEs and files of formats that are not read: none of these is opened.
    `on_unreadable`, where it is given, is told of folders further in that cannot be read, which are left out then.

    Raises:
        SourceNotFoundError, UnreadableError, UnknownFormatError, NoSourcesError.
    """
    if not stat.S_ISDIR(_mode(path)):
        if _is_beside_a_document(path):
            return
        if path.suffix.lower() not in READERS:
            raise UnknownFormatError(path, suffixes=tuple(READERS))
        yield path, document_id(Path(path.name))
        return
    found = False
    others: Counter[str] = Counter()
    for source in _files(path, root=resolved(path), note=note, on_unreadable=on_unreadable, others=others):
        found = True
        yield source, document_id(source.relative_to(path))
    if not found:
        raise NoSourcesError(path, suffixes=tuple(READERS))
    if others:
        note(_passed_over(path, others))


def read(path: Path, document_id: str) -> Document:
    """The document that a source file holds, or the first of them, with the bibliography beside it, if there is one.

    Raises:
        SourceError: of the kind that says what is wrong with the file, or with the bibliography.
    """
    return next(each.document for each in read_works(path, document_id))


def read_works(
    path: Path,
    document_id: str,
    *,
    sandbox: Sandbox | None = None,
    then: tuple[Path, str] | None = None,
    note: Callable[[str], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Work]:
    """The documents that a source file holds, each with the id that it wants, one after the other.

    They are read in the sandbox, if there is one and the file is not a small one of text alone, and all are there
    before the first is given. `then` is the next file, with the id that it wants, which the sandbox reads meanwhile.
    `note` is told, in sentences that name the file, what of it is in none of them.

    Raises:
        SourceError: of the kind that says what is wrong with the file, or with the bibliography beside it.
        ReadingStoppedError: where the sandbox is not done with it when `should_stop` says so.
    """
    if sandbox is None:
        documents = parsed(_given(path, document_id, limits=Limits()), note=note)
    else:
        try:
            work = partial(_reply, path, document_id, sandbox)
            file, reply = sandbox.finish((path, document_id), work, should_stop=should_stop)
        except SourceError:
            _begin(then, sandbox)
            raise
        _begin(then, sandbox)
        documents = parsed(file, note=note) if reply is None else sandbox.documents(file, reply, note=note)
    for document in documents:
        yield Work(document.id if path.suffix.lower() in RECORDS else "", document)


def _begin(then: tuple[Path, str] | None, sandbox: Sandbox) -> None:
    if then:
        sandbox.begin(then, partial(_reply, *then, sandbox))


def _reply(path: Path, document_id: str, sandbox: Sandbox) -> tuple[GivenFile, deque[bytes] | None]:
    """A file, and what is said of it in the sandbox, in whose thread this is; None where it is small."""
    file = _given(path, document_id, limits=sandbox.limits)
    is_small = path.suffix.lower() in _TEXTS and len(file.data) <= _SMALL and not file.beside
    return (file, None) if is_small else (file._replace(data=b"", bibliography=b""), sandbox.reply(file))


def _given(path: Path, document_id: str, *, limits: Limits) -> GivenFile:
    """A source file with the file of references with the same name, whose keys its text may point to."""
    if path.suffix.lower() not in READERS:
        raise UnknownFormatError(path, suffixes=tuple(READERS))
    beside = None if path.suffix.lower() in RECORDS else _sidecar(path)
    data = _bytes(path, limits=limits)
    shown = Path(legible(path))
    if beside is None:
        return GivenFile(shown, document_id, data)
    if beside.stat().st_size > MOST_BYTES:
        raise BibliographyError(Path(legible(beside)), reason=f"it is larger than {MOST_BYTES // MEGABYTE} megabytes")
    return GivenFile(shown, document_id, data, legible(beside), _bytes(beside, limits=limits))


def parsed(file: GivenFile, *, note: Callable[[str], None]) -> Iterator[Document]:
    """The documents of a file of a known format, in this process; `note` is told what its reader has to say.

    Raises:
        SourceError: as `read_works` does.
    """

    def listed(text: str) -> tuple[Reference, ...]:
        if not file.beside:
            return ()
        beside = Path(file.beside)
        return parsed_sidecar(decode(file.bibliography, beside), path=beside, brackets=bracketed(text))

    source = SourceFile(
        data=file.data,
        path=file.path,
        document_id=file.document_id,
        listed=listed,
        note=lambda sentence: note(f"{file.path}: {sentence}"),
    )
    yield from READERS[file.path.suffix.lower()](source)


def _sidecar(path: Path) -> Path | None:
    """The file of references beside a source file, if there is one.

    Raises:
        BibliographyError: where it is a link that leads out of their folder.
    """
    found = next((each for ending in SIDECARS if (each := path.with_suffix(ending)).is_file()), None)
    if found and found.is_symlink() and not resolved(found).is_relative_to(resolved(path.parent)):
        raise BibliographyError(Path(legible(found)), reason="it is a link that leads out of its folder")
    return found


def _is_beside_a_document(path: Path) -> bool:
    """Whether a file is the bibliography of a document beside it."""
    stems = [path.name.removesuffix(ending) for ending in SIDECARS if path.name.endswith(ending)]
    return any(path.with_name(stem + ending).is_file() for stem in stems if stem for ending in READERS)


def read_text(path: Path) -> str:
    """The text of a file, whatever its encoding.

    Raises:
        SourceNotFoundError, UnreadableError, NotTextError.
    """
    return decode(_bytes(path), path)


def _bytes(path: Path, *, limits: Limits | None = None) -> bytes:
    """The bytes of a file, which without limits may be of any number."""
    if not stat.S_ISREG(_mode(path)):
        raise UnreadableError(path, reason="it is not a file")
    most = limits.file_size * MEGABYTE if limits else -2
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise _refused(path, error) from None
    if limits and len(data) > most:
        what = f"is larger than the {limits.file_size:,} megabytes that a file may have"
        raise SourceLimitError(Path(legible(path)), what=what, setting="max_file_size")
    return data


def read_synonyms(path: Path) -> list[Concept]:
    """The concepts that a file in Solr's form gives.

    Raises:
        SourceNotFoundError, UnreadableError, NotTextError.
        SynonymsError: for a line that is not of the form.
    """
    from qa.readers.synonyms import parsed_synonyms

    return parsed_synonyms(read_text(path), path=Path(legible(path)))


def legible(path: Path) -> str:
    """A path as text that can be kept and shown, even where a name is not in the system's encoding."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def document_id(path: Path) -> str:
    """An id that reads like the path: lower-case letters, digits and hyphens, at least one.

    >>> document_id(Path("Drugs/Second line (2021).md"))
    'drugs-second-line-2021'
    """
    text = unicodedata.normalize("NFKD", path.with_suffix("").as_posix()).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-") or "document"


def _mode(path: Path) -> int:
    """What kind of thing lies at a path, as the system's bits."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise SourceNotFoundError(path) from None
    except OSError as error:
        raise _refused(path, error) from None


def resolved(path: Path) -> Path:
    """The path without links, as far as they lead; one in a circle of links stays as it is."""
    return Path(os.path.realpath(path))


def _refused(path: Path, error: OSError) -> UnreadableError:
    return UnreadableError(path, reason=(error.strerror or "it cannot be opened").lower())


def _passed_over(folder: Path, others: Counter[str]) -> str:
    """How many files of which endings lie in a folder and are not read."""
    kinds = [
        f"{count:,} {legible(Path(ending)) if ending else 'without an ending'}"
        for ending, count in sorted(others.items())
    ]
    more = len(kinds) - _MOST_KINDS
    told = ", ".join([*kinds[:_MOST_KINDS], f"{more:,} other kinds"] if more > 0 else kinds)
    return f"{legible(folder)}: files of other formats are passed over: {told}."


def _files(
    folder: Path,
    *,
    root: Path,
    note: Callable[[str], None],
    on_unreadable: Callable[[UnreadableError], None] | None,
    others: Counter[str],
) -> Iterator[Path]:
    """The source files below a folder. Of what else lies there, but for READMEs, bibliographies and judged questions,
    the endings are counted in `others`."""
    waiting = [*reversed(_entries(folder))]
    while waiting:
        entry, is_folder = waiting.pop()
        is_source, is_readme = entry.suffix.lower() in READERS, entry.stem.upper() == "README"
        if not is_folder and (is_readme or not is_source):
            if is_readme and is_source:
                note(f"{legible(entry)} is passed over, as READMEs in a folder are. To have it read, name the file.")
            elif not is_readme and not _is_beside_a_document(entry):
                others[entry.suffix.lower()] += 1
            continue
        if entry.is_symlink() and not resolved(entry).is_relative_to(root):
            note(f"{legible(entry)} is left out: it is a link that leads out of the folder.")
        elif entry.is_symlink() and not entry.exists():
            note(f"{legible(entry)} is left out: it is a link to nothing.")
        elif is_folder:
            if not entry.is_symlink():
                try:
                    waiting += reversed(_entries(entry))
                except UnreadableError as error:
                    if on_unreadable is None:
                        raise
                    on_unreadable(error)
        elif _is_special(entry):
            note(f"{legible(entry)} is left out: it is no file, but a pipe, a socket or a device.")
        else:
            yield entry


def _entries(folder: Path) -> list[tuple[Path, bool]]:
    """What lies in a folder, in order of the names, each with whether it is a folder; but for what begins with a dot,
    and for questions about a corpus beside them, with their judgements.

    Raises:
        UnreadableError.
    """
    try:
        entries = [(entry, entry.is_dir()) for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")]
    except OSError as error:
        raise _refused(folder, error) from None
    is_judged = {"corpus.jsonl", "queries.jsonl"} <= {entry.name for entry, _ in entries}
    return [each for each in entries if not (is_judged and each[0].name in {"queries.jsonl", "qrels"})]


def _is_special(path: Path) -> bool:
    """Whether something is there that is no file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
