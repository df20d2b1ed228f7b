"""EPUB to a Document: the chapters of a book in the order of its spine, each read as a page of HTML.

What the book's table of contents names is headed by that name, where the text has no heading there: whole chapters,
and places inside of one. The table of contents itself, styles, pictures and scripts are left out. Notes belong to their
chapter: a label that two chapters give to different notes stands for neither.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from qa.errors import DamagedSourceError, LockedSourceError, NotTextError
from qa.model import Document, Reference
from qa.readers.formats.about import written
from qa.readers.formats.archives import Archive, NotXMLError, local_name, named_entities_resolved
from qa.readers.formats.dates import parse_date
from qa.readers.formats.decoding import decode
from qa.readers.formats.defaults import people, said_title
from qa.readers.formats.html import EPUB_TYPE, OF_LINES, HtmlWriter, parsed_html
from qa.readers.formats.writing import About, SourceFile
from qa.readers.references.entries import reference

__all__ = ["read_epub"]

_MOST_CHAPTERS = 5000
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_OF_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document"})
_DRAWING = "image/svg+xml"
_QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TEXT = re.compile(r"\S")
_DEEPEST_ENTRY = 6
_MOST_FALLBACKS = 10  # one behind the other
_LONGEST_NOTE = 5000  # characters
_LABEL_BEFORE = re.compile(r"\[?[^\W_]{1,5}\]?[.):]?\s*")
_MOST_PLACES = 1000  # of a chapter that the table of contents names


def read_epub(file: SourceFile) -> list[Document]:
    """The document that a book is. Chapters that are missing or cannot be read are noted, and the others are read.

    Raises:
        LockedSourceError: where its text is encrypted, as that of a book bought with copy protection.
        DamagedSourceError: for what is no book, or one without a chapter that can be read.
    """
    archive = Archive(file.data, file.path, kind="EPUB")
    _refuse_locked(archive, file)
    package_name = _package(archive)
    package = archive.xml(package_name)
    about = _about(package)
    folder = posixpath.dirname(package_name)
    items = {item.get("id") or "": item for item in package.iter("{*}item")}
    entries = _entries(archive, package, items, folder)
    book = HtmlWriter(etree.Element("body"), given_title=about.title or "")
    references: list[Reference] = []
    noted: dict[tuple[str, str], str] = {}  # the labels of notes in other files than their markers, by file and id
    found = False
    for itemref in [*package.iter("{*}itemref")][:_MOST_CHAPTERS]:
        item = items.get(itemref.get("idref") or "")
        item = _page(item, items)
        if item is None:
            continue
        name = _inside(folder, item.get("href") or "")
        is_drawing = (item.get("media-type") or "").lower() == _DRAWING
        if (item.get("media-type") or "").lower() not in _PAGES and not (is_drawing and name in archive):
            file.leave_out(1, "picture in place of a page", is_told=is_drawing)  # which may hold text
            continue
        if name not in archive:
            file.note(f"the chapter {name[:80]!r} is left out: it is missing.")
            continue
        try:
            root = _chapter(archive, name, file)
        except (DamagedSourceError, NotTextError) as error:
            file.note(f"the chapter {name[:80]!r} is left out: {error.message}")
            continue
        if is_drawing and (root := _written_in(root)) is None:
            file.leave_out(1, "picture in place of a page", is_told=False)
            continue
        found = True
        content = _as_html(root)
        if "nav" in (item.get("properties") or "").split() and not _says_more(content):
            continue
        named = entries.get(name, [])
        places = _places(content) if named else {}
        of_all = [each.title for each in named if not _head(content, each, places)]
        if of_all and not _begins_with_heading(content):
            book.write_heading(1, of_all[0])
        book.write_chapter(content)
        references += book.references()
        around = posixpath.dirname(name)
        noted |= {(_inside(around, address), place): label for (address, place), label in book.elsewhere.items()}
        book.elsewhere.clear()
    references += _notes_elsewhere(archive, noted, file)
    if not found:
        raise archive.damaged("it has no chapter that can be read")
    book.tell_what_is_left_out(file)
    return [book.document(file, about, references=_unambiguous(references))]


def _written_in(drawing: etree._Element) -> etree._Element | None:
    """A page with what is written in a drawing (SVG), a paragraph for each of its texts; None where there is none."""
    page = etree.Element("body")
    for text in drawing.iter("{*}text"):
        if said := written(" ".join("".join(text.itertext()).split())):
            etree.SubElement(page, "p").text = said
    return page if len(page) else None


def _says_more(content: etree._Element) -> bool:
    """Whether the page of the table of contents has text beside that and its headings."""
    waiting = [content]
    while waiting:
        each = waiting.pop()
        if any(_TEXT.search(text or "") for text in (each.text, *(child.tail for child in each))):
            return True
        waiting += [child for child in each if child.tag not in {"nav", "script", "style", *_HEADINGS}]
    return False


def _refuse_locked(archive: Archive, file: SourceFile) -> None:
    if "META-INF/rights.xml" in archive or _ENCRYPTION in archive:
        methods = archive.xml(_ENCRYPTION).iter("{*}EncryptionMethod") if _ENCRYPTION in archive else ()
        if any(method.get("Algorithm") not in _OF_FONTS for method in methods):
            raise LockedSourceError(file.path, reason="it is protected against copying (DRM)")


def _package(archive: Archive) -> str:
    """The name of the file that lists the parts of the book."""
    if _CONTAINER not in archive:
        raise archive.damaged("it does not say what it holds (META-INF/container.xml)")
    for rootfile in archive.xml(_CONTAINER).iter("{*}rootfile"):
        name = _inside("", rootfile.get("full-path") or "")
        if name in archive:
            return name
    raise archive.damaged("the list of its parts is missing")


def _inside(folder: str, href: str) -> str:
    """The name in the archive of what a link leads to; one that leads out of it names nothing that is there."""
    return posixpath.normpath(posixpath.join(folder, _unquoted(href.partition("#")[0]))).lstrip("/")


def _unquoted(href: str) -> str:
    """A link without percent signs: `two%20.xhtml` is `two .xhtml`."""
    return _QUOTED.sub(lambda found: bytes.fromhex(found[1].decode()), href.encode()).decode("utf-8", "replace")


def _about(package: etree._Element) -> About:
    """What the book says of itself, by the terms of Dublin Core; of its dates the latest change, else the first."""
    said: dict[str, list[str]] = {}
    for each in package.iter(etree.Element):
        name = local_name(each)
        if name == "meta" and each.get("property") == "dcterms:modified":
            name = "modified"
        if (text := written(each.text)) and len(said.setdefault(name, [])) < 200:
            said[name].append(text)
    days = [day for name in ("date", "modified") for text in said.get(name, ()) if (day := parse_date(text))]
    return About(
        title=next(filter(None, map(said_title, said.get("title", ()))), None),
        authors=people(dict.fromkeys(said.get("creator", ()))),
        publisher=next(iter(said.get("publisher", ())), None),
        updated=days[0] if days else None,
        url=next((text for text in said.get("source", ()) if re.fullmatch(r"https?://\S+", text)), None),
        keywords=tuple(dict.fromkeys(said.get("subject", ()))),
    )


class _Entry(NamedTuple):
    """An entry of the table of contents: what it is called, how deep it lies (from 1), and the id in its file that it
    leads to, or nothing."""

    title: str
    level: int
    place: str


def _entries(
    archive: Archive, package: etree._Element, items: dict[str, etree._Element], folder: str
) -> dict[str, list[_Entry]]:
    """What the table of contents calls the files of the book and places in them, by the names of the files; none where
    it is missing or broken."""
    contents = [item for item in items.values() if "nav" in (item.get("properties") or "").split()]
    spine = next(package.iter("{*}spine"), None)
    if spine is not None and (ncx := items.get(spine.get("toc") or "")) is not None:
        contents.append(ncx)
    found: dict[str, list[_Entry]] = {}
    for item in contents:
        name = _inside(folder, item.get("href") or "")
        if name not in archive or found:
            continue
        try:
            root = archive.xml(name)
        except DamagedSourceError:
            continue  # the chapters are read without it
        navs = [each for each in root.iter("{*}nav") if "toc" in (each.get(EPUB_TYPE) or "").split()]
        for entry in (navs or [root])[0].iter("{*}a", "{*}navPoint"):
            content = next(entry.iter("{*}content"), None)
            href = entry.get("href") or (content.get("src") if content is not None else None) or ""
            label = next(entry.iter("{*}text"), entry)
            around = sum(1 for each in entry.iterancestors() if local_name(each) in {"ol", "navPoint"})
            if title := written(" ".join("".join(label.itertext()).split())):
                level = min(max(around + (local_name(entry) == "navPoint"), 1), _DEEPEST_ENTRY)
                entries = found.setdefault(_inside(posixpath.dirname(name), href), [])
                if len(entries) < _MOST_PLACES:
                    entries.append(_Entry(title, level, _unquoted(href.partition("#")[2])))
    return found


def _page(item: etree._Element | None, items: Mapping[str, etree._Element]) -> etree._Element | None:
    """A part of the book, or where it is no page the one that stands in its place, if there is one."""
    page = item
    for _ in range(_MOST_FALLBACKS):
        if page is None or (page.get("media-type") or "").lower() in _PAGES:
            return item if page is None else page
        page = items.get(page.get("fallback") or "")
    return item


def _places(content: etree._Element) -> dict[str, etree._Element]:
    """The elements of a chapter that may be led to, by their ids or names; of several with one the first."""
    found: dict[str, etree._Element] = {}
    for each in content.iterdescendants(etree.Element):
        for name in (each.get("id"), each.get("name")):
            if name:
                found.setdefault(name, each)
    return found


def _notes_elsewhere(archive: Archive, noted: Mapping[tuple[str, str], str], file: SourceFile) -> Iterator[Reference]:
    """The notes in other files than their markers, by their labels."""
    by_file: dict[str, list[tuple[str, str]]] = {}
    for (name, place), label in noted.items():
        by_file.setdefault(name, []).append((place, label))
    for name, wanted in by_file.items():
        if name not in archive:
            continue
        try:
            places = _places(_as_html(_chapter(archive, name, file)))
        except (DamagedSourceError, NotTextError):
            continue  # that was noted
        texts: dict[etree._Element, str] = {}
        for place, label in wanted:
            note = places.get(place)
            while note is not None and note.tag in OF_LINES:
                note = note.getparent()
            if note is None or note.tag == "body":
                continue
            if note not in texts:
                texts[note] = " ".join("".join(note.itertext()).split())
            text = texts[note]
            text = _LABEL_BEFORE.sub("", text, count=1) if text.startswith((label, f"[{label}")) else text
            if 0 < len(text) <= _LONGEST_NOTE:
                yield reference(label, text)


def _head(content: etree._Element, entry: _Entry, places: Mapping[str, etree._Element]) -> bool:
    """Put a heading in a chapter where an entry leads to, if it leads into the chapter; a heading that stands there
    stays, and a paragraph that is nothing but the entry's title becomes one. Whether there is one then."""
    place = places.get(entry.place) if entry.place else None
    if place is None:
        return False
    while place.tag in OF_LINES and place.getparent() is not None and place.getparent() is not content:
        place = place.getparent()
    first = _first_text(place, content)
    if first is None or first.tag in _HEADINGS or any(each.tag in _HEADINGS for each in first.iterancestors()):
        return True
    while first.tag in OF_LINES and first.getparent() is not content:
        first = first.getparent()
    if written("".join(first.itertext())).casefold() == entry.title.casefold() and first.tag in {"p", "div"}:
        first.tag = f"h{entry.level}"
        return True
    heading = etree.Element(f"h{entry.level}")
    heading.text = entry.title
    place.addprevious(heading)
    return True


def _first_text(place: etree._Element, content: etree._Element) -> etree._Element | None:
    """The first element with text of its own at or behind a place of a chapter."""
    at: etree._Element | None = place
    while at is not None and at is not content:
        for each in at.iter(etree.Element):
            if each.tag not in {"script", "style"} and _TEXT.search(each.text or ""):
                return each
            if each is not at and _TEXT.search(each.tail or ""):
                parent: etree._Element | None = each.getparent()
                return parent
        if _TEXT.search(at.tail or ""):
            above: etree._Element | None = at.getparent()
            return above
        following = at.getnext()
        while following is None and at is not None and at is not content:
            at = at.getparent()
            following = at.getnext() if at is not None and at is not content else None
        at = following
    return None


def _chapter(archive: Archive, name: str, file: SourceFile) -> etree._Element:
    """The tree of a chapter: as XML, which it should be, else as a browser would read it."""
    text = decode(archive.read(name), Path(name))
    try:
        return archive.well_formed(named_entities_resolved(text), name)
    except NotXMLError:
        return parsed_html(text, file.path)


def _as_html(root: etree._Element) -> etree._Element:
    """The body of a chapter, with its elements named as HTML names them."""
    for each in root.iter(etree.Element):
        each.tag = local_name(each).lower()
    for choice in root.iter("switch"):  # between what a program may know, as MathML, and what it shows else
        is_known = choice.find("case//math") is not None
        for each in choice.findall("default" if is_known else "case"):
            choice.remove(each)
    return next(root.iter("body"), root)


def _begins_with_heading(content: etree._Element) -> bool:
    """Whether the first text of a chapter is in a heading."""
    for each in content.iter(etree.Element):
        if each.tag in _HEADINGS:
            return True
        if each.tag not in {"script", "style"} and _TEXT.search(each.text or ""):
            return any(above.tag in _HEADINGS for above in each.iterancestors())
    return False


def _unambiguous(references: list[Reference]) -> list[Reference]:
    """The notes whose label no other note has."""
    labels = Counter(reference.marker for reference in set(references))
    return [each for each in references if labels[each.marker] == 1]
