"""Zip archives as Word files and books are, and the XML in them: never unpacked to disk, and within bounds.

What an archive says of its sizes is not believed: the bytes are counted as they come. XML with entities of its own is
refused, and nothing that a document names is fetched.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from pathlib import Path

from lxml import etree

from qa.errors import DamagedSourceError, LockedSourceError
from qa.readers.formats.writing import SourceFile

__all__ = [
    "Archive",
    "NotXMLError",
    "OwnEntitiesError",
    "local_name",
    "named_entities_resolved",
    "office_archive",
    "xml_root",
]

MOST_BYTES = 256 * 1024 * 1024
"""The most bytes that are taken out of one archive, those of parts that are refused among them."""

_MOST_FILES = 20_000
_LONGEST_FILE = 64 * 1024 * 1024  # bytes
_PIECE = 1024 * 1024  # bytes
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,40});")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>")
_ENCRYPTED = 0x1  # a flag of zip files
_BEFORE_2007 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Microsoft's compound files, as locked ones are too
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # as Word files and books may be, and no others


class NotXMLError(Exception):
    """A part that is not well-formed XML."""


class OwnEntitiesError(Exception):
    """XML that defines entities, with which a few bytes become many."""


def office_archive(file: SourceFile, *, kind: str, program: str) -> Archive:
    """The archive that a file of a program of Microsoft Office is, such as "DOCX" of "Word".

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no archive, or a file of the program before 2007.
    """
    if file.data.startswith(_BEFORE_2007):
        if _LOCKED in file.data:
            raise LockedSourceError(file.path, reason="it opens only with a password")
        new = kind.lower()
        raise DamagedSourceError(
            file.path,
            kind=kind,
            reason=f"it is in the format of {program} before 2007 (.{new.removesuffix('x')})",
            hint=f"Open it in {program} and save it as .{new}.",
        )
    return Archive(file.data, file.path, kind=kind)


class Archive:
    """The files of an archive, by their names in it; a name is never a path on the disk."""

    def __init__(self, data: bytes, path: Path, *, kind: str) -> None:
        """`kind` is what the archive should be, for messages.

        Raises:
            DamagedSourceError: for what is no archive, or one of too many files.
        """
        self._path = path
        self._kind = kind
        self._left = MOST_BYTES
        self._refused: dict[str, str] = {}  # why, by the name of the part
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._names = {info.filename: info for info in self._zip.infolist()}
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
            raise self.damaged("it is not one, or it is broken") from None
        if len(self._names) > _MOST_FILES:
            raise self.damaged(f"it is an archive of more than {_MOST_FILES:,} files")

    def damaged(self, reason: str) -> DamagedSourceError:
        """The error for what is wrong with it."""
        return DamagedSourceError(self._path, kind=self._kind, reason=reason)

    def names(self) -> list[str]:
        """The names of its files, in their order."""
        return list(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        """The bytes of a file that is there.

        Raises:
            LockedSourceError: where it is encrypted.
            DamagedSourceError: where it is broken, or larger than what is read of an archive; and so again.
        """
        info = self._names[name]
        if info.flag_bits & _ENCRYPTED:
            raise LockedSourceError(self._path, reason="it opens only with a password")
        if name in self._refused:
            raise self.damaged(self._refused[name])
        if info.compress_type not in _PACKED:
            raise self._refuse(name, "is packed in a way that is not read")
        most = min(_LONGEST_FILE, self._left)
        pieces: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as file:
                while size <= most and (piece := file.read(_PIECE)):
                    size += len(piece)
                    pieces.append(piece)
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, EOFError):
            raise self._refuse(name, "is broken") from None
        finally:
            self._left -= size
        if size > most:
            raise self._refuse(name, "unpacks to more than is read of a file")
        return b"".join(pieces)

    def _refuse(self, name: str, reason: str) -> DamagedSourceError:
        """The error for a part that is refused, now and whenever it is read again."""
        self._refused[name] = f"its part {name[:80]!r} {reason}"
        return self.damaged(self._refused[name])

    def xml(self, name: str) -> etree._Element:
        """The root of a file of XML that is there.

        Raises:
            LockedSourceError, DamagedSourceError: as `read`; and for what is not well formed, has entities of its own,
                or is nested more than 256 deep.
        """
        return self.parsed(self.read(name), name)

    def parsed(self, data: bytes, name: str) -> etree._Element:
        """The root of XML that was read from the file of this name.

        Raises:
            DamagedSourceError: as `xml`.
        """
        try:
            return self.well_formed(data, name)
        except NotXMLError as error:
            raise self.damaged(str(error)) from None

    def well_formed(self, data: bytes, name: str) -> etree._Element:
        """The root of what was read from the file of this name and should be XML.

        Raises:
            NotXMLError: for what is not well formed, or is nested more than 256 deep.
            DamagedSourceError: for what has entities of its own.
        """
        try:
            return xml_root(data)
        except OwnEntitiesError as error:
            raise self.damaged(f"its part {name[:80]!r} {error}") from None
        except NotXMLError as error:
            raise NotXMLError(f"its part {name[:80]!r} {error}") from None


def xml_root(data: bytes) -> etree._Element:
    """The root of XML, without comments and processing instructions. Nothing that it names is fetched.

    Raises:
        NotXMLError: for what is not well formed, or is nested more than 256 deep.
        OwnEntitiesError: for what has entities of its own.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if isinstance(error, etree.XMLSyntaxError) and error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        raise NotXMLError(f"is no XML ({str(error)[:80]})") from None
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise OwnEntitiesError("has entities of its own, which are refused")
    return root


def named_entities_resolved(text: str) -> bytes:
    """A text of XML without its declaration and with the letters that HTML has names for, as `&nbsp;`, in their places:
    a DTD that names them is not read."""
    named = _NAMED.sub(lambda each: each[0] if each[1] in _OF_XML else html.unescape(each[0]), text)
    return _DECLARATION.sub("", named).encode("utf-8", "replace")


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for what is none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
