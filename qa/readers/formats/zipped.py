"""A zip of files to their documents: each file that is read is read by its own reader, and cited by its own name.

Nothing is unpacked to the disk. A zip in a zip is left out, and so is what a reader refuses; both are noted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from qa.errors import SourceError
from qa.model import Document
from qa.readers.formats.archives import Archive
from qa.readers.formats.naming import document_id
from qa.readers.formats.writing import SourceFile

__all__ = ["read_zip"]

_ENDING = ".zip"
_UNSEEN = ("__MACOSX/",)


def read_zip(file: SourceFile, readers: Mapping[str, Callable[[SourceFile], Iterable[Document]]]) -> Iterator[Document]:
    """The documents of the files in a zip, in order of their names, each under an id that begins with that of the zip.
    `readers` are those of the files, by their endings.

    Raises:
        LockedSourceError: where all of it opens only with a password.
        DamagedSourceError: for what is no zip, or one of too many files; and where no file of it can be read.
    """
    archive = Archive(file.data, file.path, kind="ZIP")
    others: Counter[str] = Counter()
    taken: set[str] = set()
    first: SourceError | None = None
    for name in sorted(archive.names()):
        path = PurePosixPath(name.replace("\\", "/"))
        if (
            name.endswith("/")
            or name.startswith(_UNSEEN)
            or any(part[0] == "." and part != ".." for part in path.parts)
        ):
            continue
        ending = path.suffix.lower()
        if ending == _ENDING or ending not in readers:
            others[ending or "without an ending"] += 1
            continue
        inside = replace(
            file,
            data=b"",
            path=Path(f"{file.path}/{path}"),
            document_id=f"{file.document_id}-{document_id(Path(*path.parts))}",
            listed=lambda _: (),
            note=_noting(file, str(path)),
            counted=Counter(),
        )
        try:
            for document in readers[ending](replace(inside, data=archive.read(name))):
                its_id = _free(document.id, taken)
                taken.add(its_id)
                yield document if its_id == document.id else replace(document, id=its_id)
        except SourceError as error:
            first = first or error
            file.note(f"its file {str(path)[:200]!r} is left out: {error.message}")
    if first is not None and not taken:
        raise first
    if others:
        told = ", ".join(f"{count:,} {ending}" for ending, count in sorted(others.items())[:8])
        file.note(f"files in it of other formats are passed over: {told}.")


def _noting(file: SourceFile, name: str) -> Callable[[str], None]:
    """What takes the notes about a file in a zip."""
    return lambda sentence: file.note(f"in {name[:200]!r}, {sentence}")


def _free(wanted: str, taken: set[str]) -> str:
    """An id that none of the others has: the one that is wanted, else that with a number."""
    its_id, number = wanted, 1
    while its_id in taken:
        number += 1
        its_id = f"{wanted}-{number}"
    return its_id
