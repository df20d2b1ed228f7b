"""A bibliography that stands in the text itself: the section that it is, and its entries."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qa.model import Reference, Section, Span
from qa.readers.references.bibliography import RAISED_DIGITS, find_markers, plain_digits, told_apart

__all__ = ["LinkTarget", "begins_with_label", "entries", "is_bibliography", "reference", "split_bibliography"]

_LISTS = frozenset(
    {
        *("references", "reference list", "list of references", "references cited", "references and notes"),
        *("bibliography", "literature", "literature cited", "cited literature", "works cited"),
    }
)
_OF_SEVERAL_THINGS = frozenset({"literature"})  # a heading over a list or over what a text says of its field
_NOTES = frozenset({"notes", "endnotes", "footnotes"})

_NUMBERING = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){0,3}|[IVX]{1,5})[.)]?\s+")
_BULLET = r"[-*•‣·–+]"
_LABEL = re.compile(
    rf"(?:^[ \t]*(?:{_BULLET}[ \t]+)?|(?<=\s))\[(?P<bracket>\^?[^\[\]\s,;^]{{1,40}})\]:?[ \t]+(?=\S)"
    r"|^[ \t]*(?P<number>\d{1,4})[.)][ \t]+(?=\S)"
    rf"|^[ \t]*(?P<raised>[{RAISED_DIGITS}]{{1,4}})[ \t]*(?=[^\W\d_])"
    rf"|^[ \t]*(?P<bullet>{_BULLET})[ \t]+(?=\S)",
    re.MULTILINE,
)
_NESTED = 2  # columns by which what is inside of an entry stands further in
_WIDEST_GAP = 20  # by which the numbers of two entries differ at most; a line that begins with a year is none

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"“”<>]{1,200}")
_PMID = re.compile(
    r"(?:\bPMID\b[:\s]{0,3}|\bpubmed\.ncbi\.nlm\.nih\.gov/|\bncbi\.nlm\.nih\.gov/pubmed/)(\d{1,8})\b", re.IGNORECASE
)
_URL = re.compile(r"\bhttps?://[^\s\"“”<>]{1,1000}", re.IGNORECASE)
_ENCODED = re.compile(r"%([2-7][\dA-Fa-f])", re.ASCII)
_YEAR = re.compile(r"\b(?:18|19|20)\d\d[a-z]?\b")
_OF_A_DOI_OR_PMID = re.compile(
    r"https?://(?:(?:dx\.|www\.)?doi\.org|(?:pubmed|www)\.ncbi\.nlm\.nih\.gov)/", re.IGNORECASE
)


class LinkTarget(NamedTuple):
    """The address of a link that a reader does not see, and where in the text, at the latest, the link begins."""

    start: int
    address: str


def split_bibliography(
    text: str, sections: Sequence[Section], targets: Sequence[LinkTarget] = ()
) -> tuple[tuple[Reference, ...], list[Section]]:
    """The entries that the text's own lists give, and the sections without those that are nothing but such lists.

    A section of notes is a list only where a marker points to one of them. A label that is given twice, and not to the
    same, stands for neither: its reference has no text. So has that of every marker where the lists have no labels.
    Where nothing else would be left, the lists stay among the sections. `targets` are those of the text, in order.
    """
    lists = {number for number, section in enumerate(sections) if any(map(is_bibliography, section.path))}
    others = [section for number, section in enumerate(sections) if number not in lists]
    pointed_to = dict.fromkeys(marker.label for marker in find_markers(text, others, ()))
    found: list[Reference] = []
    kept: list[Section] = []
    is_unlabelled = False
    for number, section in enumerate(sections):
        references, is_all = _entries_of(text, section, targets) if number in lists else ([], False)
        if _are_notes(section) and pointed_to.keys().isdisjoint(each.marker for each in references):
            references, is_all = [], False
        found += references
        if not references and number in lists and _is_unlabelled(text, section):
            is_unlabelled = is_all = True
        if not is_all:
            kept.append(section)
    if is_unlabelled and not found:
        found = [Reference(marker=label) for label in pointed_to]
    return told_apart(found), kept or list(sections)


def is_bibliography(heading: str) -> bool:
    """Whether a heading is that of a list of references or notes."""
    return _name(heading) in _LISTS | _NOTES


def begins_with_label(text: str, start: int) -> bool:
    """Whether what begins there begins as the entry of a list does."""
    return _LABEL.match(text, start) is not None


def entries(text: str, span: Span, *, after: int = 0, targets: Sequence[LinkTarget] = ()) -> list[Reference]:
    """The entries that a part of the text consists of; none where it does not begin with one.

    Entries are told by what the first begins with: `[98]`, `98.`, `98)`, `⁹⁸`, `[^98]:`, or a bullet, which counts from
    `after`. An entry ends where a line begins with a later label of the same kind, or with its own again, which then is
    that of neither; a number in brackets, the next one, may stand inside a line too.
    """
    labels = list(_labels(text, span, after))
    if not labels:
        return []
    ends = [begin for _, begin, _ in labels[1:]] + [span.end]
    found = []
    for (label, begin, start), end in zip(labels, ends, strict=True):
        written = " ".join(text[start:end].split())
        first, behind = (bisect_left(targets, place, key=lambda target: target.start) for place in (begin, end))
        if any(map(str.isalnum, written)):
            found.append(reference(label, written, [target.address for target in targets[first:behind]]))
    return list(told_apart(found))


def reference(label: str, text: str, addresses: Sequence[str] = ()) -> Reference:
    """An entry with the DOI, PMID and address that stand in its text, else among the addresses to which it links.

    >>> reference("2", "Weber DM. N Engl J Med. 2007. doi:10.1056/NEJMoa070596. PMID: 18032763").doi
    '10.1056/NEJMoa070596'
    """
    linked = (_decoded(address) if _OF_A_DOI_OR_PMID.match(address) else address for address in addresses)
    given = " ".join((text, *linked))
    doi, pmid = _DOI.search(given), _PMID.search(given)
    urls = (_closed(each[0]) for each in _URL.finditer(given) if not _OF_A_DOI_OR_PMID.match(each[0]))
    return Reference(
        marker=label,
        text=text,
        doi=_closed(doi[0]) if doi else None,
        pmid=pmid[1] if pmid else None,
        url=next(urls, None),
    )


def _entries_of(text: str, section: Section, targets: Sequence[LinkTarget]) -> tuple[list[Reference], bool]:
    """The entries of a section, and whether it has nothing else."""
    found: list[Reference] = []
    is_all = True
    for block in section.blocks:
        span = Span(block.start, block.end)
        in_block = entries(text, span, after=len(found), targets=targets) if block.kind != "code" else []
        found += in_block
        is_all = is_all and bool(in_block)
    return found, is_all


def _is_unlabelled(text: str, section: Section) -> bool:
    """Whether a section is a list of works without labels: most of its paragraphs have a year, a DOI or an address."""
    headings = {_name(heading) for heading in section.path}
    if headings.isdisjoint(_LISTS - _OF_SEVERAL_THINGS):
        return False
    works = [
        block.kind != "code" and any(form.search(text, block.start, block.end) for form in (_YEAR, _DOI, _PMID, _URL))
        for block in section.blocks
    ]
    return sum(works) * 2 > len(works)


def _labels(text: str, span: Span, after: int) -> Iterator[tuple[str, int, int]]:
    """The label of each entry, where it begins, and where the entry's own text does.

    Labels are of the kind of the first, but for the next number at the beginning of a line. A number may come twice in
    a row; what stands further in than the first label is part of the entry above it.
    """
    kind: str | None = None
    last: int | None = None
    margin = 0
    count = after
    for found in _LABEL.finditer(text, *span):
        if kind is None and found.start() != span.start:
            return
        its_kind = found.lastgroup or ""
        if kind is None:
            kind, margin = its_kind, _indent(found[0])
        opens_line = found.start() == span.start or text[found.start() - 1] == "\n"
        is_nested = opens_line and _indent(found[0]) >= margin + _NESTED
        goes_on = (
            opens_line and kind != "bullet" and last is not None and plain_digits(found[its_kind]) == str(last + 1)
        )
        if (its_kind != kind and not goes_on) or (is_nested and kind == "bullet"):
            continue
        label = str(count + 1) if kind == "bullet" else plain_digits(found[its_kind].removeprefix("^"))
        number = int(label) if label.isdecimal() else None
        if number is not None and last is not None:
            is_again = opens_line and number == last and not is_nested
            follows = is_again or last < number <= last + (_WIDEST_GAP if opens_line else 1)
        else:
            follows = opens_line
        if follows:
            count += 1
            last = number or last
            yield str(number) if number is not None else label, found.start(), found.end()


def _indent(written: str) -> int:
    return len(written) - len(written.lstrip())


def _are_notes(section: Section) -> bool:
    return not any(_name(heading) in _LISTS for heading in section.path)


def _name(heading: str) -> str:
    """A heading without its numbering, in small letters."""
    numbering = _NUMBERING.match(heading)
    return " ".join(heading[numbering.end() if numbering else 0 :].rstrip(" :.").split()).lower()


def _decoded(address: str) -> str:
    """An address with the characters of ASCII that stand percent-encoded in it, as a DOI has them."""
    return _ENCODED.sub(lambda found: chr(int(found[1], 16)), address)


def _closed(address: str) -> str:
    """An address without the stops behind it, or a bracket that was opened before it."""
    while address and (address[-1] in ".,;:'’*_" or (address[-1] in ")]}" and not _is_closed(address))):
        address = address[:-1]
    return address


def _is_closed(address: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}[address[-1]]
    return address.count(opening) >= address.count(address[-1])
